-- name: act_for
-- Say for whom this transaction acts ($1), until it ends.
SELECT set_config('countermand.member', $1, true);

-- name: lock_gates
-- Wait until no decision on an account of these gates ($1, in order) is being committed, and keep the next ones waiting.
SELECT pg_advisory_xact_lock(gate) FROM unnest($1::bigint[]) AS gate;

-- name: account_handles
-- The random handles of these accounts, or other keys of subjects ($1), of those there are.
SELECT id, handle FROM account WHERE id = ANY($1::text[])
UNION ALL
SELECT key, handle FROM standing_subject WHERE key = ANY($1::text[]);

-- name: share_gates
-- Let no standing of the accounts of these gates ($1, in order) change before the transaction ends.
SELECT pg_advisory_xact_lock_shared(gate) FROM unnest($1::bigint[]) AS gate;

-- name: database_now
-- What time it is for the database.
SELECT clock_timestamp();
