-- name: find_operation
-- One recorded operation with its policy's name and version ($1 id).
SELECT o.id, o.account, o.kind, o.occurred_at, o.received_at, o.body_digest, o.body, o.decision_id, o.outcome,
       o.policy_id, o.facts, o.observation, o.standing, o.answer, o.trace_id, o.seq, p.name || '@' || p.version AS policy
FROM operation AS o JOIN policy_version AS p ON p.id = o.policy_id
WHERE o.id = $1 OR o.decision_id = $1;
