-- Addresses that holders add themselves, by a code sent there, and those that are to go after a wait.

CREATE TABLE contact_change (
    id text PRIMARY KEY CHECK (id <> ''),
    account text NOT NULL CHECK (account <> ''),
    action text NOT NULL CHECK (action IN ('add', 'remove')),
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    key bytea NOT NULL CHECK (octet_length(key) = 16),
    sealed bytea,
    code jsonb,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL CHECK (asked_by <> ''),
    due_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'waiting', 'done', 'cancelled')),
    ended_at timestamptz,
    ended_by text,
    why text,
    CONSTRAINT contact_change_is_sound CHECK (
        due_at > asked_at AND (state IN ('pending', 'waiting')) = (ended_at IS NULL)
        AND (ended_at IS NULL) = (ended_by IS NULL) AND (state = 'cancelled') = (why IS NOT NULL)
        AND (state = 'pending') = (sealed IS NOT NULL) AND (state = 'pending') = (code IS NOT NULL)
        AND (state <> 'pending' OR action = 'add') AND (state <> 'waiting' OR action = 'remove')
    )
);
CREATE UNIQUE INDEX contact_change_one_open ON contact_change (account, channel, key)
    WHERE state IN ('pending', 'waiting');
CREATE INDEX contact_change_account ON contact_change (account, ended_at);
COMMENT ON TABLE contact_change IS 'What holders ask to change about where they are reached, and what became of it.';
COMMENT ON COLUMN contact_change.id IS 'Id of the change; its timer goes by it.';
COMMENT ON COLUMN contact_change.account IS 'Whose address.';
COMMENT ON COLUMN contact_change.action IS 'add or remove.';
COMMENT ON COLUMN contact_change.channel IS 'email or sms.';
COMMENT ON COLUMN contact_change.key IS 'Keyed digest of the address.';
COMMENT ON COLUMN contact_change.sealed IS 'The address while its code is awaited, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN contact_change.code IS 'Nonce, MAC and tries of the code that was sent there, and in which language.';
COMMENT ON COLUMN contact_change.asked_at IS 'When it was asked for.';
COMMENT ON COLUMN contact_change.asked_by IS 'Who relayed it.';
COMMENT ON COLUMN contact_change.due_at IS 'Until when the code serves; or from when the address is gone, if nothing cancels it.';
COMMENT ON COLUMN contact_change.state IS 'pending (a code is awaited), waiting (to be gone), done or cancelled.';
COMMENT ON COLUMN contact_change.ended_at IS 'When it was done or cancelled.';
COMMENT ON COLUMN contact_change.ended_by IS 'Who did that; clock where its time had come.';
COMMENT ON COLUMN contact_change.why IS 'Why it was cancelled: asked, replaced, expired, contained, last.';

GRANT SELECT, INSERT, UPDATE, DELETE ON contact_change TO countermand_app;
GRANT SELECT (id, account, action, channel, key, asked_at, asked_by, due_at, state, ended_at, ended_by, why)
    ON contact_change TO countermand_reader;
