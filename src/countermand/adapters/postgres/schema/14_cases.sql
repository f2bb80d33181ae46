-- The desk: what came in, the cases that follow from it, their events, messages and promises.

CREATE TABLE case_file (
    id text PRIMARY KEY CHECK (id <> ''),
    number text NOT NULL UNIQUE CHECK (number ~ '^[0-9]{12}$'),
    version integer NOT NULL CHECK (version > 0),
    stage text NOT NULL CHECK (stage IN ('intake', 'contain', 'investigate', 'decide', 'remedy', 'closed')),
    ball text NOT NULL CHECK (ball <> ''),
    contained text NOT NULL CHECK (contained IN ('none', 'ended', 'soft_hold', 'frozen', 'partial', 'lifted')),
    outcome text,
    risk text NOT NULL CHECK (risk IN ('P0', 'P1', 'P2', 'P3')),
    category text NOT NULL CHECK (category <> ''),
    owner text,
    team text,
    account text,
    person text,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    closed_at timestamptz,
    merged_into text REFERENCES case_file (id),
    state jsonb NOT NULL,
    CONSTRAINT case_file_closes_whole CHECK ((stage = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX case_file_account ON case_file (account, updated_at) WHERE account IS NOT NULL;
CREATE INDEX case_file_person ON case_file (person, updated_at) WHERE person IS NOT NULL;
COMMENT ON TABLE case_file IS 'Where each case stands: the fold of its events, kept to be asked.';
COMMENT ON COLUMN case_file.id IS 'Its name inside.';
COMMENT ON COLUMN case_file.number IS 'Its name for people: 11 digits by chance and one that checks them.';
COMMENT ON COLUMN case_file.version IS 'How many events it has had.';
COMMENT ON COLUMN case_file.stage IS 'How far it is.';
COMMENT ON COLUMN case_file.ball IS 'Who has to move next.';
COMMENT ON COLUMN case_file.contained IS 'What the containment came to.';
COMMENT ON COLUMN case_file.outcome IS 'What was found, once decided.';
COMMENT ON COLUMN case_file.risk IS 'P0 (now) to P3 (a question).';
COMMENT ON COLUMN case_file.category IS 'What it is about.';
COMMENT ON COLUMN case_file.owner IS 'Who handles it, by their name at the desk.';
COMMENT ON COLUMN case_file.team IS 'Which team does.';
COMMENT ON COLUMN case_file.account IS 'The institution''s id of the account it is about.';
COMMENT ON COLUMN case_file.person IS 'Or of the person, who need not have an account.';
COMMENT ON COLUMN case_file.opened_at IS 'When it was opened.';
COMMENT ON COLUMN case_file.updated_at IS 'When its last event was.';
COMMENT ON COLUMN case_file.closed_at IS 'When it was closed, while it is.';
COMMENT ON COLUMN case_file.merged_into IS 'The case it is part of now.';
COMMENT ON COLUMN case_file.state IS 'All of it, as the fold gives it; the columns above are taken from here.';

CREATE TABLE case_event (
    case_id text NOT NULL REFERENCES case_file (id),
    seq integer NOT NULL CHECK (seq > 0),
    kind text NOT NULL CHECK (kind <> ''),
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    body jsonb NOT NULL,
    trace_id text,
    PRIMARY KEY (case_id, seq)
);
CREATE INDEX case_event_incident ON case_event ((body ->> 'incident')) WHERE kind = 'contained';
COMMENT ON TABLE case_event IS 'Everything that happened to a case; nothing is edited, a later event corrects.';
COMMENT ON COLUMN case_event.case_id IS 'Which case.';
COMMENT ON COLUMN case_event.seq IS 'Its place; also the version of the case after it.';
COMMENT ON COLUMN case_event.kind IS 'What happened.';
COMMENT ON COLUMN case_event.at IS 'When.';
COMMENT ON COLUMN case_event.actor IS 'Who did it.';
COMMENT ON COLUMN case_event.body IS 'The rest: ids, codes and numbers, no personal data.';
COMMENT ON COLUMN case_event.trace_id IS 'W3C trace id of what caused it, where there was one.';

CREATE TABLE inbound (
    id text PRIMARY KEY CHECK (id <> ''),
    channel text NOT NULL CHECK (channel <> ''),
    key text NOT NULL CHECK (key <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    sealed bytea NOT NULL,
    sender bytea,
    received_at timestamptz NOT NULL,
    case_id text NOT NULL REFERENCES case_file (id),
    answer jsonb NOT NULL,
    CONSTRAINT inbound_once UNIQUE (channel, key)
);
CREATE INDEX inbound_case ON inbound (case_id);
COMMENT ON TABLE inbound IS 'What came in, byte for byte, before anything was read in it.';
COMMENT ON COLUMN inbound.id IS 'Its name inside.';
COMMENT ON COLUMN inbound.channel IS 'Through which channel.';
COMMENT ON COLUMN inbound.key IS 'What names it there; told again it is the same.';
COMMENT ON COLUMN inbound.digest IS 'SHA-256 of the bytes, computed here.';
COMMENT ON COLUMN inbound.sealed IS 'The bytes, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN inbound.sender IS 'Keyed digest of the sender''s address: more from the same one is recognised.';
COMMENT ON COLUMN inbound.received_at IS 'When; legal clocks run from the first of a case.';
COMMENT ON COLUMN inbound.case_id IS 'The case it became, or was added to.';
COMMENT ON COLUMN inbound.answer IS 'What was answered; never the secret, which is computed again.';

CREATE TABLE message (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    direction text NOT NULL CHECK (direction IN ('in', 'out', 'note')),
    channel text NOT NULL CHECK (channel <> ''),
    author text NOT NULL CHECK (author <> ''),
    at timestamptz NOT NULL,
    language text,
    masked text NOT NULL,
    sealed bytea NOT NULL,
    inbound text REFERENCES inbound (id),
    approved text,
    secret_said boolean NOT NULL DEFAULT false,
    words tsvector NOT NULL DEFAULT ''
);
CREATE INDEX message_case ON message (case_id, at, id);
COMMENT ON TABLE message IS 'What was said in a case, by whom.';
COMMENT ON COLUMN message.id IS 'Its name.';
COMMENT ON COLUMN message.case_id IS 'Of which case.';
COMMENT ON COLUMN message.direction IS 'in, out, or a note among staff.';
COMMENT ON COLUMN message.channel IS 'Through which channel.';
COMMENT ON COLUMN message.author IS 'Who: customer, or a name at the desk, or the machine.';
COMMENT ON COLUMN message.at IS 'When.';
COMMENT ON COLUMN message.language IS 'In which language.';
COMMENT ON COLUMN message.masked IS 'The text with personal numbers masked: what is shown, searched and sent.';
COMMENT ON COLUMN message.sealed IS 'The text as it was, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN message.inbound IS 'What came in that it was read from.';
COMMENT ON COLUMN message.approved IS 'The approved phrase or article that it repeats, with its version.';
COMMENT ON COLUMN message.secret_said IS 'A password or code was typed in it: the customer is warned.';
COMMENT ON COLUMN message.words IS 'What it is found by: pairs of Chinese characters and other words of the masked text.';

CREATE TABLE attachment (
    id text PRIMARY KEY CHECK (id <> ''),
    message_id text NOT NULL REFERENCES message (id),
    name text NOT NULL,
    media_type text NOT NULL CHECK (media_type <> ''),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    sealed bytea NOT NULL
);
CREATE INDEX attachment_message ON attachment (message_id);
COMMENT ON TABLE attachment IS 'Files that came with messages.';
COMMENT ON COLUMN attachment.id IS 'Its name inside.';
COMMENT ON COLUMN attachment.message_id IS 'With which message.';
COMMENT ON COLUMN attachment.name IS 'Its name as sent, with personal numbers masked.';
COMMENT ON COLUMN attachment.media_type IS 'What its bytes say that it is.';
COMMENT ON COLUMN attachment.bytes IS 'How long it is.';
COMMENT ON COLUMN attachment.digest IS 'SHA-256 of its bytes, computed here.';
COMMENT ON COLUMN attachment.sealed IS 'The bytes, AES-256-GCM under the vault''s key.';

CREATE TABLE promise (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    code text NOT NULL CHECK (code <> ''),
    due_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CHECK (made_by <> ''),
    kept_at timestamptz
);
CREATE INDEX promise_case ON promise (case_id);
CREATE INDEX promise_open ON promise (due_at) WHERE kept_at IS NULL;
COMMENT ON TABLE promise IS 'What a customer was told would happen, and by when.';
COMMENT ON COLUMN promise.id IS 'Its name.';
COMMENT ON COLUMN promise.case_id IS 'In which case.';
COMMENT ON COLUMN promise.code IS 'What, in one word.';
COMMENT ON COLUMN promise.due_at IS 'By when.';
COMMENT ON COLUMN promise.made_at IS 'When it was made.';
COMMENT ON COLUMN promise.made_by IS 'By whom.';
COMMENT ON COLUMN promise.kept_at IS 'When it was kept.';


GRANT SELECT, INSERT, UPDATE ON case_file, promise TO countermand_app;
GRANT SELECT, INSERT ON case_event, inbound, message, attachment TO countermand_app;
GRANT SELECT ON case_file, case_event, inbound, message, attachment, promise TO countermand_reader;
