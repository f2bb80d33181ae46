-- Thresholds: where each one stands inside the band that two people approved, and how it came there.

CREATE TABLE threshold_step (
    policy_id integer NOT NULL REFERENCES policy_version (id),
    name text NOT NULL CHECK (name <> ''),
    number integer NOT NULL CHECK (number > 0),
    at timestamptz NOT NULL,
    step text NOT NULL CHECK (step IN ('move', 'pin', 'release')),
    before double precision NOT NULL,
    value double precision NOT NULL,
    pinned boolean NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    text text NOT NULL,
    evidence jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(evidence) = 'object'),
    PRIMARY KEY (policy_id, name, number),
    CONSTRAINT threshold_step_is_one CHECK (
        pinned = (step = 'pin') AND (step = 'move') = (value <> before) AND (step = 'move') = (cause <> '')
    )
);
COMMENT ON TABLE threshold_step IS 'Every move of a threshold inside its approved band, and who pinned or released it; the last step counts; append only.';
COMMENT ON COLUMN threshold_step.policy_id IS 'The policy version whose threshold it is.';
COMMENT ON COLUMN threshold_step.name IS 'The threshold.';
COMMENT ON COLUMN threshold_step.number IS 'Its steps, counted from one: of two who take the same step one is refused.';
COMMENT ON COLUMN threshold_step.at IS 'When, by our clock.';
COMMENT ON COLUMN threshold_step.step IS 'move by the law, pin or release by a person.';
COMMENT ON COLUMN threshold_step.before IS 'The value it had; amounts in minor units, durations in microseconds.';
COMMENT ON COLUMN threshold_step.value IS 'The value in force from then on.';
COMMENT ON COLUMN threshold_step.pinned IS 'Whether it stands still until it is released.';
COMMENT ON COLUMN threshold_step.cause IS 'What the law found, of a move; else empty.';
COMMENT ON COLUMN threshold_step.actor IS 'Name of the key, or "server" for what the server did by itself.';
COMMENT ON COLUMN threshold_step.text IS 'Why, in the words of who pinned or released it; else empty.';
COMMENT ON COLUMN threshold_step.evidence IS 'The period a move was made on: its bounds, operations, hits, what was wanted, how far off.';

CREATE TRIGGER threshold_step_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON threshold_step
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();
CREATE TRIGGER threshold_step_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON threshold_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE threshold_step ENABLE ALWAYS TRIGGER threshold_step_is_a_record;


GRANT SELECT, INSERT ON threshold_step TO countermand_app;
GRANT SELECT ON threshold_step TO countermand_reader;
