-- name: operations_named
-- Recorded operations ($1 ids) with their policies and their last labels, by when they happened.
SELECT o.id, o.body, o.answer, o.occurred_at, o.received_at, o.body_digest, o.trace_id,
    p.name || '@' || p.version AS policy, l.fraud, l.source, l.recorded_at, l.recorded_by
FROM operation AS o
JOIN policy_version AS p ON p.id = o.policy_id
LEFT JOIN LATERAL (
    SELECT fraud, source, recorded_at, recorded_by FROM label WHERE operation_id = o.id ORDER BY seq DESC LIMIT 1
) AS l ON true
WHERE o.id = ANY($1::text[]) ORDER BY o.occurred_at, o.seq;

-- name: confirmations_about
-- What was proved about operations ($1), in order; the raw evidence stays where it is.
SELECT id, purpose, ref, account, linked, strength, factors, methods, device, session, at, seal FROM confirmation
WHERE ref = ANY($1::text[]) AND purpose IN ('operation', 'release') ORDER BY at, id;

-- name: challenges_about
-- The challenges about operations ($1), in order.
SELECT document FROM challenge WHERE ref = ANY($1::text[]) AND purpose IN ('operation', 'release')
ORDER BY begun_at, id;

-- name: holds_about
-- The holds of operations ($1); nothing is locked.
SELECT * FROM hold WHERE operation = ANY($1::text[]);

-- name: operations_kept
-- The operations that incidents ($1) asked to be kept.
SELECT DISTINCT unnest(operations) AS operation FROM evidence_request WHERE incident = ANY($1::text[]);

-- name: operations_since
-- The operations of an account ($1) that came, or ended their wait, since $2, oldest first, $3 at most. What came
-- long after it happened is found too, up to 30 days: nothing waits longer.
SELECT o.id FROM operation AS o LEFT JOIN hold AS h ON h.operation = o.id
WHERE o.account = $1 AND o.occurred_at >= $2::timestamptz - INTERVAL '30 days' AND (o.received_at >= $2 OR h.ended_at >= $2)
ORDER BY o.received_at, o.seq LIMIT $3;

-- name: incidents_named
-- These incidents ($1), by when they were placed.
SELECT * FROM incident WHERE id = ANY($1::text[]) ORDER BY placed_at, id;

-- name: orders_placed
-- Every order of incidents ($1), lifted ones too.
SELECT id, kind, code, placed_at, placed_by, ends_at, lifted_at, lifted_by, incident FROM standing_order
WHERE incident = ANY($1::text[]) ORDER BY placed_at, id;

-- name: effects_named
-- These effects ($1), in the order of their writing.
SELECT * FROM effect WHERE id = ANY($1::text[]) ORDER BY seq;

-- name: heard_in_cases
-- What came in for cases ($1), by time.
SELECT id, case_id, channel, received_at, digest FROM inbound WHERE case_id = ANY($1::text[]) ORDER BY received_at, id;

-- name: notices_between
-- Notices of an account ($1) from $2 to $3, at most $4, in order.
SELECT * FROM notice WHERE account = $1 AND at BETWEEN $2 AND $3 ORDER BY seq LIMIT $4;

-- name: facts_at
-- Lines of the journal at these instants ($1) about these cases ($2), subjects ($3) or operations ($4), at most $5; with
-- where the log has them.
SELECT j.seq, j.at, j.kind, j.subject, j.body, j.trace_id, e.label, e.index, e.leaf
FROM journal AS j
LEFT JOIN LATERAL (
    SELECT s.label, e.index, e.leaf FROM log_entry AS e JOIN log_shard AS s ON s.id = e.shard
    WHERE e.fact = j.seq AND (s.closed_size IS NULL OR e.index < s.closed_size) ORDER BY e.shard DESC LIMIT 1
) AS e ON true
WHERE j.at = ANY($1::timestamptz[])
    AND (
        j.body ->> 'case' = ANY($2::text[]) OR j.subject = ANY($3::uuid[]) OR j.body ->> 'operation' = ANY($4::text[])
    )
ORDER BY j.seq LIMIT $5;

-- name: attach_map
-- The map of responsibilities ($3) that goes with event $2 of a case ($1); one that is there stays.
INSERT INTO responsibility_map (case_id, seq, content, digest, made_at) VALUES ($1, $2, $3, sha256($3), $4)
ON CONFLICT (case_id, seq) DO NOTHING;

-- name: maps_attached
-- The maps of a case ($1), in order.
SELECT seq, content FROM responsibility_map WHERE case_id = $1 ORDER BY seq;
