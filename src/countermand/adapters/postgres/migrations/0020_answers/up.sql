-- The knowledge base's versions, answers given by a machine with what became of them, and hand-offs.

CREATE TABLE kb_version (
    article text NOT NULL CHECK (article <> ''),
    version integer NOT NULL CHECK (version > 0),
    category text NOT NULL CHECK (category <> ''),
    audience text NOT NULL CHECK (audience IN ('everyone', 'staff')),
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to >= valid_from),
    body bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (article, version)
);
COMMENT ON TABLE kb_version IS 'Every version of every article that was ever loaded; a text never changes under its number.';
COMMENT ON COLUMN kb_version.article IS 'Id of the article.';
COMMENT ON COLUMN kb_version.version IS 'Its number, from 1.';
COMMENT ON COLUMN kb_version.category IS 'The category of messages that it answers.';
COMMENT ON COLUMN kb_version.audience IS 'Who may read it: everyone or staff.';
COMMENT ON COLUMN kb_version.valid_from IS 'The first day on which it may be shown, the institution''s own.';
COMMENT ON COLUMN kb_version.valid_to IS 'The last such day; NULL without end.';
COMMENT ON COLUMN kb_version.body IS 'All of it, canonical JSON.';
COMMENT ON COLUMN kb_version.sha256 IS 'SHA-256 of the body.';
COMMENT ON COLUMN kb_version.recorded_at IS 'When it was loaded first.';

CREATE TABLE auto_reply (
    id text PRIMARY KEY CHECK (id <> ''),
    message text NOT NULL UNIQUE CHECK (message <> ''),
    case_id text NOT NULL CHECK (case_id <> ''),
    party text NOT NULL CHECK (party <> ''),
    channel text NOT NULL CHECK (channel <> ''),
    category text NOT NULL CHECK (category <> ''),
    risk text NOT NULL CHECK (risk IN ('P2', 'P3')),
    article text NOT NULL,
    version integer NOT NULL,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    text_sha256 bytea NOT NULL CHECK (octet_length(text_sha256) = 32),
    double_check boolean NOT NULL,
    sent_at timestamptz NOT NULL,
    FOREIGN KEY (article, version) REFERENCES kb_version (article, version)
);
CREATE INDEX auto_reply_party ON auto_reply (party, sent_at);
CREATE INDEX auto_reply_sent ON auto_reply (sent_at);
CREATE INDEX auto_reply_checked ON auto_reply (sent_at, id) WHERE double_check;
COMMENT ON TABLE auto_reply IS 'Answers that a machine gave; never at risk P0 or P1.';
COMMENT ON COLUMN auto_reply.id IS 'Id of the answer.';
COMMENT ON COLUMN auto_reply.message IS 'The message it answers; each is answered once.';
COMMENT ON COLUMN auto_reply.case_id IS 'The case it belongs to.';
COMMENT ON COLUMN auto_reply.party IS 'An opaque handle of who asked.';
COMMENT ON COLUMN auto_reply.channel IS 'Where it was asked.';
COMMENT ON COLUMN auto_reply.category IS 'What the message was taken for.';
COMMENT ON COLUMN auto_reply.risk IS 'How urgent it was taken for.';
COMMENT ON COLUMN auto_reply.article IS 'The article that was sent.';
COMMENT ON COLUMN auto_reply.version IS 'Its version.';
COMMENT ON COLUMN auto_reply.language IS 'The language it was sent in.';
COMMENT ON COLUMN auto_reply.text_sha256 IS 'SHA-256 of the approved text, the same in every channel.';
COMMENT ON COLUMN auto_reply.double_check IS 'Whether a person reads it again, drawn by a stable hash of the case.';
COMMENT ON COLUMN auto_reply.sent_at IS 'When it was sent.';

CREATE TABLE auto_reply_event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reply text NOT NULL REFERENCES auto_reply (id),
    kind text NOT NULL CHECK (
        kind IN ('said_yes', 'said_no', 'asked_person', 'contacted_again', 'checked_right', 'checked_wrong')
    ),
    message text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL CHECK (by <> ''),
    UNIQUE (reply, kind, message)
);
COMMENT ON TABLE auto_reply_event IS 'What became of an answer. The confirmed rate is counted from here and from nothing else.';
COMMENT ON COLUMN auto_reply_event.seq IS 'Order of recording.';
COMMENT ON COLUMN auto_reply_event.reply IS 'The answer.';
COMMENT ON COLUMN auto_reply_event.kind IS 'What happened: said_yes, said_no, asked_person, contacted_again, checked_right, checked_wrong.';
COMMENT ON COLUMN auto_reply_event.message IS 'The message in which it happened; empty where there was none.';
COMMENT ON COLUMN auto_reply_event.at IS 'When it happened.';
COMMENT ON COLUMN auto_reply_event.by IS 'Who told it: the name of a key, or customer.';

CREATE TABLE hand_off (
    message text PRIMARY KEY CHECK (message <> ''),
    case_id text NOT NULL CHECK (case_id <> ''),
    party text NOT NULL CHECK (party <> ''),
    reasons text[] NOT NULL CHECK (cardinality(reasons) > 0),
    category text NOT NULL CHECK (category <> ''),
    risk text NOT NULL CHECK (risk <> ''),
    feeling text NOT NULL CHECK (feeling IN ('calm', 'worried', 'angry', 'despairing')),
    tried bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX hand_off_at ON hand_off (at);
COMMENT ON TABLE hand_off IS 'Messages that went to a person, and why; nothing that anybody wrote.';
COMMENT ON COLUMN hand_off.message IS 'The message.';
COMMENT ON COLUMN hand_off.case_id IS 'The case it belongs to.';
COMMENT ON COLUMN hand_off.party IS 'An opaque handle of who wrote it.';
COMMENT ON COLUMN hand_off.reasons IS 'Why a person takes over, all reasons; hold_out: drawn to reach a person first.';
COMMENT ON COLUMN hand_off.category IS 'What the message was taken for.';
COMMENT ON COLUMN hand_off.risk IS 'How urgent it was taken for.';
COMMENT ON COLUMN hand_off.feeling IS 'How they seem to feel: calm, worried, angry, despairing.';
COMMENT ON COLUMN hand_off.tried IS 'Articles sent before, with what was said to each, JSON.';
COMMENT ON COLUMN hand_off.at IS 'When it went to a person.';

GRANT SELECT, INSERT ON kb_version, auto_reply, auto_reply_event, hand_off TO countermand_app;
GRANT SELECT ON kb_version, auto_reply, auto_reply_event, hand_off TO countermand_reader;
