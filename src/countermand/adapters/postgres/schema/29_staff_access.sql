-- Staff who sign in with a browser: invitations, credentials, sessions, and what they are half through.

CREATE TABLE staff_account (
    name text PRIMARY KEY CHECK (name <> ''),
    roles text[] NOT NULL CHECK (roles <> '{}'),
    joined_at timestamptz NOT NULL,
    invited_by text NOT NULL CHECK (invited_by <> ''),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL CHECK (changed_by <> ''),
    left_at timestamptz,
    issuer text,
    subject text,
    CONSTRAINT staff_account_linked_whole CHECK ((issuer IS NULL) = (subject IS NULL)),
    CONSTRAINT staff_account_left_unlinked CHECK (left_at IS NULL OR issuer IS NULL)
);
CREATE UNIQUE INDEX staff_account_subject ON staff_account (issuer, subject) WHERE issuer IS NOT NULL;
COMMENT ON TABLE staff_account IS 'People of the institution who sign in with a browser.';
COMMENT ON COLUMN staff_account.name IS 'The name that stands with what they do, as on their keys.';
COMMENT ON COLUMN staff_account.roles IS 'What they act as; asked at every request.';
COMMENT ON COLUMN staff_account.joined_at IS 'When they accepted their invitation.';
COMMENT ON COLUMN staff_account.invited_by IS 'Who invited them.';
COMMENT ON COLUMN staff_account.changed_at IS 'When roles or standing last changed.';
COMMENT ON COLUMN staff_account.changed_by IS 'Who changed them.';
COMMENT ON COLUMN staff_account.left_at IS 'Since when they no longer sign in.';
COMMENT ON COLUMN staff_account.issuer IS 'The provider of single sign-on that vouches for them, where one does.';
COMMENT ON COLUMN staff_account.subject IS 'Its name for them; an e-mail address never counts.';

CREATE TABLE staff_invitation (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    id text NOT NULL UNIQUE CHECK (id <> ''),
    name text NOT NULL CHECK (name <> ''),
    roles text[] NOT NULL CHECK (roles <> '{}'),
    invited_at timestamptz NOT NULL,
    invited_by text NOT NULL CHECK (invited_by <> ''),
    ends_at timestamptz NOT NULL CHECK (ends_at > invited_at),
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('accepted', 'withdrawn')),
    CONSTRAINT staff_invitation_ended_whole CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX staff_invitation_open ON staff_invitation (name) WHERE ended_at IS NULL;
COMMENT ON TABLE staff_invitation IS 'Invitations to join: links that work once, for a time.';
COMMENT ON COLUMN staff_invitation.digest IS 'SHA-256 of what stands in the link; the link itself is nowhere.';
COMMENT ON COLUMN staff_invitation.id IS 'Its name in lists and in the journal.';
COMMENT ON COLUMN staff_invitation.name IS 'Who is invited.';
COMMENT ON COLUMN staff_invitation.roles IS 'As what.';
COMMENT ON COLUMN staff_invitation.invited_at IS 'When.';
COMMENT ON COLUMN staff_invitation.invited_by IS 'By whom.';
COMMENT ON COLUMN staff_invitation.ends_at IS 'From when on it is refused.';
COMMENT ON COLUMN staff_invitation.ended_at IS 'When it was accepted or withdrawn.';
COMMENT ON COLUMN staff_invitation.outcome IS 'Which of the two.';

CREATE TABLE staff_credential (
    id text PRIMARY KEY CHECK (id <> ''),
    account text NOT NULL REFERENCES staff_account (name),
    method text NOT NULL CHECK (method IN ('password', 'totp', 'webauthn')),
    name text NOT NULL,
    device text,
    secret bytea,
    public jsonb NOT NULL,
    counter bigint NOT NULL CHECK (counter >= 0),
    state text NOT NULL CHECK (state IN ('active', 'removed')),
    created_at timestamptz NOT NULL,
    pending_until timestamptz CHECK (pending_until IS NULL),
    used_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT staff_credential_is_sound CHECK (
        (state = 'removed') = (removed_at IS NOT NULL) AND (state <> 'removed' OR secret IS NULL)
    )
) WITH (fillfactor = 85);
CREATE INDEX staff_credential_account ON staff_credential (account) WHERE state <> 'removed';
CREATE UNIQUE INDEX staff_credential_one_password ON staff_credential (account)
    WHERE state = 'active' AND method = 'password';
CREATE UNIQUE INDEX staff_credential_passkey ON staff_credential ((public ->> 'credential'))
    WHERE state = 'active' AND method = 'webauthn';
COMMENT ON TABLE staff_credential IS 'What staff sign in with: a password, and a second factor.';
COMMENT ON COLUMN staff_credential.id IS 'Its name.';
COMMENT ON COLUMN staff_credential.account IS 'Whose it is.';
COMMENT ON COLUMN staff_credential.method IS 'How it is used.';
COMMENT ON COLUMN staff_credential.name IS 'What its owner calls it.';
COMMENT ON COLUMN staff_credential.device IS 'Not used: the same shape as authenticator.';
COMMENT ON COLUMN staff_credential.secret IS 'Sealed with AES-256-GCM under the vault''s key; gone when it is removed.';
COMMENT ON COLUMN staff_credential.public IS 'What needs no secrecy: a passkey''s public key and flags.';
COMMENT ON COLUMN staff_credential.counter IS 'Last time step of TOTP or signature counter of a passkey; it only grows.';
COMMENT ON COLUMN staff_credential.state IS 'active, removed.';
COMMENT ON COLUMN staff_credential.created_at IS 'When it was enrolled.';
COMMENT ON COLUMN staff_credential.pending_until IS 'Always NULL: it is written once it worked.';
COMMENT ON COLUMN staff_credential.used_at IS 'When it last proved something.';
COMMENT ON COLUMN staff_credential.removed_at IS 'Since when it proves nothing any more.';

CREATE TABLE staff_session (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    id text NOT NULL UNIQUE CHECK (id <> ''),
    staff text NOT NULL REFERENCES staff_account (name),
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    proved_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > begun_at),
    how text NOT NULL CHECK (how <> ''),
    place text NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('signed_out', 'revoked', 'left', 'replaced')),
    CONSTRAINT staff_session_ended_whole CHECK ((ended_at IS NULL) = (outcome IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX staff_session_open ON staff_session (staff, seen_at) WHERE ended_at IS NULL;
CREATE INDEX staff_session_old ON staff_session (ends_at);
COMMENT ON TABLE staff_session IS 'Browsers in which somebody of the staff is signed in, and was.';
COMMENT ON COLUMN staff_session.digest IS 'SHA-256 of the cookie, which has 256 random bits.';
COMMENT ON COLUMN staff_session.id IS 'Its name in lists.';
COMMENT ON COLUMN staff_session.staff IS 'Whose.';
COMMENT ON COLUMN staff_session.begun_at IS 'When they signed in.';
COMMENT ON COLUMN staff_session.seen_at IS 'When it was last used, to about half a minute.';
COMMENT ON COLUMN staff_session.proved_at IS 'When they last showed a second factor.';
COMMENT ON COLUMN staff_session.ends_at IS 'The end that no use puts off.';
COMMENT ON COLUMN staff_session.how IS 'What they showed.';
COMMENT ON COLUMN staff_session.place IS 'The browser and system, in few words, as it says itself.';
COMMENT ON COLUMN staff_session.ended_at IS 'When it was ended before its time.';
COMMENT ON COLUMN staff_session.outcome IS 'How.';

CREATE TABLE sign_in_attempt (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    kind text NOT NULL CHECK (kind IN ('sign_in', 'join', 'prove', 'enrol', 'provider')),
    staff text,
    sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > begun_at)
);
CREATE INDEX sign_in_attempt_old ON sign_in_attempt (ends_at);
COMMENT ON TABLE sign_in_attempt IS 'Ways in that somebody is half through: gone when they end, or after ten minutes.';
COMMENT ON COLUMN sign_in_attempt.digest IS 'SHA-256 of the cookie, or of the state that a provider gives back.';
COMMENT ON COLUMN sign_in_attempt.kind IS 'What is being done.';
COMMENT ON COLUMN sign_in_attempt.staff IS 'Whose, where it is known.';
COMMENT ON COLUMN sign_in_attempt.sealed IS 'Where they stand, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN sign_in_attempt.begun_at IS 'When it began.';
COMMENT ON COLUMN sign_in_attempt.ends_at IS 'From when on it is worth nothing.';

CREATE TABLE staff_strike (
    account text NOT NULL REFERENCES staff_account (name),
    method text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('known', 'stranger')),
    failures integer NOT NULL CHECK (failures >= 0),
    window_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL,
    PRIMARY KEY (account, method, standing)
);
COMMENT ON TABLE staff_strike IS 'Wrong answers at sign-in: browsers known as theirs and strangers are counted apart.';
COMMENT ON COLUMN staff_strike.account IS 'Whose sign-in.';
COMMENT ON COLUMN staff_strike.method IS 'Which factor.';
COMMENT ON COLUMN staff_strike.standing IS 'Where the answers came from.';
COMMENT ON COLUMN staff_strike.failures IS 'How many in this window.';
COMMENT ON COLUMN staff_strike.window_at IS 'When the window began.';
COMMENT ON COLUMN staff_strike.locked_until IS 'No answer from there is looked at before.';

CREATE TABLE staff_browser (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    staff text NOT NULL REFERENCES staff_account (name),
    known_at timestamptz NOT NULL
);
CREATE INDEX staff_browser_staff ON staff_browser (staff);
COMMENT ON TABLE staff_browser IS 'Browsers in which somebody has signed in to the end: strangers cannot lock these out.';
COMMENT ON COLUMN staff_browser.digest IS 'SHA-256 of a cookie of its own, which opens nothing.';
COMMENT ON COLUMN staff_browser.staff IS 'Whose.';
COMMENT ON COLUMN staff_browser.known_at IS 'When they last signed in there.';

CREATE TABLE kept_form (
    id text PRIMARY KEY CHECK (id <> ''),
    staff text NOT NULL REFERENCES staff_account (name),
    sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > kept_at)
);
CREATE INDEX kept_form_staff ON kept_form (staff, kept_at);
CREATE INDEX kept_form_old ON kept_form (ends_at);
COMMENT ON TABLE kept_form IS 'What somebody sent after their session had ended: theirs again when they have signed in.';
COMMENT ON COLUMN kept_form.id IS 'Its name.';
COMMENT ON COLUMN kept_form.staff IS 'Whose session it was.';
COMMENT ON COLUMN kept_form.sealed IS 'Address and fields, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN kept_form.kept_at IS 'When it came.';
COMMENT ON COLUMN kept_form.ends_at IS 'From when on it is gone.';


GRANT SELECT, INSERT, UPDATE ON staff_account, staff_invitation, staff_credential, staff_session, staff_strike
    TO countermand_app;
GRANT DELETE ON staff_session TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempt, staff_browser, kept_form TO countermand_app;
GRANT SELECT ON staff_account, staff_strike TO countermand_reader;
GRANT SELECT (id, name, roles, invited_at, invited_by, ends_at, ended_at, outcome) ON staff_invitation
    TO countermand_reader;
GRANT SELECT (id, account, method, name, state, created_at, used_at, removed_at) ON staff_credential
    TO countermand_reader;
GRANT SELECT (id, staff, begun_at, seen_at, proved_at, ends_at, how, place, ended_at, outcome) ON staff_session
    TO countermand_reader;
GRANT SELECT (kind, staff, begun_at, ends_at) ON sign_in_attempt TO countermand_reader;
GRANT SELECT (staff, known_at) ON staff_browser TO countermand_reader;
GRANT SELECT (id, staff, kept_at, ends_at) ON kept_form TO countermand_reader;
