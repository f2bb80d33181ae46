-- What waits: operations on hold, what is due when, and what others must be told to do.

CREATE TABLE hold (
    operation text PRIMARY KEY REFERENCES operation (id),
    account text NOT NULL,
    person text,
    kind text NOT NULL,
    amount_minor bigint,
    currency text,
    counterparty text,
    institution text,
    channel text,
    session text,
    device text,
    needs text[] NOT NULL,
    met text[] NOT NULL,
    placed_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'released', 'executed', 'failed', 'revoked', 'lapsed')),
    ended_at timestamptz,
    ended_by text,
    cause text,
    CONSTRAINT hold_is_sound CHECK (
        met <@ needs AND until >= placed_at AND expires_at >= until AND (amount_minor IS NULL) = (currency IS NULL)
        AND (state = 'open') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
        AND (state IN ('open', 'revoked', 'lapsed') OR met @> needs)
    )
) WITH (fillfactor = 85);
CREATE INDEX hold_account_state ON hold (account, state);
CREATE INDEX hold_payee ON hold (counterparty, placed_at) WHERE state IN ('open', 'released') AND institution IS NULL;
CREATE INDEX hold_person ON hold (person) WHERE state = 'open' AND person IS NOT NULL;
CREATE INDEX hold_awaits_approval ON hold (placed_at, operation)
    WHERE state = 'open' AND 'approval' = ANY (needs) AND NOT 'approval' = ANY (met);
COMMENT ON TABLE hold IS 'Operations that were decided and have not taken effect, and what became of them.';
COMMENT ON COLUMN hold.operation IS 'The operation on hold.';
COMMENT ON COLUMN hold.account IS 'Its account.';
COMMENT ON COLUMN hold.person IS 'The person in whose name it was asked for, where known.';
COMMENT ON COLUMN hold.kind IS 'Its kind.';
COMMENT ON COLUMN hold.amount_minor IS 'Its amount in minor units.';
COMMENT ON COLUMN hold.currency IS 'ISO 4217 currency of the amount.';
COMMENT ON COLUMN hold.counterparty IS 'Who is to receive.';
COMMENT ON COLUMN hold.institution IS 'The receiver''s institution.';
COMMENT ON COLUMN hold.channel IS 'Where it was asked for.';
COMMENT ON COLUMN hold.session IS 'The session it was asked in: never the one that ends the hold early.';
COMMENT ON COLUMN hold.device IS 'The device it was asked on: never the one that ends the hold early.';
COMMENT ON COLUMN hold.needs IS 'What must be given before it may take effect: challenge, approval, consent.';
COMMENT ON COLUMN hold.met IS 'Which of these were given.';
COMMENT ON COLUMN hold.placed_at IS 'Since when it is held.';
COMMENT ON COLUMN hold.until IS 'Not before this may it take effect; until then it can be taken back.';
COMMENT ON COLUMN hold.expires_at IS 'If something is still missing then, it lapses.';
COMMENT ON COLUMN hold.state IS 'Where it stands; only an open hold changes but for what the bank answers.';
COMMENT ON COLUMN hold.ended_at IS 'Since when it is open no more.';
COMMENT ON COLUMN hold.ended_by IS 'Who ended it: a key, a person, or the clock.';
COMMENT ON COLUMN hold.cause IS 'Why it ended, one word.';

-- A hold goes forward only: nothing that ended is opened again, and nobody turns a revoked one into a released one.
CREATE FUNCTION hold_moves_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.state = NEW.state OR OLD.state = 'open'
        OR (OLD.state = 'released' AND NEW.state IN ('executed', 'failed')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'hold "%" is %, it cannot become %', OLD.operation, OLD.state, NEW.state
        USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION hold_moves_forward() IS 'Refuses every step of a hold that does not follow from the one before.';
CREATE TRIGGER hold_moves_forward BEFORE UPDATE ON hold
    FOR EACH ROW EXECUTE FUNCTION hold_moves_forward();


CREATE TABLE timer (
    kind text NOT NULL CHECK (kind <> ''),
    ref text NOT NULL CHECK (ref <> ''),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (kind, ref)
);
CREATE INDEX timer_kind_due_at ON timer (kind, due_at);
COMMENT ON TABLE timer IS 'What is to happen at an instant; whoever does it deletes the row in the same transaction.';
COMMENT ON COLUMN timer.kind IS 'Which story goes on.';
COMMENT ON COLUMN timer.ref IS 'With what.';
COMMENT ON COLUMN timer.due_at IS 'When.';


CREATE TABLE effect (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY CHECK (id <> ''),
    port text NOT NULL CHECK (port <> ''),
    action text NOT NULL CHECK (action <> ''),
    lane text,
    subject uuid,
    body jsonb NOT NULL,
    trace_id text,
    placed_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    alarm_at timestamptz,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ended_at timestamptz,
    answer jsonb,
    CONSTRAINT effect_ends_whole CHECK ((state = 'pending') = (ended_at IS NULL))
) WITH (fillfactor = 85);
CREATE INDEX effect_due_at ON effect (due_at) WHERE state = 'pending';
CREATE INDEX effect_lane ON effect (lane, seq) WHERE state = 'pending' AND lane IS NOT NULL;
CREATE INDEX effect_alarm_at ON effect (alarm_at) WHERE state = 'pending' AND alarm_at IS NOT NULL;
COMMENT ON TABLE effect IS 'The outbox: what others must be told to do, written with what it follows from.';
COMMENT ON COLUMN effect.seq IS 'Order of writing; within a lane, the order of doing.';
COMMENT ON COLUMN effect.id IS 'The idempotency key that the peer sees.';
COMMENT ON COLUMN effect.port IS 'Who does it: banking, sessions, notices.';
COMMENT ON COLUMN effect.action IS 'What is to be done.';
COMMENT ON COLUMN effect.lane IS 'Effects of one lane follow each other; NULL waits for nobody.';
COMMENT ON COLUMN effect.subject IS 'Random handle of whom it is about.';
COMMENT ON COLUMN effect.body IS 'What the peer needs to know.';
COMMENT ON COLUMN effect.trace_id IS 'W3C trace id of what caused it, where there was one.';
COMMENT ON COLUMN effect.placed_at IS 'When it was written.';
COMMENT ON COLUMN effect.due_at IS 'Not before this is it tried (again); in the future while somebody is at it.';
COMMENT ON COLUMN effect.alarm_at IS 'If it is still pending then, its lateness is an alarm.';
COMMENT ON COLUMN effect.state IS 'pending, done, or failed for good.';
COMMENT ON COLUMN effect.attempts IS 'How often it was tried.';
COMMENT ON COLUMN effect.ended_at IS 'When it was done or given up.';
COMMENT ON COLUMN effect.answer IS 'What the peer said last.';


GRANT SELECT, INSERT, UPDATE ON hold TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON timer, effect TO countermand_app;
GRANT SELECT ON hold, timer, effect TO countermand_reader;
