-- name: stay_known
-- Let others see for how long this connection lives ($1 the server's epoch, $2 the connection's number).
SELECT pg_advisory_lock($1, $2);

-- name: wait_for_end
-- Wait until a lost connection has ended ($1 the server's epoch, $2 the connection's number).
SELECT pg_advisory_xact_lock_shared($1, $2);

-- name: look_up
-- What stands under keys whose guard is not the one presented ($1 keys, $2 guards); recorded ids of $3.
SELECT NULL::bytea AS body_digest, NULL::bytea AS answer,
       a.id, a.guard, a.handle, a.type, a.timezone, a.opened_at, a.home_ips, a.home_places, a.devices, a.traits,
       a.kyc_level, s.id AS freeze_id, s.reason AS freeze_reason, s.placed_at AS freeze_placed_at,
       (SELECT jsonb_agg(o.body) FROM order_in_force AS o WHERE o.subject = a.id AND NOT o.plain) AS orders,
       a.given_back, a.profiled
FROM unnest($1::text[], $2::bigint[]) AS presented (id, guard)
JOIN account AS a ON a.id = presented.id AND a.guard <> presented.guard
LEFT JOIN standing_order AS s
    ON s.account = a.id AND s.kind = 'freeze' AND s.incident IS NULL AND s.lifted_at IS NULL
UNION ALL
SELECT NULL, NULL, p.key, p.guard, p.handle, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       (SELECT jsonb_agg(o.body) FROM order_in_force AS o WHERE o.subject = p.key), NULL, NULL
FROM unnest($1::text[], $2::bigint[]) AS presented (key, guard)
JOIN standing_subject AS p ON p.key = presented.key AND p.guard <> presented.guard
UNION ALL
SELECT body_digest, answer, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM operation
WHERE id = ANY($3::text[]);

-- name: commit_group
-- Record a group: $1 epoch, $2 gates, $3 keys, $4 guards, $5 operations, $6 labels, $7 facts, $8 holds, $9 timers.
SELECT commit_group($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: share_gates
-- Share gates ($1, in order) until the transaction ends.
SELECT pg_advisory_xact_lock_shared(gate) FROM unnest($1::bigint[]) AS gate;

-- name: operations_recorded
-- The answers of those ids ($1) that are recorded; a label has none, it is enough that it is there.
SELECT id, body_digest, answer FROM operation WHERE id = ANY($1::text[])
UNION ALL
SELECT id, ''::bytea, ''::bytea FROM label WHERE id = ANY($1::text[]);

-- name: past_operations
-- What a label needs of the operations it is about ($1 ids), with the last label each has.
SELECT o.id, o.policy_id, o.occurred_at, o.outcome, o.facts, o.body,
       l.id AS label_id, l.fraud, l.source, l.known_at, l.recorded_at, l.recorded_by, l.trace_id
FROM operation AS o
LEFT JOIN LATERAL (
    SELECT * FROM label WHERE operation_id = o.id ORDER BY seq DESC LIMIT 1
) AS l ON true
WHERE o.id = ANY($1::text[]);

-- name: labelled_operations
-- Operations since an instant ($1) whose last label is one of $2 and behind number $3, in the order of those labels.
SELECT o.id, o.policy_id, o.occurred_at, o.outcome, o.facts, o.body,
       l.id AS label_id, l.fraud, l.source, l.known_at, l.recorded_at, l.recorded_by, l.trace_id
FROM (
    SELECT DISTINCT ON (operation_id) * FROM label WHERE occurred_at > $1 ORDER BY operation_id, seq DESC
) AS l
JOIN operation AS o ON o.id = l.operation_id
WHERE l.fraud = ANY($2::boolean[]) AND l.seq > $3
ORDER BY l.seq;

-- name: history_span
-- The first and the last number in the record.
SELECT min(seq), max(seq) FROM operation;

-- name: history_packed
-- Observations since $1 with numbers from $2 to before $3, one after the other, if their policies are all in $4.
SELECT max(seq), count(*), coalesce(bool_and(policy_id = ANY($4::integer[])), true),
       CASE WHEN bool_and(policy_id = ANY($4::integer[])) THEN string_agg(observation, '' ORDER BY seq) END
FROM operation
WHERE seq >= $2 AND seq < $3 AND occurred_at > $1;

-- name: history_rows
-- The same numbers row by row: observations of the policies in $4, whole rows of the others.
SELECT policy_id,
       CASE WHEN policy_id = ANY($4::integer[]) THEN observation END,
       CASE WHEN policy_id = ANY($4::integer[]) THEN NULL ELSE facts END,
       CASE WHEN policy_id = ANY($4::integer[]) THEN NULL ELSE body END,
       outcome
FROM operation
WHERE seq >= $2 AND seq < $3 AND occurred_at > $1
ORDER BY seq;

-- name: last_seq
-- The highest number in the record, 0 in an empty one; labels are numbered with the operations.
SELECT greatest((SELECT max(seq) FROM operation), (SELECT max(seq) FROM label), 0);
