-- name: set_timers
-- Set timers ($1 kinds, $2 refs, $3 instants); one that is set already moves to its new instant.
INSERT INTO timer (kind, ref, due_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (kind, ref) DO UPDATE SET due_at = excluded.due_at;

-- name: cancel_timers
-- Take timers of a kind ($1) back by their refs ($2); one that somebody acts on right now is left to them.
DELETE FROM timer WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM timer WHERE kind = $1 AND ref = ANY($2::text[]) FOR UPDATE SKIP LOCKED
));

-- name: claim_timers
-- Take the timers of a kind ($1) that are due at an instant ($2), up to $3 of them; nobody else gets these.
DELETE FROM timer
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM timer
    WHERE kind = $1 AND due_at <= $2
    ORDER BY due_at LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING ref, due_at;

-- name: next_due
-- When the next timer of each of these kinds ($1) is due; kinds without one are left out.
SELECT kind, due_at FROM (
    SELECT kind, (SELECT min(due_at) FROM timer WHERE timer.kind = known.kind) AS due_at
    FROM unnest($1::text[]) AS known (kind)
) AS next
WHERE due_at IS NOT NULL;
