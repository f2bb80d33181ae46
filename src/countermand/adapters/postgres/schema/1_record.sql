-- The whole schema as it stands after all migrations; a test holds the two equal. Roles exist already.

CREATE TABLE migration (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL CHECK (name <> ''),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migration IS 'The migrations this database has had.';
COMMENT ON COLUMN migration.number IS 'Number of the migration.';
COMMENT ON COLUMN migration.name IS 'Its name.';
COMMENT ON COLUMN migration.sha256 IS 'SHA-256 of its up.sql as it was applied.';
COMMENT ON COLUMN migration.applied_at IS 'When it was applied.';


-- Two tables are the record of what happened; nobody rewrites them, their owner included.
CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'rows of table "%" are a record: % is refused, for every role', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Append a new fact that corrects the earlier one.';
END
$$;
COMMENT ON FUNCTION refuse_rewriting() IS 'Refuses UPDATE, DELETE and TRUNCATE on the tables that are a record.';

-- Servers keep lists, keys, the live policy and profiles in memory; this tells them which to read again.
CREATE FUNCTION announce_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('countermand', json_build_object('table', TG_TABLE_NAME)::text);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION announce_change() IS 'Notifies channel "countermand" with the name of the changed table and nothing else.';


CREATE TABLE policy_version (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    version text NOT NULL CHECK (version <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    source jsonb NOT NULL CHECK (jsonb_typeof(source) = 'object'),
    recorded_at timestamptz NOT NULL,
    UNIQUE (name, version)
);
COMMENT ON TABLE policy_version IS 'Every policy that was ever drafted or live, whole, so that any past decision replays.';
COMMENT ON COLUMN policy_version.id IS 'Short number used by the rows of operation.';
COMMENT ON COLUMN policy_version.name IS 'Name of the policy folder.';
COMMENT ON COLUMN policy_version.version IS 'Version given by its authors; one name and version is recorded once.';
COMMENT ON COLUMN policy_version.digest IS 'SHA-256 over the canonical form of the source.';
COMMENT ON COLUMN policy_version.source IS 'The files: relative file name -> text.';
COMMENT ON COLUMN policy_version.recorded_at IS 'When it was recorded.';

CREATE TRIGGER policy_version_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE policy_version ENABLE ALWAYS TRIGGER policy_version_is_a_record;


CREATE TABLE policy_live (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    policy_id integer NOT NULL REFERENCES policy_version (id)
);
COMMENT ON TABLE policy_live IS 'The policy that decides now: at most one row.';
COMMENT ON COLUMN policy_live.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN policy_live.policy_id IS 'The live policy version.';

CREATE TRIGGER policy_live_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_live
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE operation (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    account text NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    body_digest bytea NOT NULL,
    body bytea NOT NULL,
    decision_id text NOT NULL,
    outcome smallint NOT NULL,
    policy_id integer NOT NULL REFERENCES policy_version (id),
    facts bytea NOT NULL,
    observation bytea NOT NULL,
    standing bytea NOT NULL,
    answer bytea NOT NULL,
    trace_id text,
    CONSTRAINT operation_pkey PRIMARY KEY (id),
    CONSTRAINT operation_is_sound CHECK (
        octet_length(body_digest) = 32 AND outcome BETWEEN 0 AND 4
        AND id <> '' AND account <> '' AND kind <> '' AND decision_id <> ''
    )
);
CREATE UNIQUE INDEX operation_seq ON operation (seq);
CREATE UNIQUE INDEX operation_decision_id ON operation (decision_id);
CREATE INDEX operation_account_occurred_at ON operation (account, occurred_at DESC);
COMMENT ON TABLE operation IS 'Every operation with its decision and all that the decision was made from; append only.';
COMMENT ON COLUMN operation.seq IS 'Order of writing; may have gaps, and concurrent writers may commit out of order.';
COMMENT ON COLUMN operation.id IS 'The institution''s id of the operation, also its idempotency key.';
COMMENT ON COLUMN operation.account IS 'The institution''s id of the account.';
COMMENT ON COLUMN operation.kind IS 'Kind of operation, a word of vocabulary/operations.';
COMMENT ON COLUMN operation.occurred_at IS 'When it happened, as the institution says.';
COMMENT ON COLUMN operation.received_at IS 'When it reached us, by our clock.';
COMMENT ON COLUMN operation.body_digest IS 'SHA-256 of the canonical form of the request body: tells a retry from a reused id.';
COMMENT ON COLUMN operation.body IS 'The canonical form of the request body, JSON in UTF-8.';
COMMENT ON COLUMN operation.decision_id IS 'Id of the decision; time-ordered, so that its index grows at one end.';
COMMENT ON COLUMN operation.outcome IS '0 allow, 1 challenge, 2 hold, 3 approve, 4 deny.';
COMMENT ON COLUMN operation.policy_id IS 'The policy version that decided.';
COMMENT ON COLUMN operation.facts IS 'The facts the rules saw, MessagePack.';
COMMENT ON COLUMN operation.observation IS 'What this operation adds to the windows of later ones, MessagePack.';
COMMENT ON COLUMN operation.standing IS 'The standing orders and limits it met, MessagePack.';
COMMENT ON COLUMN operation.answer IS 'The answer''s bytes, sent again on a retry.';
COMMENT ON COLUMN operation.trace_id IS 'W3C trace id of the request, where it had one.';

CREATE TRIGGER operation_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON operation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE operation ENABLE ALWAYS TRIGGER operation_is_a_record;


CREATE TABLE account (
    id text PRIMARY KEY CHECK (id <> ''),
    handle uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    type text,
    timezone text,
    opened_at timestamptz,
    home_ips text[],
    home_places text[],
    devices text[],
    traits text[],
    kyc_level smallint,
    guard bigint NOT NULL DEFAULT 1 CHECK (guard > 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    given_back jsonb NOT NULL DEFAULT '[]',
    profiled boolean NOT NULL DEFAULT true
) WITH (fillfactor = 85);
COMMENT ON TABLE account IS 'What the institution says about an account. NULL is unknown; an empty array is known to be none.';
COMMENT ON COLUMN account.id IS 'The institution''s id of the account.';
COMMENT ON COLUMN account.handle IS 'Random handle that stands for the account in the journal.';
COMMENT ON COLUMN account.type IS 'Account type, the key of the limits in a policy.';
COMMENT ON COLUMN account.timezone IS 'IANA name of the zone in which the account''s day begins.';
COMMENT ON COLUMN account.opened_at IS 'When the account was opened.';
COMMENT ON COLUMN account.home_ips IS 'Usual addresses, each in its canonical form.';
COMMENT ON COLUMN account.home_places IS 'Usual places.';
COMMENT ON COLUMN account.devices IS 'Ids of the bound devices.';
COMMENT ON COLUMN account.traits IS 'Traits that call for care, such as student or elderly.';
COMMENT ON COLUMN account.kyc_level IS 'How well the institution knows the customer; higher is better.';
COMMENT ON COLUMN account.guard IS 'Grows with every change of profile or standing order; a server reads the account again when its copy has another.';
COMMENT ON COLUMN account.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN account.given_back IS 'Held amounts that took no effect after all, newest last: operation, kind, minor units, currency, microseconds UTC.';
COMMENT ON COLUMN account.profiled IS 'False where the institution has said nothing about the account and an ended hold alone made it known.';

CREATE TRIGGER account_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE standing_order (
    id text PRIMARY KEY CHECK (id <> ''),
    account text CHECK (account <> ''),
    kind text NOT NULL CHECK (kind IN (
        'freeze', 'stop_outgoing', 'stop_kinds', 'stop_channels', 'stop_devices', 'stop_sessions', 'stop_payees',
        'stop_mandates', 'stop_instruments', 'lower_limit', 'heightened_review', 'stop_debt', 'stop_collection'
    )),
    reason text NOT NULL CHECK (reason <> ''),
    placed_at timestamptz NOT NULL,
    placed_by text NOT NULL CHECK (placed_by <> ''),
    lifted_at timestamptz,
    lifted_by text,
    person text CHECK (person <> ''),
    named text[] NOT NULL DEFAULT '{}',
    begun_before timestamptz,
    amount_minor bigint,
    currency text,
    code text NOT NULL DEFAULT 'desk' CHECK (code <> ''),
    ends_at timestamptz,
    incident text,
    subject text NOT NULL GENERATED ALWAYS AS (
        coalesce(account, E'\x01person/' || person, E'\x01everybody')
    ) STORED,
    CONSTRAINT standing_order_is_lifted_whole CHECK (
        (lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL OR lifted_at >= placed_at)
    ),
    CONSTRAINT standing_order_is_sound CHECK (
        num_nonnulls(account, person) <= 1 AND (amount_minor IS NULL) = (currency IS NULL)
        AND (ends_at IS NULL OR ends_at >= placed_at)
        AND (incident IS NOT NULL OR (account IS NOT NULL AND (kind = 'freeze' OR code IN ('own_limit', 'own_mandate'))))
    )
);
CREATE UNIQUE INDEX standing_order_one_active_freeze ON standing_order (account)
    WHERE kind = 'freeze' AND incident IS NULL AND lifted_at IS NULL;
CREATE INDEX standing_order_in_force ON standing_order (subject) WHERE lifted_at IS NULL;
CREATE INDEX standing_order_incident ON standing_order (incident) WHERE incident IS NOT NULL;
CREATE INDEX standing_order_account ON standing_order (account, placed_at);
COMMENT ON TABLE standing_order IS 'Orders that bind every decision on an account, a person or everybody, from their commit until they are lifted.';
COMMENT ON COLUMN standing_order.id IS 'Id of the order.';
COMMENT ON COLUMN standing_order.account IS 'The account it binds; the account need not be known.';
COMMENT ON COLUMN standing_order.kind IS 'What it orders, a measure of vocabulary/orders.';
COMMENT ON COLUMN standing_order.person IS 'Or the person it binds, on whatever account; with neither it binds everybody.';
COMMENT ON COLUMN standing_order.named IS 'The kinds, channels, devices, … it is about.';
COMMENT ON COLUMN standing_order.begun_before IS 'Sessions begun before this are stopped.';
COMMENT ON COLUMN standing_order.amount_minor IS 'The most that one operation may move, in minor units.';
COMMENT ON COLUMN standing_order.currency IS 'ISO 4217 currency of that amount.';
COMMENT ON COLUMN standing_order.code IS 'Why, a word of vocabulary/orders.';
COMMENT ON COLUMN standing_order.ends_at IS 'Not binding from this instant on, whether it was lifted by then or not.';
COMMENT ON COLUMN standing_order.incident IS 'The incident it belongs to; NULL for the account''s own freeze and for what its holder ordered.';
COMMENT ON COLUMN standing_order.subject IS 'Whom it binds, as one key.';
COMMENT ON COLUMN standing_order.reason IS 'Why, in the words of who placed it.';
COMMENT ON COLUMN standing_order.placed_at IS 'From when it binds.';
COMMENT ON COLUMN standing_order.placed_by IS 'Id of the key or the person that placed it.';
COMMENT ON COLUMN standing_order.lifted_at IS 'Until when it bound; NULL while it binds.';
COMMENT ON COLUMN standing_order.lifted_by IS 'Id of the key or the person that lifted it.';


CREATE TABLE list_entry (
    list text NOT NULL CHECK (list <> ''),
    value text NOT NULL CHECK (value <> ''),
    source text NOT NULL CHECK (source <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    expires_at timestamptz NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CHECK (added_by <> ''),
    PRIMARY KEY (list, value),
    CONSTRAINT list_entry_expires_later CHECK (expires_at > added_at)
);
COMMENT ON TABLE list_entry IS 'Entries of the lists that rules ask; each says from where, why, and until when.';
COMMENT ON COLUMN list_entry.list IS 'Name of the list.';
COMMENT ON COLUMN list_entry.value IS 'The listed value.';
COMMENT ON COLUMN list_entry.source IS 'Who says so.';
COMMENT ON COLUMN list_entry.reason IS 'Why it is listed.';
COMMENT ON COLUMN list_entry.expires_at IS 'When it stops to count; no entry is for ever.';
COMMENT ON COLUMN list_entry.added_at IS 'When it was added.';
COMMENT ON COLUMN list_entry.added_by IS 'Id of the key or the person that added it.';

CREATE TRIGGER list_entry_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON list_entry
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE api_key (
    id text PRIMARY KEY CHECK (id <> ''),
    name text NOT NULL UNIQUE CHECK (name <> ''),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz
);
COMMENT ON TABLE api_key IS 'Keys of the institution''s systems; only a digest is kept.';
COMMENT ON COLUMN api_key.id IS 'Public id of the key.';
COMMENT ON COLUMN api_key.name IS 'Name given at creation.';
COMMENT ON COLUMN api_key.digest IS 'SHA-256 of the secret (256 random bits, so no slow hash is needed).';
COMMENT ON COLUMN api_key.scopes IS 'What the key may do.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key.revoked_at IS 'Since when it is refused; NULL while it is good.';
COMMENT ON COLUMN api_key.last_used_at IS 'About when it was last used; written now and then, not announced.';

CREATE TRIGGER api_key_is_announced
    AFTER INSERT OR UPDATE OF name, digest, scopes, revoked_at OR DELETE OR TRUNCATE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE journal (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    subject uuid,
    body json NOT NULL,
    trace_id text
);
COMMENT ON TABLE journal IS 'The facts of every change, in the transaction of the change; append only, no personal data.';
COMMENT ON COLUMN journal.seq IS 'Order of writing; may have gaps, and concurrent writers may commit out of order.';
COMMENT ON COLUMN journal.at IS 'When it happened, by our clock.';
COMMENT ON COLUMN journal.kind IS 'Name of the fact, a word of vocabulary/facts.';
COMMENT ON COLUMN journal.subject IS 'Random handle of whom it is about, where it is about somebody.';
COMMENT ON COLUMN journal.body IS 'The fact: ids, handles, codes and numbers. Kept as the bytes that were written.';
COMMENT ON COLUMN journal.trace_id IS 'W3C trace id of what caused it, where there was one.';

CREATE TRIGGER journal_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_is_a_record;


CREATE TABLE server_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL CHECK (epoch > 0),
    taken_at timestamptz NOT NULL
);
COMMENT ON TABLE server_epoch IS 'Who may write decisions: a server that finds a later epoch than its own was replaced and stops.';
COMMENT ON COLUMN server_epoch.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN server_epoch.epoch IS 'Grows by one with every server that takes over.';
COMMENT ON COLUMN server_epoch.taken_at IS 'When the present server took over.';


GRANT USAGE ON SCHEMA public TO countermand_app, countermand_reader;

GRANT SELECT, INSERT ON operation, journal, policy_version TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON policy_live, standing_order, api_key, server_epoch TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON account, list_entry TO countermand_app;
GRANT SELECT ON migration TO countermand_app;

GRANT SELECT ON
    operation, journal, policy_version, policy_live, account, standing_order, list_entry, server_epoch, migration
    TO countermand_reader;
GRANT SELECT (id, name, scopes, created_at, revoked_at, last_used_at) ON api_key TO countermand_reader;
