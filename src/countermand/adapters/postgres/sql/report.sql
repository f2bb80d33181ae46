-- name: database_facts
-- Version, role and size of the connected database.
SELECT current_setting('server_version') AS version, current_user AS role, session_user AS owner,
    current_database() AS database, pg_database_size(current_database()) AS size_bytes;

-- name: table_rows
-- Rows of each table as the planner estimates them, which costs no reading; -1 before the first estimate.
SELECT relname AS table_name, reltuples::bigint AS rows FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname;
