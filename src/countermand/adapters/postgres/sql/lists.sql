-- name: upsert_entry
-- One entry, in place of an earlier one for the same value; whether there was one.
WITH earlier AS (SELECT FROM list_entry WHERE list = $1 AND value = $2)
INSERT INTO list_entry (list, value, source, reason, expires_at, added_at, added_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (list, value) DO UPDATE SET
    source = excluded.source, reason = excluded.reason, expires_at = excluded.expires_at,
    added_at = excluded.added_at, added_by = excluded.added_by
RETURNING EXISTS (SELECT FROM earlier);

-- name: delete_entry
-- Forget one entry.
DELETE FROM list_entry WHERE list = $1 AND value = $2 RETURNING list;

-- name: page_entries
-- Entries of one list by value, behind a given one.
SELECT list, value, source, reason, expires_at, added_at, added_by FROM list_entry
WHERE list = $1 AND value > $2 ORDER BY value LIMIT $3;

-- name: count_entries
-- How many entries there are, and when the latest was added: together they tell nearly every change.
SELECT count(*) AS entries, max(added_at) AS latest FROM list_entry;

-- name: entries_since
-- What was added at or after an instant.
SELECT list, value, expires_at FROM list_entry WHERE added_at >= $1;

-- name: all_entries
-- What rules need of every entry, by page: behind a given list and value.
SELECT list, value, expires_at FROM list_entry WHERE (list, value) > ($1, $2) ORDER BY list, value LIMIT $3;
