-- name: lock_gate
-- Wait until no decision on an account of this gate is being committed, and keep the next ones waiting.
SELECT pg_advisory_xact_lock($1);
