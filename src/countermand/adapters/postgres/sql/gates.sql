-- name: lock_gate
-- Wait until no decision on an account of this gate is being committed, and keep the next ones waiting.
SELECT pg_advisory_xact_lock($1);

-- name: account_handles
-- The random handles of these accounts ($1), of those there are.
SELECT id, handle FROM account WHERE id = ANY($1::text[]);
