-- Receipts of consent, proofs, and what wakes whoever waits for timers and effects.

CREATE TABLE consent_receipt (
    operation text PRIMARY KEY REFERENCES operation (id),
    shown text NOT NULL,
    digest bytea NOT NULL,
    statement text NOT NULL CHECK (statement <> ''),
    version text NOT NULL CHECK (version <> ''),
    language text NOT NULL CHECK (language IN ('en', 'zh')),
    given_at timestamptz NOT NULL,
    given_by text NOT NULL CHECK (given_by <> ''),
    session text,
    device text,
    answers jsonb NOT NULL,
    CONSTRAINT consent_receipt_is_of_what_was_shown CHECK (digest = sha256(convert_to(shown, 'UTF8')))
);
COMMENT ON TABLE consent_receipt IS 'That somebody agreed to an operation, and to what exactly; never changed.';
COMMENT ON COLUMN consent_receipt.operation IS 'The operation agreed to; its content cannot change.';
COMMENT ON COLUMN consent_receipt.shown IS 'Exactly what was displayed.';
COMMENT ON COLUMN consent_receipt.digest IS 'SHA-256 of exactly what was displayed.';
COMMENT ON COLUMN consent_receipt.statement IS 'Which statement was displayed.';
COMMENT ON COLUMN consent_receipt.version IS 'In which version.';
COMMENT ON COLUMN consent_receipt.language IS 'In which language.';
COMMENT ON COLUMN consent_receipt.given_at IS 'When it was agreed to.';
COMMENT ON COLUMN consent_receipt.given_by IS 'Who agreed: the institution''s handle of the person.';
COMMENT ON COLUMN consent_receipt.session IS 'In which session.';
COMMENT ON COLUMN consent_receipt.device IS 'On which device.';
COMMENT ON COLUMN consent_receipt.answers IS 'What was answered to questions of comprehension.';
CREATE TRIGGER consent_receipt_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_receipt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE proof (
    id text PRIMARY KEY CHECK (id <> ''),
    operation text NOT NULL REFERENCES operation (id),
    strength integer NOT NULL CHECK (strength > 0),
    factors text[] NOT NULL,
    device text,
    session text,
    given_at timestamptz NOT NULL
);
CREATE INDEX proof_operation ON proof (operation);
COMMENT ON TABLE proof IS 'Challenges that were passed for an operation; never changed.';
COMMENT ON COLUMN proof.id IS 'Which challenge.';
COMMENT ON COLUMN proof.operation IS 'What it was passed for.';
COMMENT ON COLUMN proof.strength IS 'How strong it is: independent factors.';
COMMENT ON COLUMN proof.factors IS 'Which factors.';
COMMENT ON COLUMN proof.device IS 'On which device it was passed.';
COMMENT ON COLUMN proof.session IS 'In which session.';
COMMENT ON COLUMN proof.given_at IS 'When.';
CREATE TRIGGER proof_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON proof
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Waiting for the next timer asks by kind, and so does taking it.
DROP INDEX timer_due_at;
CREATE INDEX timer_kind_due_at ON timer (kind, due_at);

-- Few effects, and each should leave at once; timers are many, written by every decision, and known ahead.
CREATE TRIGGER effect_is_announced AFTER INSERT ON effect
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

CREATE INDEX hold_executed ON hold (operation) WHERE state = 'executed';


GRANT SELECT, INSERT ON consent_receipt, proof TO countermand_app;
GRANT SELECT ON consent_receipt, proof TO countermand_reader;
