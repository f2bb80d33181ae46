-- name: lock_holds
-- The holds of these operations ($1), locked, in order of id.
SELECT * FROM hold WHERE operation = ANY($1::text[]) ORDER BY operation FOR UPDATE;

-- name: lock_free_holds
-- The holds of these operations ($1) that nobody else has locked, locked, in order of id.
SELECT * FROM hold WHERE operation = ANY($1::text[]) ORDER BY operation FOR UPDATE SKIP LOCKED;

-- name: accounts_of_holds
-- The account of each of these operations ($1) that has a hold.
SELECT operation, account FROM hold WHERE operation = ANY($1::text[]);

-- name: decisions_of_holds
-- The decision of each of these operations ($1).
SELECT id, decision_id FROM operation WHERE id = ANY($1::text[]);

-- name: account_holds
-- The holds of an account ($1) in some states ($2), locked, in order of id.
SELECT * FROM hold WHERE account = $1 AND state = ANY($2::text[]) ORDER BY operation FOR UPDATE;

-- name: write_holds
-- What became of holds: $1 operations, $2 met (joined by commas), $3 until, $4 expires, $5 states, $6 ended at, $7 by, $8 cause.
UPDATE hold SET
    met = string_to_array(new.met, ','), until = new.until, expires_at = new.expires_at,
    state = new.state, ended_at = new.ended_at, ended_by = new.ended_by, cause = new.cause
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::timestamptz[], $7::text[], $8::text[]
) AS new (operation, met, until, expires_at, state, ended_at, ended_by, cause)
WHERE hold.operation = new.operation;

-- name: give_back
-- Give the day's limits of their accounts back what these held operations ($1) took; the newest 100 of an account stay.
INSERT INTO account AS kept (id, given_back, profiled)
SELECT h.account, jsonb_agg(jsonb_build_array(
    h.operation, h.kind, h.amount_minor, h.currency, (extract(epoch FROM o.occurred_at) * 1000000)::bigint
) ORDER BY o.occurred_at, h.operation), false
FROM hold AS h JOIN operation AS o ON o.id = h.operation
WHERE h.operation = ANY($1::text[]) AND h.amount_minor IS NOT NULL
GROUP BY h.account ORDER BY h.account
ON CONFLICT (id) DO UPDATE SET guard = kept.guard + 1, updated_at = now(), given_back = (
    SELECT jsonb_agg(entry ORDER BY (entry ->> 4)::bigint, entry ->> 0) FROM (
        SELECT entry FROM jsonb_array_elements(kept.given_back || excluded.given_back) AS entry
        ORDER BY (entry ->> 4)::bigint DESC, entry ->> 0 LIMIT 100
    ) AS newest
);

-- name: hold_of_operation
-- The hold of an operation ($1), if there is one.
SELECT * FROM hold WHERE operation = $1;

-- name: holds_page
-- Holds of an account ($1, NULL for all) in a state ($2, NULL for all) behind an operation ($3), up to $4 of them.
SELECT * FROM hold
WHERE ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR state = $2) AND operation > $3
ORDER BY operation LIMIT $4;

-- name: holds_to
-- Holds of some kinds ($2) on their way to an account of this house ($1), newest first, up to $3.
SELECT * FROM hold
WHERE counterparty = $1 AND institution IS NULL AND state IN ('open', 'released') AND kind = ANY($2::text[])
    AND account <> $1
ORDER BY placed_at DESC, operation LIMIT $3;

-- name: reserved_amounts
-- What the holds of an account ($1) would take that are open, or released and not yet executed, by currency.
SELECT currency, sum(amount_minor)::bigint AS amount_minor FROM hold
WHERE account = $1 AND state IN ('open', 'released') AND currency IS NOT NULL AND kind = ANY($2::text[])
GROUP BY currency ORDER BY currency;

-- name: standings_of_operations
-- How operations ($1) were decided, the state of their hold, and whether the bank's answer is still to be written.
SELECT o.id, o.outcome, o.account, o.body, h.state, EXISTS (
    SELECT FROM effect AS e WHERE e.id = 'execute-' || o.id AND e.state = 'pending'
) AS pending
FROM operation AS o LEFT JOIN hold AS h ON h.operation = o.id
WHERE o.id = ANY($1::text[]);

-- name: executed_page
-- Holds that were executed, behind an operation ($1), up to $2 of them, in order.
SELECT * FROM hold WHERE state = 'executed' AND operation > $1 ORDER BY operation LIMIT $2;
