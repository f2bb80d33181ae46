-- name: find_publication
-- Where a policy stands ($1 name, $2 version), held against another step at the same time.
SELECT v.id, v.name, v.version, v.digest, v.recorded_at, p.state, p.author, p.proposer, p.approver, p.start_at,
       p.going_back, p.lists_seen, p.warm_until
FROM policy_version AS v JOIN policy_publication AS p ON p.policy_id = v.id
WHERE v.name = $1 AND v.version = $2
FOR UPDATE OF p;

-- name: all_publications
-- Where every policy stands, newest first.
SELECT v.id, v.name, v.version, v.digest, v.recorded_at, p.state, p.author, p.proposer, p.approver, p.start_at,
       p.going_back, p.lists_seen, p.warm_until
FROM policy_version AS v JOIN policy_publication AS p ON p.policy_id = v.id ORDER BY v.id DESC;

-- name: insert_publication
-- A policy at the beginning of its way ($1 id, $2 state, $3 author, $4 when).
INSERT INTO policy_publication (policy_id, state, author, updated_at) VALUES ($1, $2, $3, $4);

-- name: move_publication
-- A policy in its new state ($2), with who proposed ($3) or approved ($4) it, and its start ($5, $6 going back).
UPDATE policy_publication SET
    state = $2, proposer = coalesce($3, proposer), approver = coalesce($4, approver), start_at = $5, going_back = $6,
    lists_seen = coalesce($7, lists_seen), updated_at = $8
WHERE policy_id = $1;

-- name: leave_live
-- Whoever is live makes room for another ($1): as superseded or rolled back ($2), warm until $3.
UPDATE policy_publication SET state = $2, warm_until = $3, lists_seen = coalesce($4, lists_seen), updated_at = $5
WHERE state = 'live' AND policy_id <> $1 RETURNING policy_id;

-- name: become_live
-- A policy ($1) decides from now on ($2).
UPDATE policy_publication SET
    state = 'live', start_at = NULL, going_back = false, warm_until = NULL, updated_at = $2
WHERE policy_id = $1;

-- name: append_step
-- One line of a policy's history: policy, when, step, who, why, details.
INSERT INTO policy_step (policy_id, at, step, actor, text, details) VALUES ($1, $2, $3, $4, $5, $6);

-- name: steps_of
-- The history of one policy ($1 name, $2 version), or of all (NULL), newest first, up to $3 lines.
SELECT v.name || '@' || v.version AS policy, s.at, s.step, s.actor, s.text, s.details
FROM policy_step AS s JOIN policy_version AS v ON v.id = s.policy_id
WHERE $1::text IS NULL OR (v.name = $1 AND v.version = $2)
ORDER BY s.seq DESC LIMIT $3;

-- name: list_sizes
-- How many entries of each list count at an instant ($1).
SELECT list, count(*) AS entries FROM list_entry WHERE expires_at > $1 GROUP BY list;

-- name: insert_canary
-- A canary that begins.
INSERT INTO policy_canary (id, policy_id, share_permille, salt, guardrails, state, reason, started_at, started_by)
VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8);

-- name: end_canary
-- A running canary ($1) ends: state, reason, figures, when, by whom; nothing where it has ended.
UPDATE policy_canary SET state = $2, reason = $3, figures = $4, ended_at = $5, ended_by = $6
WHERE id = $1 AND state = 'running' RETURNING policy_id;

-- name: latest_canaries
-- Canaries, newest first ($1 at most).
SELECT c.id, c.policy_id, v.name || '@' || v.version AS policy, c.share_permille, c.salt, c.guardrails, c.state, c.reason,
       c.figures, c.started_at, c.started_by, c.ended_at, c.ended_by
FROM policy_canary AS c JOIN policy_version AS v ON v.id = c.policy_id ORDER BY c.started_at DESC LIMIT $1;
