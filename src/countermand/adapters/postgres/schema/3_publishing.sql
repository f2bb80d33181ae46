CREATE TABLE policy_publication (
    policy_id integer PRIMARY KEY REFERENCES policy_version (id),
    state text NOT NULL CHECK (state IN (
        'checked', 'proposed', 'approved', 'scheduled', 'live', 'superseded', 'rolled_back', 'rejected', 'withdrawn'
    )),
    author text NOT NULL CHECK (author <> ''),
    proposer text CHECK (proposer <> ''),
    approver text CHECK (approver <> ''),
    start_at timestamptz,
    going_back boolean NOT NULL DEFAULT false,
    lists_seen jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(lists_seen) = 'object'),
    warm_until timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT policy_publication_has_four_eyes CHECK (approver NOT IN (author, proposer)),
    CONSTRAINT policy_publication_has_a_start CHECK ((state = 'scheduled') = (start_at IS NOT NULL)),
    CONSTRAINT policy_publication_goes_back CHECK (state = 'scheduled' OR NOT going_back)
);
CREATE UNIQUE INDEX policy_publication_one_live ON policy_publication (state) WHERE state = 'live';
CREATE UNIQUE INDEX policy_publication_one_scheduled ON policy_publication (going_back) WHERE state = 'scheduled';
COMMENT ON TABLE policy_publication IS 'Where each recorded policy stands on its way; at most one is live, one is to follow, one is to go back to.';
COMMENT ON COLUMN policy_publication.policy_id IS 'The policy version.';
COMMENT ON COLUMN policy_publication.state IS 'Where it stands.';
COMMENT ON COLUMN policy_publication.author IS 'Name of the key that drafted it, or of the part of the product that recorded it.';
COMMENT ON COLUMN policy_publication.proposer IS 'Name of the key that proposed it.';
COMMENT ON COLUMN policy_publication.approver IS 'Name of the key that approved it: never the author''s or the proposer''s.';
COMMENT ON COLUMN policy_publication.start_at IS 'From when it is to decide, while it is scheduled.';
COMMENT ON COLUMN policy_publication.going_back IS 'Whether it is scheduled to take back what is live now.';
COMMENT ON COLUMN policy_publication.lists_seen IS 'The lists it asks and how many entries each had, when it was approved or last decided.';
COMMENT ON COLUMN policy_publication.warm_until IS 'Until when a server keeps it ready after it was replaced.';
COMMENT ON COLUMN policy_publication.updated_at IS 'When this row last changed.';

CREATE TRIGGER policy_publication_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_publication
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE policy_step (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_id integer NOT NULL REFERENCES policy_version (id),
    at timestamptz NOT NULL,
    step text NOT NULL CHECK (step <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    text text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object')
);
CREATE INDEX policy_step_policy_id ON policy_step (policy_id, seq);
COMMENT ON TABLE policy_step IS 'Every step of every policy on its way, with who took it and what they said; append only.';
COMMENT ON COLUMN policy_step.seq IS 'Order of writing.';
COMMENT ON COLUMN policy_step.policy_id IS 'The policy version.';
COMMENT ON COLUMN policy_step.at IS 'When, by our clock.';
COMMENT ON COLUMN policy_step.step IS 'What was done, such as propose.';
COMMENT ON COLUMN policy_step.actor IS 'Name of the key, or "server" for what the server did by itself.';
COMMENT ON COLUMN policy_step.text IS 'Why, in the words of who did it.';
COMMENT ON COLUMN policy_step.details IS 'What else belongs to the step: codes, numbers, labels.';

CREATE TRIGGER policy_step_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE policy_step ENABLE ALWAYS TRIGGER policy_step_is_a_record;


CREATE TABLE policy_canary (
    id text PRIMARY KEY CHECK (id <> ''),
    policy_id integer NOT NULL REFERENCES policy_version (id),
    share_permille smallint NOT NULL CHECK (share_permille BETWEEN 1 AND 500),
    salt text NOT NULL CHECK (salt <> ''),
    guardrails jsonb NOT NULL CHECK (jsonb_typeof(guardrails) = 'object'),
    state text NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'promoted')),
    reason text NOT NULL,
    figures jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(figures) = 'object'),
    started_at timestamptz NOT NULL,
    started_by text NOT NULL CHECK (started_by <> ''),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT policy_canary_is_ended_whole CHECK (
        (state = 'running') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
    )
);
CREATE UNIQUE INDEX policy_canary_one_running ON policy_canary (state) WHERE state = 'running';
COMMENT ON TABLE policy_canary IS 'Policies that decide for a share of the accounts, under guardrails; at most one at a time.';
COMMENT ON COLUMN policy_canary.id IS 'Id of the canary.';
COMMENT ON COLUMN policy_canary.policy_id IS 'The policy that is tried.';
COMMENT ON COLUMN policy_canary.share_permille IS 'Of a thousand accounts, for how many it decides.';
COMMENT ON COLUMN policy_canary.salt IS 'Mixed into the hash that picks the accounts, so that each canary picks others.';
COMMENT ON COLUMN policy_canary.guardrails IS 'The limits that were declared at its start.';
COMMENT ON COLUMN policy_canary.state IS 'Whether it decides, or how it ended; paused is by itself.';
COMMENT ON COLUMN policy_canary.reason IS 'Why it is in that state.';
COMMENT ON COLUMN policy_canary.figures IS 'What was counted when it ended.';
COMMENT ON COLUMN policy_canary.started_at IS 'Since when it may decide.';
COMMENT ON COLUMN policy_canary.started_by IS 'Name of the key that started it.';
COMMENT ON COLUMN policy_canary.ended_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN policy_canary.ended_by IS 'Name of the key that ended it, or "server".';

CREATE TRIGGER policy_canary_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_canary
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


GRANT SELECT, INSERT ON policy_step TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON policy_publication, policy_canary TO countermand_app;
GRANT SELECT ON policy_publication, policy_step, policy_canary TO countermand_reader;
