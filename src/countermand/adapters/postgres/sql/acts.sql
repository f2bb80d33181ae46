-- name: has_written
-- Whether this transaction has written or locked anything so far.
SELECT pg_current_xact_id_if_assigned() IS NOT NULL;

-- name: claim_key
-- Take a key: actor, key, digest, token, when; one that was taken before $6 is free again. No row: it is somebody else's.
INSERT INTO kept_act AS kept (actor, key, digest, token, begun_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (actor, key) DO UPDATE SET
    digest = excluded.digest, token = excluded.token, begun_at = excluded.begun_at, status = NULL, answer = NULL
WHERE kept.token = excluded.token OR kept.begun_at < $6
RETURNING true;

-- name: keep_answer
-- Keep what was answered: actor, key, digest, token, when, status, sealed answer; another's, if newer than $8, stays.
INSERT INTO kept_act AS kept (actor, key, digest, token, begun_at, status, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (actor, key) DO UPDATE SET
    digest = excluded.digest, token = excluded.token, begun_at = excluded.begun_at,
    status = excluded.status, answer = excluded.answer
WHERE kept.token = excluded.token OR kept.begun_at < $8;

-- name: find_kept_act
-- What was asked and answered under an actor's ($1) key ($2), not before $3.
SELECT digest, status, answer FROM kept_act WHERE actor = $1 AND key = $2 AND begun_at >= $3;

-- name: drop_kept_acts
-- Forget keys from before $1, a hundred at a time, leaving those that somebody is at.
DELETE FROM kept_act WHERE (actor, key) IN (
    SELECT actor, key FROM kept_act WHERE begun_at < $1 ORDER BY begun_at LIMIT 100 FOR UPDATE SKIP LOCKED
);
