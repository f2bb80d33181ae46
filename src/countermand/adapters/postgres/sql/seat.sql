-- name: try_seat
-- Take the seat of the one deciding server for the life of this connection ($1 its lock); false where it is taken.
SELECT pg_try_advisory_lock($1);

-- name: seat_taken
-- Whether somebody holds the seat ($1 its lock).
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objid = $1::bigint::oid AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);

-- name: wait_for_gates
-- How long this transaction waits for a lock ($1, such as 40s).
SELECT set_config('lock_timeout', $1, true);

-- name: lock_gates
-- Wait until no group of any server is in flight, and let none begin ($1 all gates, in order).
SELECT pg_advisory_xact_lock(gate) FROM unnest($1::bigint[]) AS gate;

-- name: take_epoch
-- Become the one server that decides: the next epoch.
INSERT INTO server_epoch (epoch, taken_at) VALUES (1, now())
ON CONFLICT (only_row) DO UPDATE SET epoch = server_epoch.epoch + 1, taken_at = excluded.taken_at RETURNING epoch;

-- name: read_epoch
-- The present epoch.
SELECT epoch FROM server_epoch;
