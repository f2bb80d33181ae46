-- name: waiting_raise
-- The raise of an account ($1) that waits.
SELECT * FROM limit_raise WHERE account = $1 AND state = 'waiting';

-- name: waiting_raises
-- Those of these raises ($1) that wait.
SELECT * FROM limit_raise WHERE id = ANY($1::text[]) AND state = 'waiting' ORDER BY asked_at, id;

-- name: put_raise
-- Write a raise, new or changed; only when it binds and how it ended can change.
INSERT INTO limit_raise (
    id, account, standing_order, amount_minor, currency, confirmation, asked_at, asked_by, binds_at, state, ended_at,
    ended_by, why
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET
    binds_at = excluded.binds_at, state = excluded.state, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
    why = excluded.why;

-- name: trust_changed
-- When an account ($1) last had one of the kinds ($3) that was not denied, another authenticator or address, since $2.
SELECT greatest(
    (
        SELECT max(received_at) FROM operation
        WHERE account = $1 AND kind = ANY($3::text[]) AND received_at > $2 AND outcome < 4
    ),
    (
        SELECT max(greatest(created_at, removed_at)) FROM authenticator
        WHERE account = $1 AND state <> 'pending' AND greatest(created_at, removed_at) > $2
    ),
    (SELECT max(ended_at) FROM contact_change WHERE account = $1 AND state = 'done' AND ended_at > $2)
);

-- name: contained_since
-- Whether an account ($1) got an order since $2 that is neither its holder's ($3 codes) nor follows from a lifting.
SELECT EXISTS (
    SELECT FROM standing_order WHERE account = $1 AND placed_at >= $2 AND code <> ALL($3::text[])
);
