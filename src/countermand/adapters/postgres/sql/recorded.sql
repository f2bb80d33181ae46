-- name: latest_facts
-- The facts of the operations recorded last, newest first ($1 how many).
SELECT policy_id, account, kind, occurred_at, facts FROM operation ORDER BY seq DESC LIMIT $1;

-- name: account_facts
-- The facts of an account's operations up to an instant and recorded before one ($1 account, $2 instant, $3 seq, $4 how many), newest first.
SELECT policy_id, account, kind, occurred_at, facts FROM operation
WHERE account = $1 AND occurred_at <= $2 AND seq < $3
ORDER BY occurred_at DESC LIMIT $4;

-- name: newer_facts
-- The facts of the last operations ($2 how many) numbered above one ($1), newest first.
SELECT seq, policy_id, account, kind, occurred_at, facts FROM operation
WHERE seq > $1 ORDER BY seq DESC LIMIT $2;
