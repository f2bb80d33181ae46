-- What customers prove with, what they were asked, and what they proved.

CREATE TABLE authenticator (
    id text PRIMARY KEY CHECK (id <> ''),
    account text NOT NULL CHECK (account <> ''),
    method text NOT NULL CHECK (method IN ('password', 'totp', 'sms', 'email', 'webauthn')),
    name text NOT NULL,
    device text,
    secret bytea,
    public jsonb NOT NULL,
    counter bigint NOT NULL CHECK (counter >= 0),
    state text NOT NULL CHECK (state IN ('pending', 'active', 'removed')),
    created_at timestamptz NOT NULL,
    pending_until timestamptz,
    used_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT authenticator_is_sound CHECK (
        (state = 'pending') = (pending_until IS NOT NULL) AND (state = 'removed') = (removed_at IS NOT NULL)
        AND (state <> 'removed' OR secret IS NULL)
    )
) WITH (fillfactor = 85);
CREATE INDEX authenticator_account ON authenticator (account) WHERE state <> 'removed';
CREATE UNIQUE INDEX authenticator_passkey ON authenticator ((public ->> 'credential'))
    WHERE state = 'active' AND method = 'webauthn';
COMMENT ON TABLE authenticator IS 'What the holder of an account enrolled to prove things with.';
COMMENT ON COLUMN authenticator.id IS 'Its name everywhere.';
COMMENT ON COLUMN authenticator.account IS 'Whose it is.';
COMMENT ON COLUMN authenticator.method IS 'How it is used.';
COMMENT ON COLUMN authenticator.name IS 'What the holder calls it.';
COMMENT ON COLUMN authenticator.device IS 'The device that holds it or receives its codes, where known.';
COMMENT ON COLUMN authenticator.secret IS 'Sealed with AES-256-GCM under the vault''s key; gone when it is removed.';
COMMENT ON COLUMN authenticator.public IS 'What needs no secrecy: public keys, flags, a masked address.';
COMMENT ON COLUMN authenticator.counter IS 'Last time step of TOTP or signature counter of a passkey; it only grows.';
COMMENT ON COLUMN authenticator.state IS 'pending until it was tried once, active, removed.';
COMMENT ON COLUMN authenticator.created_at IS 'When it was begun.';
COMMENT ON COLUMN authenticator.pending_until IS 'A pending one is worth nothing from then on.';
COMMENT ON COLUMN authenticator.used_at IS 'When it last proved something.';
COMMENT ON COLUMN authenticator.removed_at IS 'Since when it proves nothing any more.';


CREATE TABLE challenge (
    id text PRIMARY KEY CHECK (id <> ''),
    purpose text NOT NULL CHECK (purpose IN ('operation', 'release', 'lift', 'limit', 'enrol')),
    ref text NOT NULL CHECK (ref <> ''),
    account text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'satisfied', 'failed', 'locked', 'expired')),
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    document jsonb NOT NULL,
    CONSTRAINT challenge_ends_whole CHECK ((state = 'open') = (ended_at IS NULL) AND expires_at > begun_at)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX challenge_open ON challenge (purpose, ref) WHERE state = 'open';
CREATE INDEX challenge_ref ON challenge (ref, purpose, begun_at);
COMMENT ON TABLE challenge IS 'What customers were asked to prove, and how that went.';
COMMENT ON COLUMN challenge.id IS 'Its name.';
COMMENT ON COLUMN challenge.purpose IS 'What passing it is good for.';
COMMENT ON COLUMN challenge.ref IS 'What it is about: an operation, an order, an account.';
COMMENT ON COLUMN challenge.account IS 'Whose holder is asked.';
COMMENT ON COLUMN challenge.state IS 'Where it stands; one is open for each purpose and ref.';
COMMENT ON COLUMN challenge.begun_at IS 'When it began.';
COMMENT ON COLUMN challenge.expires_at IS 'No answer counts from then on.';
COMMENT ON COLUMN challenge.ended_at IS 'When it was decided.';
COMMENT ON COLUMN challenge.document IS 'The whole challenge; codes stand in it as MACs only.';

-- An ended challenge stays as it ended: nobody answers it again.
CREATE FUNCTION challenge_ends_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'challenge "%" is %, it cannot change', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION challenge_ends_once() IS 'Refuses every change of a challenge that ended.';
CREATE TRIGGER challenge_ends_once BEFORE UPDATE ON challenge FOR EACH ROW EXECUTE FUNCTION challenge_ends_once();


CREATE TABLE confirmation (
    id text PRIMARY KEY CHECK (id <> ''),
    purpose text NOT NULL,
    ref text NOT NULL,
    account text NOT NULL,
    linked text NOT NULL,
    strength integer NOT NULL CHECK (strength > 0),
    factors text[] NOT NULL,
    methods text[] NOT NULL,
    device text,
    session text,
    at timestamptz NOT NULL,
    seal text NOT NULL,
    evidence jsonb NOT NULL
);
CREATE INDEX confirmation_ref ON confirmation (ref);
COMMENT ON TABLE confirmation IS 'What passed challenges left behind: proofs, never changed.';
COMMENT ON COLUMN confirmation.id IS 'Its name.';
COMMENT ON COLUMN confirmation.purpose IS 'What it is good for, and for nothing else.';
COMMENT ON COLUMN confirmation.ref IS 'What it is about.';
COMMENT ON COLUMN confirmation.account IS 'Whose holder proved it.';
COMMENT ON COLUMN confirmation.linked IS 'SHA-256 of what was confirmed: operation, amount, payee, account.';
COMMENT ON COLUMN confirmation.strength IS 'Independent factors, those off the session''s device counted twice.';
COMMENT ON COLUMN confirmation.factors IS 'Kinds of factors shown.';
COMMENT ON COLUMN confirmation.methods IS 'Methods used.';
COMMENT ON COLUMN confirmation.device IS 'The device of the session.';
COMMENT ON COLUMN confirmation.session IS 'The session.';
COMMENT ON COLUMN confirmation.at IS 'When.';
COMMENT ON COLUMN confirmation.seal IS 'The house''s HMAC over all of the above.';
COMMENT ON COLUMN confirmation.evidence IS 'What the proof rests on, such as a passkey''s signature and what it signed.';
CREATE TRIGGER confirmation_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();


CREATE TABLE strike (
    account text NOT NULL,
    method text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('known', 'stranger')),
    failures integer NOT NULL CHECK (failures >= 0),
    window_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL,
    PRIMARY KEY (account, method, standing)
) WITH (fillfactor = 85);
COMMENT ON TABLE strike IS 'Wrong answers: those from the holder''s own devices apart from all others.';
COMMENT ON COLUMN strike.account IS 'Whose holder was asked.';
COMMENT ON COLUMN strike.method IS 'How it was answered.';
COMMENT ON COLUMN strike.standing IS 'known: from a device of the account; stranger: from anywhere else.';
COMMENT ON COLUMN strike.failures IS 'How many in this window.';
COMMENT ON COLUMN strike.window_at IS 'When the window began.';
COMMENT ON COLUMN strike.locked_until IS 'No answer is looked at before then.';


CREATE TABLE spent_token (
    token text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_token_expires_at ON spent_token (expires_at);
COMMENT ON TABLE spent_token IS 'Signed results that were shown once; again they are refused.';
COMMENT ON COLUMN spent_token.token IS 'Issuer and token, digested.';
COMMENT ON COLUMN spent_token.expires_at IS 'From then on the token refuses itself, and the row may go.';


CREATE INDEX effect_code_placed_at ON effect (placed_at) WHERE action = 'one_time_code';

GRANT SELECT, INSERT, UPDATE ON authenticator, challenge, strike TO countermand_app;
GRANT SELECT, INSERT ON confirmation TO countermand_app;
GRANT SELECT, INSERT, DELETE ON spent_token TO countermand_app;
-- A reader sees of secrets what the vault has sealed, and of codes their MACs.
GRANT SELECT ON authenticator, challenge, confirmation, strike, spent_token TO countermand_reader;
