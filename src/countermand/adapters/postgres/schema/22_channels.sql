-- Channels: chats and their lines, last digits by which callers are checked, and how often that failed.

CREATE INDEX inbound_sender ON inbound (sender, received_at) WHERE sender IS NOT NULL;

CREATE TABLE chat (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
    account text NOT NULL CHECK (account <> ''),
    session text NOT NULL,
    public boolean NOT NULL,
    opened_at timestamptz NOT NULL
);
COMMENT ON TABLE chat IS 'Chats of people who were signed in at the institution.';
COMMENT ON COLUMN chat.id IS 'SHA-256 of what its holder shows to come back, in hex.';
COMMENT ON COLUMN chat.account IS 'The institution''s id of their account.';
COMMENT ON COLUMN chat.session IS 'Their session there.';
COMMENT ON COLUMN chat.public IS 'On a device that others use too: nobody comes back to it.';
COMMENT ON COLUMN chat.opened_at IS 'When it was opened.';

CREATE TABLE chat_line (
    chat text NOT NULL REFERENCES chat (id),
    seq integer NOT NULL CHECK (seq > 0),
    message text NOT NULL REFERENCES message (id),
    client_id text,
    PRIMARY KEY (chat, seq),
    CONSTRAINT chat_line_once UNIQUE (chat, message),
    CONSTRAINT chat_line_said_once UNIQUE (chat, client_id)
);
CREATE TRIGGER chat_line_announces AFTER INSERT ON chat_line
    FOR EACH ROW WHEN (NEW.client_id IS NULL) EXECUTE FUNCTION announce_change();
COMMENT ON TABLE chat_line IS 'What was said in a chat, numbered: whoever comes back gets what they have not seen.';
COMMENT ON COLUMN chat_line.chat IS 'Which chat.';
COMMENT ON COLUMN chat_line.seq IS 'Its place, without a gap.';
COMMENT ON COLUMN chat_line.message IS 'The message of the case.';
COMMENT ON COLUMN chat_line.client_id IS 'What the holder''s own program calls it; NULL of what was said to them.';

CREATE TABLE last_four (
    account text PRIMARY KEY CHECK (account <> ''),
    digests bytea[] NOT NULL
);
COMMENT ON TABLE last_four IS 'By which last digits the holder of an account is checked on the phone.';
COMMENT ON COLUMN last_four.account IS 'Which account.';
COMMENT ON COLUMN last_four.digests IS 'Digests under a key of the vault; the digits are kept nowhere.';

CREATE TABLE phone_check (
    key bytea PRIMARY KEY,
    wrong integer NOT NULL DEFAULT 0 CHECK (wrong >= 0),
    since timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    locked_until timestamptz
);
COMMENT ON TABLE phone_check IS 'How often last digits were told wrong lately.';
COMMENT ON COLUMN phone_check.key IS 'Keyed digest of an account, or of the number of a caller who has none.';
COMMENT ON COLUMN phone_check.wrong IS 'How often, since then.';
COMMENT ON COLUMN phone_check.since IS 'Since when that is counted.';
COMMENT ON COLUMN phone_check.locked_until IS 'No digits are taken until then: a person goes on.';

GRANT SELECT, INSERT ON chat, chat_line TO countermand_app;
GRANT UPDATE ON chat TO countermand_app;  -- to lock a chat while a line is added
GRANT SELECT, INSERT, UPDATE ON last_four, phone_check TO countermand_app;
GRANT SELECT ON chat, chat_line, last_four, phone_check TO countermand_reader;
