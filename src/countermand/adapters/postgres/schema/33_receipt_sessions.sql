-- Sessions in the portal of whoever holds the receipt of a case.

CREATE TABLE receipt_session (
    token bytea PRIMARY KEY CHECK (octet_length(token) = 32),
    case_id text NOT NULL REFERENCES case_file (id),
    turn integer NOT NULL CHECK (turn > 0),
    shared boolean NOT NULL,
    fresh boolean NOT NULL,
    begun_at timestamptz NOT NULL,
    idle_ends_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT receipt_session_ends_in_time CHECK (idle_ends_at <= ends_at AND ends_at <= begun_at + interval '1 day')
);
CREATE INDEX receipt_session_case ON receipt_session (case_id);
CREATE INDEX receipt_session_over ON receipt_session (idle_ends_at);
COMMENT ON TABLE receipt_session IS 'Browsers in which a case was opened with number and secret; gone when left.';
COMMENT ON COLUMN receipt_session.token IS 'SHA-256 of what the browser shows.';
COMMENT ON COLUMN receipt_session.case_id IS 'Which case.';
COMMENT ON COLUMN receipt_session.turn IS 'Under which turn of the receipt: a new receipt ends the sessions of the old one.';
COMMENT ON COLUMN receipt_session.shared IS 'On a device that others use too: it ends sooner, and nothing of it stays there.';
COMMENT ON COLUMN receipt_session.fresh IS 'It began with the report itself, and its holder has not said yet that the secret is saved.';
COMMENT ON COLUMN receipt_session.begun_at IS 'When it began.';
COMMENT ON COLUMN receipt_session.idle_ends_at IS 'When it ends unless something is done in it.';
COMMENT ON COLUMN receipt_session.ends_at IS 'When it ends whatever is done.';
GRANT SELECT, INSERT, UPDATE, DELETE ON receipt_session TO countermand_app;
GRANT SELECT ON receipt_session TO countermand_reader;
