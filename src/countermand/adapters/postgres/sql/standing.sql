-- name: orders_on
-- The orders on these subjects ($1 keys) that were not lifted.
SELECT body FROM order_in_force WHERE subject = ANY($1::text[]) ORDER BY placed_at, id;

-- name: orders_by_id
-- Those of these orders ($1) that were not lifted.
SELECT body FROM order_in_force WHERE id = ANY($1::text[]) ORDER BY placed_at, id;

-- name: orders_of_incidents
-- The orders of these incidents ($1) that were not lifted.
SELECT body FROM order_in_force WHERE incident = ANY($1::text[]) ORDER BY placed_at, id;

-- name: place_orders
-- Write new orders: ids, accounts, persons, kinds, reasons, placed at, by, named (JSON arrays), begun before, amounts, currencies, codes, ends at, incidents.
INSERT INTO standing_order (
    id, account, person, kind, reason, placed_at, placed_by, named, begun_before, amount_minor, currency, code, ends_at,
    incident
)
SELECT id, account, person, kind, reason, placed_at, placed_by, ARRAY(SELECT jsonb_array_elements_text(named::jsonb)),
    begun_before, amount_minor, currency, code, ends_at, incident
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
    $9::timestamptz[], $10::bigint[], $11::text[], $12::text[], $13::timestamptz[], $14::text[]
) AS new (
    id, account, person, kind, reason, placed_at, placed_by, named, begun_before, amount_minor, currency, code, ends_at,
    incident
);

-- name: lift_orders
-- Lift those of these orders ($1) that were not lifted, at $2, by $3.
UPDATE standing_order SET lifted_at = greatest($2, placed_at), lifted_by = $3
WHERE id = ANY($1::text[]) AND lifted_at IS NULL RETURNING id;

-- name: move_account_guards
-- Create these accounts ($1, in order) or move their guards: cached copies are stale from the commit on.
INSERT INTO account (id) SELECT unnest($1::text[])
ON CONFLICT (id) DO UPDATE SET guard = account.guard + 1, updated_at = now();

-- name: move_subject_guards
-- The same for persons and everybody ($1 keys, in order).
INSERT INTO standing_subject (key) SELECT unnest($1::text[])
ON CONFLICT (key) DO UPDATE SET guard = standing_subject.guard + 1, updated_at = now();
