-- name: live_since
-- The policy that decides, and since when; its row changes only when it comes to decide.
SELECT v.id, v.name || '@' || v.version AS policy, p.updated_at AS since
FROM policy_publication AS p JOIN policy_version AS v ON v.id = p.policy_id
WHERE p.state = 'live';

-- name: hold_policy
-- A policy's state ($1 id), held against another step at the same time.
SELECT state FROM policy_publication WHERE policy_id = $1 FOR UPDATE;

-- name: last_steps
-- The last step of every threshold of a policy ($1 id), or of one of them ($2 name).
SELECT DISTINCT ON (name) name, number, at, step, before, value, pinned, cause, actor, text, evidence
FROM threshold_step WHERE policy_id = $1 AND ($2::text IS NULL OR name = $2)
ORDER BY name, number DESC;

-- name: last_moves
-- The last move of every threshold of a policy ($1 id).
SELECT DISTINCT ON (name) name, number, at, step, before, value, pinned, cause, actor, text, evidence
FROM threshold_step WHERE policy_id = $1 AND step = 'move'
ORDER BY name, number DESC;

-- name: steps_of
-- The steps of a policy's thresholds ($1 id), or of one ($2 name), newest first, up to $3 lines.
SELECT name, number, at, step, before, value, pinned, cause, actor, text, evidence
FROM threshold_step WHERE policy_id = $1 AND ($2::text IS NULL OR name = $2)
ORDER BY at DESC, name, number DESC LIMIT $3;

-- name: append_step
-- One step of a threshold.
INSERT INTO threshold_step
    (policy_id, name, number, at, step, before, value, pinned, cause, actor, text, evidence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: policy_number
-- The number of a recorded policy ($1 name, $2 version).
SELECT id FROM policy_version WHERE name = $1 AND version = $2;

-- name: highest_number
-- The number of the last operation; 0 before the first.
SELECT coalesce(max(seq), 0) FROM operation;

-- name: received_at_number
-- When the operation with this number ($1), or the next one after it, reached us.
SELECT received_at FROM operation WHERE seq >= $1 ORDER BY seq LIMIT 1;

-- name: evidence_of
-- Operations numbered above $1 up to $9, received from $2 to before $3, of policy $4 and kinds $5 (NULL: all; with $8 only
-- those labelled genuine), and on how many of them a rule of $6 fired; $7 are those ids as bytes, to look there first.
SELECT count(*) AS operations,
       count(*) FILTER (WHERE CASE WHEN EXISTS (SELECT FROM unnest($7::bytea[]) AS said WHERE position(said IN o.answer) > 0)
           THEN EXISTS (
               SELECT FROM jsonb_array_elements(convert_from(o.answer, 'UTF8')::jsonb -> 'decision' -> 'reasons') AS reason
               WHERE reason ->> 'rule' = ANY($6::text[])
           ) END) AS hits
FROM operation AS o
WHERE o.seq > $1 AND o.seq <= $9 AND o.received_at >= $2 AND o.received_at < $3 AND o.policy_id = $4
  AND ($5::text[] IS NULL OR o.kind = ANY($5))
  AND (NOT $8::boolean
       OR (SELECT l.fraud FROM label AS l WHERE l.operation_id = o.id ORDER BY l.seq DESC LIMIT 1) IS FALSE);
