-- name: move_guard
-- Create the account or move its guard: every cached copy of its standing is stale from the commit on ($1 id).
INSERT INTO account (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET guard = account.guard + 1, updated_at = now()
RETURNING handle, guard;

-- name: active_freeze
-- The freeze of an account's own door that binds it now ($1 id).
SELECT id, reason, placed_at, placed_by FROM standing_order
WHERE account = $1 AND kind = 'freeze' AND incident IS NULL AND lifted_at IS NULL;

-- name: place_freeze
-- Place a freeze: id, account, reason, when, by whom.
INSERT INTO standing_order (id, account, kind, reason, placed_at, placed_by) VALUES ($1, $2, 'freeze', $3, $4, $5);

-- name: lift_freeze
-- Lift that freeze of an account: account, when, by whom. Who asked first may come second to the gate.
UPDATE standing_order SET lifted_at = greatest($2, placed_at), lifted_by = $3
WHERE account = $1 AND kind = 'freeze' AND incident IS NULL AND lifted_at IS NULL RETURNING id, placed_at;

-- name: freezing_incident
-- The incident whose order freezes an account ($1) at an instant ($2), if there is one.
SELECT incident FROM standing_order
WHERE account = $1 AND kind = 'freeze' AND incident IS NOT NULL AND lifted_at IS NULL AND (ends_at IS NULL OR ends_at > $2)
ORDER BY placed_at LIMIT 1;
