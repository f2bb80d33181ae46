-- name: calendar_version
-- The version of a calendar ($1) that is used now.
SELECT version FROM calendar WHERE id = $1 AND is_current;

-- name: find_calendar
-- What a version ($2) of a calendar ($1) says.
SELECT terms FROM calendar WHERE id = $1 AND version = $2;

-- name: lock_calendar
-- One at a time changes which version of a calendar ($1) is used.
SELECT pg_advisory_xact_lock(hashtextextended('countermand calendar ' || $1, 0));

-- name: retire_calendar
-- The version of a calendar ($1) in use is used no longer.
UPDATE calendar SET is_current = false WHERE id = $1 AND is_current;

-- name: use_calendar
-- Keep a version and use it: $1 id, $2 version, $3 terms, $4 when, $5 by whom.
INSERT INTO calendar (id, version, terms, source, provisional_from, is_current, recorded_at, recorded_by)
VALUES ($1, $2, $3::jsonb, $3::jsonb ->> 'source', ($3::jsonb ->> 'provisional_from')::date, true, $4, $5)
ON CONFLICT (id, version) DO UPDATE SET is_current = true;

-- name: add_clocks
-- Write new clocks ($1 rows); those of them whose case, policy and start were not there.
INSERT INTO clock SELECT * FROM unnest($1::clock[])
ON CONFLICT (case_id, policy, started_at) DO NOTHING
RETURNING id;

-- name: lock_clocks
-- Clocks by their ids ($1), locked, in order of id; their cases first, as whoever works on a case does.
WITH cases AS MATERIALIZED (
    SELECT id FROM case_file WHERE id IN (SELECT case_id FROM clock WHERE id = ANY($1::text[]))
    ORDER BY id FOR NO KEY UPDATE
)
SELECT k.* FROM clock AS k
WHERE k.id = ANY($1::text[]) AND (SELECT count(*) FROM cases) >= 0
ORDER BY k.id FOR UPDATE OF k;

-- name: lock_free_clocks
-- Clocks by their ids ($1), locked, in order of id, but for those that somebody else has locked, or works on the case of.
WITH cases AS MATERIALIZED (
    SELECT id FROM case_file WHERE id IN (SELECT case_id FROM clock WHERE id = ANY($1::text[]))
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
SELECT k.* FROM clock AS k
WHERE k.id = ANY($1::text[]) AND (
    k.case_id = ANY((SELECT array_agg(id) FROM cases)::text[])
    OR NOT EXISTS (SELECT FROM case_file WHERE id = k.case_id)
)
ORDER BY k.id FOR UPDATE OF k SKIP LOCKED;

-- name: lock_clocks_of_case
-- All clocks of a case ($1), locked, in order of id.
SELECT * FROM clock WHERE case_id = $1 ORDER BY id FOR UPDATE;

-- name: spans_of_clocks
-- The spans of clocks ($1), in order.
SELECT clock, ball, begins_at, ends_at, reason FROM clock_span WHERE clock = ANY($1::text[]) ORDER BY clock, number;

-- name: spans_between
-- The spans of the clocks behind an id ($1) up to another ($2), in order.
SELECT clock, ball, begins_at, ends_at, reason FROM clock_span
WHERE clock > $1 AND clock <= $2 ORDER BY clock, number;

-- name: put_clocks
-- What became of clocks: $1 ids, $2 policy versions, $3 calendar versions, $4 states, $5 due at, $6 warn points (joined by
-- commas), $7 warned, $8 provisional, $9 extensions (JSON), $10 ended at, $11 ended by (joined by unit separators), $12 why.
UPDATE clock SET
    policy_version = new.policy_version, calendar_version = new.calendar_version, state = new.state,
    due_at = new.due_at, warn_at = coalesce(string_to_array(nullif(new.warn_at, ''), ',')::timestamptz[], '{}'),
    warned = new.warned, provisional = new.provisional, extensions = new.extensions::jsonb, ended_at = new.ended_at,
    ended_by = coalesce(string_to_array(nullif(new.ended_by, ''), E'\x1f'), '{}'), why = new.why
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::smallint[], $8::boolean[],
    $9::text[], $10::timestamptz[], $11::text[], $12::text[]
) AS new (
    id, policy_version, calendar_version, state, due_at, warn_at, warned, provisional, extensions, ended_at,
    ended_by, why
)
WHERE clock.id = new.id;

-- name: put_spans
-- Spans of clocks: $1 clocks, $2 numbers, $3 balls, $4 begin, $5 end, $6 reasons; one that is there gets its end.
INSERT INTO clock_span AS kept (clock, number, ball, begins_at, ends_at, reason)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[])
ON CONFLICT (clock, number) DO UPDATE SET ends_at = excluded.ends_at
WHERE kept.ends_at IS NULL;

-- name: add_breaches
-- What was not met: $1 clocks, $2 cases, $3 policies, $4 due at, $5 noted at, $6 owners, $7 causes; those that were not there.
INSERT INTO breach (clock, case_id, policy, due_at, noted_at, owner, cause)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[]
)
ON CONFLICT (clock) DO NOTHING
RETURNING clock;

-- name: make_good
-- A breached clock ($1) was met after all, at an instant ($2); its case.
UPDATE breach SET made_good_at = $2 WHERE clock = $1 AND made_good_at IS NULL RETURNING case_id;

-- name: live_clocks
-- Clocks that run or are paused, behind an id ($1), up to $2 of them, in order of id.
SELECT id, policy, calendar, started_at, due_at, warn_at, provisional,
    CASE WHEN extensions = '[]'::jsonb THEN 0
        ELSE (SELECT sum((one ->> 1)::int) FROM jsonb_array_elements(extensions) AS one) END::int AS extended
FROM clock WHERE state IN ('running', 'paused') AND id > $1 ORDER BY id LIMIT $2;
