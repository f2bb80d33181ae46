-- name: lock_topic
-- Let those who work on one topic ($1) follow each other until their transactions end.
SELECT pg_advisory_xact_lock(7402, hashtext($1));

-- name: account_authenticators
-- The authenticators of an account ($1) that were not removed, locked, in order of id.
SELECT * FROM authenticator WHERE account = $1 AND state <> 'removed' ORDER BY id FOR UPDATE;

-- name: put_authenticator
-- Write an authenticator, or what became of one.
INSERT INTO authenticator (
    id, account, method, name, device, secret, public, counter, state, created_at, pending_until, used_at, removed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, device = excluded.device, secret = excluded.secret, public = excluded.public,
    counter = greatest(authenticator.counter, excluded.counter), state = excluded.state,
    pending_until = excluded.pending_until, used_at = excluded.used_at, removed_at = excluded.removed_at;

-- name: last_challenge
-- The newest challenge of a purpose ($1) about something ($2), locked.
SELECT document FROM challenge WHERE purpose = $1 AND ref = $2
ORDER BY state = 'open' DESC, begun_at DESC, id DESC LIMIT 1 FOR UPDATE;

-- name: put_challenge
-- Write a challenge, or what became of an open one.
INSERT INTO challenge (id, purpose, ref, account, state, begun_at, expires_at, ended_at, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, ended_at = excluded.ended_at, document = excluded.document;

-- name: open_code_budgets
-- Let there be rows of these budgets ($1, in order).
INSERT INTO code_budget (budget) SELECT unnest($1::text[]) ON CONFLICT (budget) DO NOTHING;

-- name: code_budgets
-- When the codes of these budgets ($1) left, locked, in order.
SELECT budget, sent FROM code_budget WHERE budget = ANY($1::text[]) ORDER BY budget FOR UPDATE;

-- name: keep_code_budget
-- When the codes of a budget ($1) left within the last hour ($2).
UPDATE code_budget SET sent = $2 WHERE budget = $1;

-- name: account_strikes
-- The wrong answers of an account ($1), locked.
SELECT * FROM strike WHERE account = $1 ORDER BY method, standing FOR UPDATE;

-- name: put_strike
-- Write the wrong answers by one method from one standing.
INSERT INTO strike (account, method, standing, failures, window_at, locked_until) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account, method, standing) DO UPDATE SET
    failures = excluded.failures, window_at = excluded.window_at, locked_until = excluded.locked_until;

-- name: add_confirmation
-- Keep a proof and the evidence behind it.
INSERT INTO confirmation (
    id, purpose, ref, account, linked, strength, factors, methods, device, session, at, seal, evidence
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
);

-- name: find_confirmation
-- One proof ($1).
SELECT * FROM confirmation WHERE id = $1;

-- name: spend_token
-- Take a token ($1) that counts once until $2; nothing where it was taken before.
INSERT INTO spent_token (token, expires_at) VALUES ($1, $2) ON CONFLICT (token) DO NOTHING RETURNING token;

-- name: forget_tokens
-- Drop up to 100 tokens that refuse themselves since $1.
DELETE FROM spent_token WHERE token IN (SELECT token FROM spent_token WHERE expires_at < $1 LIMIT 100);

-- name: undelivered_methods
-- Since $1: methods whose last codes got stuck on their way, and those that refuse the address of an account ($2).
SELECT method FROM (
    SELECT
        body ->> 'method' AS method, state,
        row_number() OVER (PARTITION BY body ->> 'method' ORDER BY seq DESC) AS place
    FROM effect
    WHERE action = 'one_time_code' AND placed_at >= $1
    AND (state = 'done' OR attempts >= 2 OR answer ->> 'refused' IN ('expired', 'no_sender'))
    AND answer ->> 'refused' IS DISTINCT FROM 'code_refused'
) AS tried
WHERE place <= 3 GROUP BY method HAVING count(*) >= 2 AND bool_and(state <> 'done')
UNION
SELECT body ->> 'method' FROM effect
WHERE action = 'one_time_code' AND placed_at >= $1 AND body ->> 'account' = $2
AND answer ->> 'refused' = 'code_refused';
