-- name: insert_shadow
-- A new candidate that follows from here on, unless its name is taken.
INSERT INTO shadow (name, policy, currency, digest, source, added_at, added_by, seq_first, position)
SELECT $1, $2, $3, $4, $5, $6, $7, last.seq, last.seq
FROM (SELECT coalesce(max(seq), 0) AS seq FROM operation) AS last
ON CONFLICT (name) DO NOTHING
RETURNING id, name, policy, currency, digest, added_at, added_by, state, reason, detail, seq_first, position, operations;

-- name: all_shadows
-- Every candidate, by name.
SELECT id, name, policy, currency, digest, added_at, added_by, state, reason, detail, seq_first, position, operations
FROM shadow ORDER BY name;

-- name: shadows_running
-- Whether any candidate runs.
SELECT EXISTS (SELECT FROM shadow WHERE state = 'running');

-- name: shadow_source
-- The files of a candidate ($1 id).
SELECT source FROM shadow WHERE id = $1;

-- name: pause_shadow
-- Stop a running candidate ($1 name, $2 reason, $3 detail); its id, or nothing where it does not run.
UPDATE shadow SET state = 'paused', reason = $2, detail = $3 WHERE name = $1 AND state = 'running' RETURNING id;

-- name: resume_shadow
-- Let a paused candidate go on where it stopped ($1 name); its id, or nothing where it is not paused.
UPDATE shadow SET state = 'running', reason = NULL, detail = NULL WHERE name = $1 AND state = 'paused' RETURNING id;

-- name: remove_shadow
-- Forget a candidate and all its results ($1 name); its id, or nothing where there is none.
DELETE FROM shadow WHERE name = $1 RETURNING id;

-- name: outcomes_compared
-- Sums by "live>candidate" over the chunks of a candidate ($1) that reach behind an instant ($2).
SELECT pair.key AS pair, sum((pair.value->>0)::bigint)::bigint AS operations,
       sum((pair.value->>1)::bigint)::bigint AS with_amount, sum((pair.value->>2)::numeric)::text AS amount_minor
FROM shadow_chunk AS c CROSS JOIN jsonb_each(c.outcomes) AS pair
WHERE c.shadow_id = $1 AND c.received_last >= $2
GROUP BY pair.key ORDER BY pair.key;

-- name: rules_compared
-- Sums by rule over the chunks of a candidate ($1) that reach behind an instant ($2).
SELECT rule.key AS rule, sum((rule.value->>0)::bigint)::bigint AS live_only,
       sum((rule.value->>1)::bigint)::bigint AS both, sum((rule.value->>2)::bigint)::bigint AS candidate_only
FROM shadow_chunk AS c CROSS JOIN jsonb_each(c.rules) AS rule
WHERE c.shadow_id = $1 AND c.received_last >= $2
GROUP BY rule.key ORDER BY rule.key;

-- name: period_compared
-- What the chunks of a candidate ($1) that reach behind an instant ($2) cover, and how large they are.
SELECT min(received_first) AS received_first, max(received_last) AS received_last, min(seq_first) AS seq_first,
       max(seq_last) AS seq_last, coalesce(sum(pg_column_size(c.*)), 0)::bigint AS bytes
FROM shadow_chunk AS c WHERE shadow_id = $1 AND received_last >= $2;

-- name: examples_compared
-- The latest operations with another outcome: candidate $1, numbers from $2 to $3, at most $4 of each kind.
SELECT found.live, found.candidate, o.id, o.kind, o.received_at
FROM (
    SELECT live, candidate, seq, row_number() OVER (PARTITION BY live, candidate ORDER BY seq DESC) AS rank
    FROM (
        SELECT live, candidate, seq FROM shadow_difference
        WHERE shadow_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq DESC LIMIT 10000
    ) AS latest
) AS found JOIN operation AS o ON o.seq = found.seq
WHERE found.rank <= $4 ORDER BY found.live, found.candidate, found.seq DESC;

-- name: labels_compared
-- Labelled operations by both answers: candidate $1, numbers from $2 to $3; the latest label of each counts.
SELECT o.outcome AS live, coalesce(d.candidate, o.outcome) AS candidate, l.fraud, count(*) AS operations
FROM (SELECT DISTINCT ON (operation_id) operation_id, fraud FROM label ORDER BY operation_id, seq DESC) AS l
JOIN operation AS o ON o.id = l.operation_id
LEFT JOIN shadow_difference AS d ON d.shadow_id = $1 AND d.seq = o.seq
WHERE o.seq BETWEEN $2 AND $3 GROUP BY 1, 2, 3;

-- name: follower_lock
-- Be the one follower of this database for the life of this connection ($1 its lock); false where there is one.
SELECT pg_try_advisory_lock($1);

-- name: running_shadows
-- The candidates that run.
SELECT id, name, policy, currency, digest, added_at, added_by, state, reason, detail, seq_first, position, operations
FROM shadow WHERE state = 'running' ORDER BY id;

-- name: last_chunk
-- The latest chunk of a candidate ($1), whole.
SELECT received_first, received_last, outcomes, rules, verdicts FROM shadow_chunk
WHERE shadow_id = $1 ORDER BY seq_first DESC LIMIT 1;

-- name: followed_rows
-- Operations numbered above $1, up to $2, at most $3; their bodies unless their policy is one of $4.
SELECT seq, id, kind, received_at, policy_id, outcome, facts, standing, answer,
       CASE WHEN policy_id = ANY($4::integer[]) THEN NULL ELSE body END
FROM operation WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3;

-- name: groups_open
-- The transactions that share an account's gate now ($1 the first gate, $2 the last).
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objid BETWEEN $1::bigint::oid AND $2::bigint::oid
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: followed_history
-- Operations since $1 numbered up to $2, with the outcome that candidate $3 gave; bodies unless policy is one of $4.
SELECT o.policy_id, o.facts, CASE WHEN o.policy_id = ANY($4::integer[]) THEN NULL ELSE o.body END,
       coalesce(d.candidate, o.outcome)
FROM operation AS o LEFT JOIN shadow_difference AS d ON d.shadow_id = $3 AND d.seq = o.seq
WHERE o.occurred_at > $1 AND o.seq <= $2 ORDER BY o.seq;

-- name: received_up_to
-- When the operation numbered $1, or the last one before it, reached us.
SELECT received_at FROM operation WHERE seq <= $1 ORDER BY seq DESC LIMIT 1;

-- name: advance_shadow
-- Move a running candidate ($1) from where it was ($2) on ($3), by $4 operations; nothing where it was stopped.
UPDATE shadow SET position = $3, operations = operations + $4
WHERE id = $1 AND position = $2 AND state = 'running' RETURNING id;

-- name: upsert_chunk
-- Write a chunk, or write it again with more in it.
INSERT INTO shadow_chunk
    (shadow_id, seq_first, seq_last, received_first, received_last, operations, outcomes, rules, verdicts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (shadow_id, seq_first) DO UPDATE SET seq_last = excluded.seq_last,
    received_first = excluded.received_first, received_last = excluded.received_last,
    operations = excluded.operations, outcomes = excluded.outcomes, rules = excluded.rules, verdicts = excluded.verdicts;

-- name: insert_differences
-- The operations to which a candidate ($1) would have given another outcome ($2 numbers, $3 live, $4 its own).
INSERT INTO shadow_difference (shadow_id, seq, live, candidate)
SELECT $1, one.seq, one.live, one.candidate
FROM unnest($2::bigint[], $3::smallint[], $4::smallint[]) AS one (seq, live, candidate);

-- name: prune_chunks
-- Forget up to 1,000 chunks of a candidate ($1) that ended before an instant ($2); the last number forgotten.
WITH gone AS (
    DELETE FROM shadow_chunk WHERE (shadow_id, seq_first) IN (
        SELECT shadow_id, seq_first FROM shadow_chunk
        WHERE shadow_id = $1 AND received_last < $2 ORDER BY seq_first LIMIT 1000
    ) RETURNING seq_last
)
SELECT max(seq_last) FROM gone;

-- name: prune_differences
-- Forget the differences of a candidate ($1) up to a number ($2).
DELETE FROM shadow_difference WHERE shadow_id = $1 AND seq <= $2;
