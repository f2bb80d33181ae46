-- What customers are told: where they are reached, every notice, every sending, and how far decisions were looked at.

CREATE TABLE contact_terms (
    account text PRIMARY KEY CHECK (account <> ''),
    language text NOT NULL CHECK (language IN ('en', 'zh')),
    timezone text NOT NULL CHECK (timezone <> ''),
    quiet_begins time,
    quiet_ends time,
    updated_at timestamptz NOT NULL,
    CONSTRAINT contact_terms_quiet_whole CHECK ((quiet_begins IS NULL) = (quiet_ends IS NULL))
);
COMMENT ON TABLE contact_terms IS 'How the holder of an account wants to be told.';
COMMENT ON COLUMN contact_terms.account IS 'The institution''s id of the account.';
COMMENT ON COLUMN contact_terms.language IS 'In which language.';
COMMENT ON COLUMN contact_terms.timezone IS 'IANA name of the zone whose clock the times are told by.';
COMMENT ON COLUMN contact_terms.quiet_begins IS 'Service notices wait from this time of the day on.';
COMMENT ON COLUMN contact_terms.quiet_ends IS 'Until this time.';
COMMENT ON COLUMN contact_terms.updated_at IS 'When this was last said.';

CREATE TABLE contact_point (
    account text NOT NULL REFERENCES contact_terms (account) ON DELETE CASCADE,
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    key bytea NOT NULL CHECK (octet_length(key) = 16),
    place smallint NOT NULL CHECK (place >= 0),
    sealed bytea NOT NULL,
    verified_at timestamptz,
    former_until timestamptz,
    PRIMARY KEY (account, channel, key)
);
CREATE INDEX contact_point_key ON contact_point (channel, key);
COMMENT ON TABLE contact_point IS 'The addresses of an account''s holder, sealed.';
COMMENT ON COLUMN contact_point.account IS 'Whose.';
COMMENT ON COLUMN contact_point.channel IS 'email or sms.';
COMMENT ON COLUMN contact_point.key IS 'Keyed digest of the address: an answer from it is recognised by this.';
COMMENT ON COLUMN contact_point.place IS 'Order of preference.';
COMMENT ON COLUMN contact_point.sealed IS 'The address, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN contact_point.verified_at IS 'Since when it is known to be theirs; NULL is not used.';
COMMENT ON COLUMN contact_point.former_until IS 'It was replaced, and hears security notices until then.';

CREATE TABLE notice (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY CHECK (id <> ''),
    kind text NOT NULL CHECK (kind <> ''),
    account text,
    person text,
    urgency text NOT NULL CHECK (urgency IN ('security', 'service')),
    details jsonb NOT NULL,
    at timestamptz NOT NULL,
    trace_id text
);
CREATE INDEX notice_account ON notice (account, seq) WHERE account IS NOT NULL;
COMMENT ON TABLE notice IS 'Everything customers were told; the feed in the product shows it.';
COMMENT ON COLUMN notice.seq IS 'Order in the feed; of one account, also the order of coming.';
COMMENT ON COLUMN notice.id IS 'That of the effect it came from: told once.';
COMMENT ON COLUMN notice.kind IS 'What is told, a word of the pack of notices.';
COMMENT ON COLUMN notice.account IS 'Whose account it is about.';
COMMENT ON COLUMN notice.person IS 'Or which person, who need not have an account.';
COMMENT ON COLUMN notice.urgency IS 'security waits for nothing, service for the morning.';
COMMENT ON COLUMN notice.details IS 'What fills the words in.';
COMMENT ON COLUMN notice.at IS 'When what it tells happened.';
COMMENT ON COLUMN notice.trace_id IS 'W3C trace id of what caused it, where there was one.';
CREATE TRIGGER notice_is_announced AFTER INSERT ON notice
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

CREATE TABLE notice_sending (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY CHECK (id <> ''),
    notice text NOT NULL REFERENCES notice (id),
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'webhook')),
    point bytea,
    state text NOT NULL CHECK (state IN (
        'planned', 'started', 'accepted', 'confirmed', 'refused', 'gave_up', 'uncertain', 'unconfirmed'
    )),
    planned_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    confirmed_at timestamptz,
    answer jsonb,
    CONSTRAINT notice_sending_is_sound CHECK (
        (state IN ('planned', 'started')) = (ended_at IS NULL) AND (state = 'confirmed') = (confirmed_at IS NOT NULL)
        AND (point IS NULL) = (channel = 'webhook')
    )
);
CREATE INDEX notice_sending_notice ON notice_sending (notice, seq);
COMMENT ON TABLE notice_sending IS 'Each notice on its way through each channel, and what came of it.';
COMMENT ON COLUMN notice_sending.seq IS 'What a receipt names it by.';
COMMENT ON COLUMN notice_sending.id IS 'The idempotency key that the provider sees.';
COMMENT ON COLUMN notice_sending.notice IS 'What is told.';
COMMENT ON COLUMN notice_sending.channel IS 'How.';
COMMENT ON COLUMN notice_sending.point IS 'To which address: its keyed digest; none for the webhook.';
COMMENT ON COLUMN notice_sending.state IS 'Where it stands.';
COMMENT ON COLUMN notice_sending.planned_at IS 'When it was decided on.';
COMMENT ON COLUMN notice_sending.started_at IS 'When it was handed to the provider, written before it was.';
COMMENT ON COLUMN notice_sending.ended_at IS 'When it was known what came of that.';
COMMENT ON COLUMN notice_sending.confirmed_at IS 'When a receipt said that it arrived.';
COMMENT ON COLUMN notice_sending.answer IS 'What the provider said.';

CREATE TABLE notice_position (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL CHECK (seq >= 0)
);
COMMENT ON TABLE notice_position IS 'Up to which operation decisions were looked at for what is to be told.';
COMMENT ON COLUMN notice_position.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN notice_position.seq IS 'Number of that operation.';
-- What was decided before there were notices is told to nobody.
INSERT INTO notice_position (seq) SELECT coalesce(max(seq), 0) FROM operation;


GRANT SELECT, INSERT, UPDATE, DELETE ON contact_terms, contact_point TO countermand_app;
GRANT SELECT, INSERT ON notice TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON notice_sending TO countermand_app;
GRANT SELECT, UPDATE ON notice_position TO countermand_app;
GRANT SELECT ON contact_terms, contact_point, notice, notice_sending, notice_position TO countermand_reader;
