-- A group of decisions is one statement, and so one transaction and one round trip. Every statement inside the
-- function sees what was committed before it began, so the guards are read when the gates are already shared.
CREATE FUNCTION commit_group(
    own_epoch bigint, gates bigint[], accounts text[], guards bigint[],
    operations operation[], labels label[], facts journal[], holds hold[], timers timer[]
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(gate) FROM unnest(gates) AS gate;
    IF own_epoch IS DISTINCT FROM (SELECT epoch FROM server_epoch) THEN
        RETURN 'fenced';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(accounts, guards) AS presented (id, guard)
        JOIN account AS a ON a.id = presented.id AND a.guard <> presented.guard
    ) OR EXISTS (
        SELECT FROM unnest(accounts, guards) AS presented (key, guard)
        JOIN standing_subject AS s ON s.key = presented.key AND s.guard <> presented.guard
    ) OR EXISTS (
        SELECT FROM unnest(operations) AS one JOIN operation AS o ON o.id = one.id
    ) THEN
        RETURN 'outdated';
    END IF;
    INSERT INTO operation OVERRIDING SYSTEM VALUE SELECT * FROM unnest(operations);
    IF cardinality(labels) > 0 THEN
        INSERT INTO label SELECT * FROM unnest(labels);
    END IF;
    INSERT INTO journal (at, kind, subject, body, trace_id)
    SELECT at, kind, subject, body, trace_id FROM unnest(facts);
    IF cardinality(holds) > 0 THEN
        INSERT INTO hold SELECT * FROM unnest(holds);
        INSERT INTO timer SELECT * FROM unnest(timers);
    END IF;
    RETURN 'recorded';
END
$$;
COMMENT ON FUNCTION
    commit_group(bigint, bigint[], text[], bigint[], operation[], label[], journal[], hold[], timer[]) IS
    'Records a group of decisions behind the gates of all whom it depends on: recorded, outdated (decide again) or fenced.';
