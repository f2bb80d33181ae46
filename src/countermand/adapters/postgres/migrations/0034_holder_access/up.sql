-- Customers on their own pages: ways in that the institution gave, and the sessions behind them.

CREATE TABLE holder_entry (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    account text NOT NULL CHECK (account <> ''),
    session text NOT NULL CHECK (session <> ''),
    device text,
    public boolean NOT NULL,
    made_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > made_at)
);
CREATE INDEX holder_entry_ends ON holder_entry (ends_at);
COMMENT ON TABLE holder_entry IS 'Ways in to a customer''s own pages: links that work once, within minutes.';
COMMENT ON COLUMN holder_entry.digest IS 'SHA-256 of what stands in the link; the link itself is nowhere.';
COMMENT ON COLUMN holder_entry.account IS 'Whose pages.';
COMMENT ON COLUMN holder_entry.session IS 'The institution''s name for the sign-in that it vouches for.';
COMMENT ON COLUMN holder_entry.device IS 'Its fingerprint of the device, where known.';
COMMENT ON COLUMN holder_entry.public IS 'Whether others use that device too.';
COMMENT ON COLUMN holder_entry.made_at IS 'When it was asked for.';
COMMENT ON COLUMN holder_entry.ends_at IS 'From when on it is refused.';

CREATE TABLE holder_session (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    id text NOT NULL UNIQUE CHECK (id <> ''),
    account text NOT NULL CHECK (account <> ''),
    session text NOT NULL CHECK (session <> ''),
    device text,
    public boolean NOT NULL,
    browser bytea NOT NULL CHECK (octet_length(browser) = 32),
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL CHECK (seen_at >= begun_at),
    ended_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX holder_session_open ON holder_session (account) WHERE ended_at IS NULL;
COMMENT ON TABLE holder_session IS 'Customers who look at their own pages.';
COMMENT ON COLUMN holder_session.digest IS 'SHA-256 of the cookie; the cookie itself is nowhere.';
COMMENT ON COLUMN holder_session.id IS 'Its name in lists and in the journal.';
COMMENT ON COLUMN holder_session.account IS 'Whose pages.';
COMMENT ON COLUMN holder_session.session IS 'The institution''s name for the sign-in behind it; ended with that.';
COMMENT ON COLUMN holder_session.device IS 'Its fingerprint of the device, where known.';
COMMENT ON COLUMN holder_session.public IS 'Whether others use that device too: then it ends sooner.';
COMMENT ON COLUMN holder_session.browser IS 'SHA-256 of what the browser calls itself; another one is refused.';
COMMENT ON COLUMN holder_session.begun_at IS 'When it began.';
COMMENT ON COLUMN holder_session.seen_at IS 'When it was last used, to within seconds.';
COMMENT ON COLUMN holder_session.ended_at IS 'When somebody ended it; one whose time is up has none.';

GRANT SELECT, INSERT, DELETE ON holder_entry TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON holder_session TO countermand_app;
GRANT SELECT (account, public, made_at, ends_at) ON holder_entry TO countermand_reader;
GRANT SELECT (id, account, device, public, begun_at, seen_at, ended_at) ON holder_session TO countermand_reader;
