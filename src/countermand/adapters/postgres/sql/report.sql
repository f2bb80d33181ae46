-- name: database_facts
-- Version and role of the connected database, and the size of its tables with their indexes.
SELECT current_setting('server_version') AS version, current_user AS role, session_user AS owner,
    current_database() AS database,
    (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AS size_bytes;

-- name: table_rows
-- Rows of each table as the planner estimates them, which costs no reading; -1 before the first estimate.
SELECT relname AS table_name, reltuples::bigint AS rows FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname;
