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

-- name: open_sessions
-- The sessions of an account ($1) that nobody ended, the newest first.
SELECT digest, id, account, session, device, public, browser, begun_at, seen_at, ended_at
FROM holder_session WHERE account = $1 AND ended_at IS NULL ORDER BY seen_at DESC LIMIT 200;

-- name: end_sessions_of_device
-- End the open sessions of an account ($1) on a device ($2) at $3.
UPDATE holder_session SET ended_at = $3 WHERE account = $1 AND device = $2 AND ended_at IS NULL;

-- name: devices_of_account
-- What the holder of an account ($1) said of its devices.
SELECT account, device, name, removed_at FROM holder_device WHERE account = $1 ORDER BY device;

-- name: put_device
-- What is said of a device ($2) of an account ($1): its name ($3), and when it was removed ($4).
INSERT INTO holder_device (account, device, name, removed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (account, device) DO UPDATE SET name = excluded.name, removed_at = excluded.removed_at;

-- name: take_device_off
-- Take a device ($2) off the profile of an account ($1) and move its guard: cached copies are stale from the commit on.
UPDATE account SET devices = array_remove(devices, $2), guard = guard + 1, updated_at = now()
WHERE id = $1 AND $2 = ANY(devices);

-- name: looked_at
-- When the holder of an account ($1) last looked at its devices.
SELECT looked_at FROM holder_check WHERE account = $1;

-- name: begin_checking
-- The holder of an account ($1) came for the first time.
INSERT INTO holder_check (account) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: note_look
-- They have looked, at $2.
INSERT INTO holder_check (account, looked_at) VALUES ($1, $2)
ON CONFLICT (account) DO UPDATE SET looked_at = excluded.looked_at;
