-- name: highest_seq
-- The highest number given to anything in the record, 0 in an empty one.
SELECT greatest((SELECT max(seq) FROM operation), (SELECT max(seq) FROM label), 0);

-- name: first_decision
-- The random id of the first decision there is.
SELECT decision_id FROM operation ORDER BY seq LIMIT 1;

-- name: pass_gate
-- Wait until no group that holds this gate ($1) is in flight any more.
SELECT pg_advisory_lock($1), pg_advisory_unlock($1);

-- name: earliest_operation
-- When the first recorded operation occurred.
SELECT min(occurred_at) FROM operation;

-- name: rows_of_record
-- Operations with $1 < seq <= $2 that occurred after $3, in order; with their body where the policy is one of $4.
SELECT seq, id, account, kind, occurred_at, received_at, outcome, policy_id, facts,
       CASE WHEN policy_id = ANY($4::integer[]) THEN body END
FROM operation
WHERE seq > $1 AND seq <= $2 AND occurred_at > $3
ORDER BY seq;

-- name: labels_of_record
-- Every label up to a number ($1) with the number of its operation, in the order of its coming; 1 is fraud.
SELECT operation.seq, label.seq, label.fraud::integer
FROM label JOIN operation ON operation.id = label.operation_id
WHERE label.seq <= $1 ORDER BY label.seq;
