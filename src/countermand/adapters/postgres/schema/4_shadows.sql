CREATE TABLE shadow (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    policy text NOT NULL CHECK (policy <> ''),
    currency text NOT NULL CHECK (currency <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    source jsonb NOT NULL CHECK (jsonb_typeof(source) = 'object'),
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CHECK (added_by <> ''),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused')),
    reason text,
    detail jsonb,
    seq_first bigint NOT NULL CHECK (seq_first >= 0),
    position bigint NOT NULL,
    operations bigint NOT NULL DEFAULT 0 CHECK (operations >= 0),
    CONSTRAINT shadow_position_is_sound CHECK (position >= seq_first),
    CONSTRAINT shadow_pause_has_reason CHECK ((state = 'paused') = (reason IS NOT NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE shadow IS 'Candidate policies that are evaluated beside the live one and decide nothing.';
COMMENT ON COLUMN shadow.id IS 'Short number used by the results.';
COMMENT ON COLUMN shadow.name IS 'Name under which people ask for it.';
COMMENT ON COLUMN shadow.policy IS 'Name and version of the candidate, name@version.';
COMMENT ON COLUMN shadow.currency IS 'Currency of the candidate; amounts of its results are minor units of it.';
COMMENT ON COLUMN shadow.digest IS 'SHA-256 over the canonical form of the source.';
COMMENT ON COLUMN shadow.source IS 'The candidate''s files: relative file name -> text.';
COMMENT ON COLUMN shadow.added_at IS 'When it was added.';
COMMENT ON COLUMN shadow.added_by IS 'Id of the key or the person that added it.';
COMMENT ON COLUMN shadow.state IS 'running or paused.';
COMMENT ON COLUMN shadow.reason IS 'Code of the reason of a pause; NULL while it runs.';
COMMENT ON COLUMN shadow.detail IS 'What belongs to the reason: names and numbers, no personal data.';
COMMENT ON COLUMN shadow.seq_first IS 'It follows the operations behind this number.';
COMMENT ON COLUMN shadow.position IS 'Number of the last operation it has seen; written in the transaction of the results.';
COMMENT ON COLUMN shadow.operations IS 'How many operations it has evaluated.';

CREATE TRIGGER shadow_is_announced AFTER INSERT OR UPDATE OF state OR DELETE OR TRUNCATE ON shadow
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE shadow_chunk (
    shadow_id integer NOT NULL REFERENCES shadow (id) ON DELETE CASCADE,
    seq_first bigint NOT NULL,
    seq_last bigint NOT NULL,
    received_first timestamptz NOT NULL,
    received_last timestamptz NOT NULL,
    operations integer NOT NULL CHECK (operations > 0),
    outcomes jsonb NOT NULL,
    rules jsonb NOT NULL,
    verdicts bytea NOT NULL,
    PRIMARY KEY (shadow_id, seq_first),
    CONSTRAINT shadow_chunk_is_sound CHECK (seq_last >= seq_first AND received_last >= received_first)
) WITH (fillfactor = 50);
COMMENT ON TABLE shadow_chunk IS 'What a candidate would have answered, about a thousand operations a row.';
COMMENT ON COLUMN shadow_chunk.shadow_id IS 'The candidate.';
COMMENT ON COLUMN shadow_chunk.seq_first IS 'Number of the first operation in it.';
COMMENT ON COLUMN shadow_chunk.seq_last IS 'Number of the last operation in it.';
COMMENT ON COLUMN shadow_chunk.received_first IS 'When the earliest of them reached us.';
COMMENT ON COLUMN shadow_chunk.received_last IS 'When the latest of them reached us.';
COMMENT ON COLUMN shadow_chunk.operations IS 'How many operations.';
COMMENT ON COLUMN shadow_chunk.outcomes IS 'By "live>candidate" (numbers of outcomes): operations, those with an amount, sum of the amounts.';
COMMENT ON COLUMN shadow_chunk.rules IS 'By rule: fired in the live policy only, in both, in the candidate only.';
COMMENT ON COLUMN shadow_chunk.verdicts IS 'Outcome, score and rules of each operation, packed: see adapters/postgres/shadow_chunks.';


CREATE TABLE shadow_difference (
    shadow_id integer NOT NULL REFERENCES shadow (id) ON DELETE CASCADE,
    seq bigint NOT NULL,
    live smallint NOT NULL CHECK (live BETWEEN 0 AND 4),
    candidate smallint NOT NULL CHECK (candidate BETWEEN 0 AND 4),
    PRIMARY KEY (shadow_id, seq),
    CONSTRAINT shadow_difference_is_one CHECK (live <> candidate)
);
COMMENT ON TABLE shadow_difference IS 'The operations to which a candidate would have given another outcome.';
COMMENT ON COLUMN shadow_difference.shadow_id IS 'The candidate.';
COMMENT ON COLUMN shadow_difference.seq IS 'Number of the operation.';
COMMENT ON COLUMN shadow_difference.live IS 'The outcome it got: 0 allow, 1 challenge, 2 hold, 3 approve, 4 deny.';
COMMENT ON COLUMN shadow_difference.candidate IS 'The outcome the candidate would have given.';


GRANT SELECT, INSERT, UPDATE, DELETE ON shadow, shadow_chunk, shadow_difference TO countermand_app;
GRANT SELECT ON shadow, shadow_chunk, shadow_difference TO countermand_reader;
