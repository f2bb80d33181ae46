-- name: find_operation
-- One recorded operation with its policy's name and version ($1 id).
SELECT o.id, o.account, o.kind, o.occurred_at, o.received_at, o.body_digest, o.body, o.decision_id, o.outcome,
       o.policy_id, o.facts, o.observation, o.standing, o.answer, o.trace_id, o.seq, p.name || '@' || p.version AS policy
FROM operation AS o JOIN policy_version AS p ON p.id = o.policy_id
WHERE o.id = $1 OR o.decision_id = $1;

-- name: labels_of_operation
-- Labels of an operation ($1) behind the label with id $2 ('' for all), $3 at most, in the order of their coming.
SELECT l.id, l.operation_id, l.fraud, l.source, l.occurred_at, l.known_at, l.recorded_at, l.recorded_by, l.trace_id,
       l.seq, l.corrects
FROM (
    SELECT *, lag(id) OVER (ORDER BY seq) AS corrects FROM label WHERE operation_id = $1
) AS l
WHERE l.seq > coalesce((SELECT seq FROM label WHERE operation_id = $1 AND id = $2), 0)
ORDER BY l.seq LIMIT $3;

-- name: operations_of_account
-- Operations of an account ($1) before an instant and a number ($2, $3), newest first, with the state of their hold; $4 at most.
SELECT o.seq, o.body, o.outcome, o.answer, h.state, h.until
FROM operation AS o LEFT JOIN hold AS h ON h.operation = o.id
WHERE o.account = $1 AND (o.occurred_at, o.seq) < ($2, $3)
ORDER BY o.occurred_at DESC, o.seq DESC LIMIT $4;
