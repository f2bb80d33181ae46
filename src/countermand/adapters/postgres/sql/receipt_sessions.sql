-- name: begin_receipt_session
-- Write a new session: digest of its token, case, turn, shared, fresh, when, end when idle, end.
INSERT INTO receipt_session (token, case_id, turn, shared, fresh, begun_at, idle_ends_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: enter_receipt_session
-- The session of a token ($1) at an instant ($2), if it goes on, kept open for $3 more, on a shared device for $4.
UPDATE receipt_session SET
    idle_ends_at = least(ends_at, $2::timestamptz + CASE WHEN shared THEN $4::interval ELSE $3::interval END)
WHERE token = $1 AND idle_ends_at > $2
RETURNING case_id, turn, shared, fresh, begun_at, idle_ends_at, ends_at;

-- name: look_receipt_session
-- The session of a token ($1) at an instant ($2), if it goes on; it is kept open no longer by this.
SELECT case_id, turn, shared, fresh, begun_at, idle_ends_at, ends_at FROM receipt_session
WHERE token = $1 AND idle_ends_at > $2;

-- name: settle_receipt_session
-- Its holder has saved the secret.
UPDATE receipt_session SET fresh = false WHERE token = $1;

-- name: end_receipt_session
-- Forget one session.
DELETE FROM receipt_session WHERE token = $1;

-- name: end_receipt_sessions_of_case
-- Forget every session of a case.
DELETE FROM receipt_session WHERE case_id = $1;

-- name: drop_receipt_sessions
-- Forget what is over at $1, a hundred at a time, leaving those that somebody is at.
DELETE FROM receipt_session WHERE token IN (
    SELECT token FROM receipt_session WHERE idle_ends_at <= $1 ORDER BY idle_ends_at LIMIT 100 FOR UPDATE SKIP LOCKED
);
