-- name: put_entry
-- A way in for the holder of an account.
INSERT INTO holder_entry (digest, account, session, device, public, made_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: drop_entries
-- Ways in that ran out before $1, a hundred at a time.
DELETE FROM holder_entry WHERE digest IN (SELECT digest FROM holder_entry WHERE ends_at < $1 LIMIT 100);

-- name: use_entry
-- Take a way in that works at $2; it works no more.
DELETE FROM holder_entry WHERE digest = $1 AND ends_at > $2
RETURNING digest, account, session, device, public, made_at, ends_at;

-- name: begin_session
-- A new session of a holder.
INSERT INTO holder_session (digest, id, account, session, device, public, browser, begun_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: find_session
-- The session of a cookie.
SELECT digest, id, account, session, device, public, browser, begun_at, seen_at, ended_at
FROM holder_session WHERE digest = $1;

-- name: seen_session
-- It was used at $2.
UPDATE holder_session SET seen_at = $2 WHERE digest = $1 AND seen_at < $2;

-- name: end_sessions
-- End the open sessions of an account ($1) at $2, or the one named $3.
UPDATE holder_session SET ended_at = $2
WHERE account = $1 AND ended_at IS NULL AND ($3::text IS NULL OR id = $3);
