-- name: lock_account
-- One account of staff, held until the transaction ends.
SELECT * FROM staff_account WHERE name = $1 FOR UPDATE;

-- name: all_accounts
-- Every account of staff, by name.
SELECT * FROM staff_account ORDER BY name;

-- name: key_roles
-- What somebody's good personal keys let them act as.
SELECT DISTINCT r.role FROM api_key CROSS JOIN LATERAL unnest(roles) AS r (role)
WHERE staff = $1 AND revoked_at IS NULL;

-- name: put_account
-- A new account of staff, or what became of one.
INSERT INTO staff_account (name, roles, joined_at, invited_by, changed_at, changed_by, left_at, issuer, subject)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (name) DO UPDATE SET
    roles = excluded.roles, joined_at = excluded.joined_at, invited_by = excluded.invited_by,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by, left_at = excluded.left_at,
    issuer = excluded.issuer, subject = excluded.subject;

-- name: linked_account
-- Whom a provider of single sign-on means.
SELECT * FROM staff_account WHERE issuer = $1 AND subject = $2 AND left_at IS NULL FOR UPDATE;

-- name: lock_invitation
-- The invitation of a link, held until the transaction ends.
SELECT * FROM staff_invitation WHERE digest = $1 FOR UPDATE;

-- name: all_invitations
-- The newest invitations first.
SELECT * FROM staff_invitation ORDER BY invited_at DESC, id DESC LIMIT 500;

-- name: put_invitation
-- A new invitation, or how one ended.
INSERT INTO staff_invitation (digest, id, name, roles, invited_at, invited_by, ends_at, ended_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (digest) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome;

-- name: staff_credentials
-- What somebody signs in with, held until the transaction ends.
SELECT * FROM staff_credential WHERE account = $1 AND state <> 'removed' ORDER BY id FOR UPDATE;

-- name: put_credential
-- Something to sign in with, or what became of it.
INSERT INTO staff_credential (
    id, account, method, name, device, secret, public, counter, state, created_at, pending_until, used_at, removed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, secret = excluded.secret, public = excluded.public,
    counter = greatest(staff_credential.counter, excluded.counter), state = excluded.state,
    used_at = excluded.used_at, removed_at = excluded.removed_at;

-- name: staff_strikes
-- The wrong answers for somebody, held until the transaction ends.
SELECT * FROM staff_strike WHERE account = $1 ORDER BY method, standing FOR UPDATE;

-- name: put_strike
-- Wrong answers by one method from one standing.
INSERT INTO staff_strike (account, method, standing, failures, window_at, locked_until)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account, method, standing) DO UPDATE SET
    failures = excluded.failures, window_at = excluded.window_at, locked_until = excluded.locked_until;

-- name: put_session
-- A new session, or a proof shown in it.
INSERT INTO staff_session (digest, id, staff, begun_at, seen_at, proved_at, ends_at, how, place, ended_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (digest) DO UPDATE SET proved_at = excluded.proved_at, seen_at = excluded.seen_at;

-- name: drop_old_sessions
-- Sessions that ended long ago ($1) are forgotten; the journal remembers them.
DELETE FROM staff_session WHERE ends_at < $1;

-- name: open_sessions
-- Sessions of somebody that were not ended, the last used first.
SELECT * FROM staff_session WHERE staff = $1 AND ended_at IS NULL ORDER BY seen_at DESC, id;

-- name: end_sessions
-- End sessions of somebody ($1): one ($4), all but one ($5), or all; their ids.
UPDATE staff_session SET ended_at = $2, outcome = $3
WHERE staff = $1 AND ended_at IS NULL AND ($4::text IS NULL OR id = $4) AND ($5::text IS NULL OR id <> $5)
RETURNING id;

-- name: drop_old_attempts
-- Ways in whose time is up.
DELETE FROM sign_in_attempt WHERE ends_at < $1;

-- name: put_attempt
-- A way in, begun or gone on with.
INSERT INTO sign_in_attempt (digest, kind, staff, sealed, begun_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (digest) DO UPDATE SET staff = excluded.staff, sealed = excluded.sealed;

-- name: lock_attempt
-- One way in, held until the transaction ends.
SELECT * FROM sign_in_attempt WHERE digest = $1 FOR UPDATE;

-- name: end_attempt
-- It came to its end.
DELETE FROM sign_in_attempt WHERE digest = $1;

-- name: knows_browser
-- Whether somebody has signed in there.
SELECT EXISTS (SELECT FROM staff_browser WHERE digest = $1 AND staff = $2);

-- name: know_browser
-- They have signed in there.
INSERT INTO staff_browser (digest, staff, known_at) VALUES ($1, $2, $3)
ON CONFLICT (digest) DO UPDATE SET staff = excluded.staff, known_at = excluded.known_at;

-- name: drop_old_browsers
-- Of the browsers of somebody ($1) the ones used last ($2 of them) stay known.
DELETE FROM staff_browser WHERE staff = $1 AND digest NOT IN (
    SELECT digest FROM staff_browser WHERE staff = $1 ORDER BY known_at DESC, digest LIMIT $2
);

-- name: forget_browsers
-- No browser is theirs any more.
DELETE FROM staff_browser WHERE staff = $1;

-- name: keep_form
-- What was sent after a session had ended.
INSERT INTO kept_form (id, staff, sealed, kept_at, ends_at) VALUES ($1, $2, $3, $4, $5);

-- name: drop_old_forms
-- Forms whose time is up ($1), and of one person ($2) all but the newest ($3 of them).
DELETE FROM kept_form WHERE ends_at < $1 OR (staff = $2 AND id NOT IN (
    SELECT id FROM kept_form WHERE staff = $2 ORDER BY kept_at DESC, id DESC LIMIT $3
));

-- name: find_form
-- What somebody sent, if it is theirs and its time is not up.
SELECT * FROM kept_form WHERE id = $1 AND staff = $2 AND ends_at > $3;

-- name: drop_form
-- It was sent again.
DELETE FROM kept_form WHERE id = $1;

-- name: find_session
-- The session of a cookie, with its holder as they are now.
SELECT
    s.digest, s.id, s.staff, s.begun_at, s.seen_at, s.proved_at, s.ends_at, s.how, s.place, s.ended_at, s.outcome,
    a.name, a.roles, a.joined_at, a.invited_by, a.changed_at, a.changed_by, a.left_at, a.issuer, a.subject
FROM staff_session AS s INNER JOIN staff_account AS a ON a.name = s.staff WHERE s.digest = $1;

-- name: session_seen
-- A session was used.
UPDATE staff_session SET seen_at = greatest(seen_at, $2) WHERE digest = $1 AND ended_at IS NULL;
