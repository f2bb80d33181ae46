-- name: lock_holds
-- The holds of these operations ($1), locked, in order of id.
SELECT * FROM hold WHERE operation = ANY($1::text[]) ORDER BY operation FOR UPDATE;

-- name: account_holds
-- The holds of an account ($1) in a state ($2), locked, in order of id.
SELECT * FROM hold WHERE account = $1 AND state = $2 ORDER BY operation FOR UPDATE;

-- name: write_holds
-- What became of holds: $1 operations, $2 met (joined by commas), $3 until, $4 expires, $5 states, $6 ended at, $7 by, $8 cause.
UPDATE hold SET
    met = string_to_array(new.met, ','), until = new.until, expires_at = new.expires_at,
    state = new.state, ended_at = new.ended_at, ended_by = new.ended_by, cause = new.cause
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::timestamptz[], $7::text[], $8::text[]
) AS new (operation, met, until, expires_at, state, ended_at, ended_by, cause)
WHERE hold.operation = new.operation;

-- name: hold_of_operation
-- The hold of an operation ($1), if there is one.
SELECT * FROM hold WHERE operation = $1;

-- name: holds_page
-- Holds of an account ($1, NULL for all) in a state ($2, NULL for all) behind an operation ($3), up to $4 of them.
SELECT * FROM hold
WHERE ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR state = $2) AND operation > $3
ORDER BY operation LIMIT $4;

-- name: reserved_amounts
-- What the open holds of an account ($1) would take, by currency.
SELECT currency, sum(amount_minor)::bigint AS amount_minor FROM hold
WHERE account = $1 AND state = 'open' AND currency IS NOT NULL
GROUP BY currency ORDER BY currency;
