-- name: accounts_moved
-- The server's epoch, and the accounts whose guard is not the one presented ($1 ids, $2 guards) with any freeze.
SELECT e.epoch, moved.*
FROM server_epoch AS e
LEFT JOIN (
    SELECT a.id, a.guard, a.handle, a.type, a.timezone, a.opened_at, a.home_ips, a.home_places, a.devices, a.traits,
           a.kyc_level, s.id AS freeze_id, s.reason AS freeze_reason, s.placed_at AS freeze_placed_at
    FROM unnest($1::text[], $2::bigint[]) AS presented (id, guard)
    JOIN account AS a ON a.id = presented.id AND a.guard <> presented.guard
    LEFT JOIN standing_order AS s ON s.account = a.id AND s.kind = 'freeze' AND s.lifted_at IS NULL
) AS moved ON true;

-- name: operations_recorded
-- The answers of those ids ($1) that are recorded.
SELECT id, body_digest, answer FROM operation WHERE id = ANY($1::text[]);

-- name: recorded_history
-- Observations since an instant ($1), in order of recording; whole rows where the windows were others ($2: same).
SELECT policy_id,
       CASE WHEN policy_id = ANY($2::integer[]) THEN observation END,
       CASE WHEN policy_id = ANY($2::integer[]) THEN NULL ELSE facts END,
       CASE WHEN policy_id = ANY($2::integer[]) THEN NULL ELSE body END,
       outcome
FROM operation
WHERE occurred_at > $1
ORDER BY seq;

-- name: find_operation
-- One recorded operation with its policy's name and version ($1 id).
SELECT o.id, o.account, o.kind, o.occurred_at, o.received_at, o.body_digest, o.body, o.decision_id, o.outcome,
       o.policy_id, o.facts, o.observation, o.standing, o.answer, o.trace_id, o.seq, p.name || '@' || p.version AS policy
FROM operation AS o JOIN policy_version AS p ON p.id = o.policy_id
WHERE o.id = $1 OR o.decision_id = $1;

-- name: policy_source
-- The files of a recorded policy ($1 id).
SELECT source FROM policy_version WHERE id = $1;

-- name: policy_versions
-- Every recorded policy, newest first, and whether it is live.
SELECT v.id, v.name, v.version, v.recorded_at, l.policy_id IS NOT NULL AS live
FROM policy_version AS v LEFT JOIN policy_live AS l ON l.policy_id = v.id ORDER BY v.id DESC;

-- name: find_policy
-- A recorded policy by name and version ($1, $2).
SELECT id, digest FROM policy_version WHERE name = $1 AND version = $2;

-- name: record_policy
-- Record a policy: name, version, digest, source, when.
INSERT INTO policy_version (name, version, digest, source, recorded_at) VALUES ($1, $2, $3, $4, $5) RETURNING id;

-- name: make_live
-- Make a recorded policy ($1) the live one.
INSERT INTO policy_live (policy_id) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET policy_id = excluded.policy_id;

-- name: take_epoch
-- Become the one server that decides: the next epoch.
INSERT INTO server_epoch (epoch, taken_at) VALUES (1, now())
ON CONFLICT (only_row) DO UPDATE SET epoch = server_epoch.epoch + 1, taken_at = now() RETURNING epoch;

-- name: move_guard
-- Create the account or move its guard: every cached copy of its standing is stale from the commit on ($1 id).
INSERT INTO account (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET guard = account.guard + 1, updated_at = now()
RETURNING handle, guard;

-- name: active_freeze
-- The freeze that binds an account now ($1 id).
SELECT id, reason, placed_at, placed_by FROM standing_order
WHERE account = $1 AND kind = 'freeze' AND lifted_at IS NULL;

-- name: place_freeze
-- Place a freeze: id, account, reason, when, by whom.
INSERT INTO standing_order (id, account, kind, reason, placed_at, placed_by) VALUES ($1, $2, 'freeze', $3, $4, $5);

-- name: lift_freeze
-- Lift the active freeze of an account: account, when, by whom.
UPDATE standing_order SET lifted_at = $2, lifted_by = $3
WHERE account = $1 AND kind = 'freeze' AND lifted_at IS NULL RETURNING id;
