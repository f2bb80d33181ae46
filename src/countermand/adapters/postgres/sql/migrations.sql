-- name: create_migration_table
-- The table that remembers which migrations were applied.
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL CHECK (name <> ''),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migration IS 'The migrations this database has had.';
COMMENT ON COLUMN migration.number IS 'Number of the migration.';
COMMENT ON COLUMN migration.name IS 'Its name.';
COMMENT ON COLUMN migration.sha256 IS 'SHA-256 of its up.sql as it was applied.';
COMMENT ON COLUMN migration.applied_at IS 'When it was applied.';

-- name: migration_table_exists
-- Whether any migration ever ran here.
SELECT to_regclass('public.migration') IS NOT NULL;

-- name: applied_migrations
-- All applied migrations, oldest first.
SELECT number, name, sha256 FROM migration ORDER BY number;

-- name: record_migration
-- Remember one applied migration.
INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3);

-- name: lock_migrations
-- Wait until no other process migrates this database, and keep others out until the session ends.
SELECT pg_advisory_lock($1);

-- name: missing_roles
-- Those of the given roles which do not exist on this server.
SELECT wanted FROM unnest($1::text[]) AS wanted WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);

-- name: is_member_of
-- Whether the connected role may become the given role (privilege SET since PostgreSQL 16, MEMBER before).
SELECT pg_has_role(current_user, $1::text, $2::text);
