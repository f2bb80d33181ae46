-- name: read_telling
-- The key that binds what facts do not show, and since when they tell of rows.
SELECT key, since FROM telling;

-- name: database_now
-- What time it is, for a fact that nobody dated.
SELECT now();

-- name: cases_page
-- The cases behind an id ($1), up to $2 of them.
SELECT * FROM case_file WHERE id > $1 ORDER BY id LIMIT $2;

-- name: case_of_number
-- The case of a number ($1).
SELECT * FROM case_file WHERE number = $1;

-- name: events_of_cases
-- The events of cases ($1), in order.
SELECT case_id, seq, kind, at, actor, body, trace_id FROM case_event WHERE case_id = ANY($1::text[]) ORDER BY case_id, seq;

-- name: clocks_of_cases
-- The clocks of cases ($1).
SELECT * FROM clock WHERE case_id = ANY($1::text[]);

-- name: spans_numbered
-- The spans of clocks ($1), in order, with their numbers.
SELECT clock, number, ball, begins_at, ends_at, reason FROM clock_span WHERE clock = ANY($1::text[]) ORDER BY clock, number;

-- name: breaches_of_cases
-- The breaches of cases ($1).
SELECT * FROM breach WHERE case_id = ANY($1::text[]);

-- name: promises_of_cases
-- The promises of cases ($1).
SELECT * FROM promise WHERE case_id = ANY($1::text[]);

-- name: keys_of_cases
-- The data keys of cases ($1).
SELECT * FROM data_key WHERE case_id = ANY($1::text[]);

-- name: exhibits_of_cases
-- The exhibits of cases ($1).
SELECT * FROM exhibit WHERE case_id = ANY($1::text[]);

-- name: touches_of_cases
-- The chains of custody of cases ($1).
SELECT c.*, e.case_id FROM custody_event AS c JOIN exhibit AS e ON e.id = c.exhibit WHERE e.case_id = ANY($1::text[]);

-- name: legal_holds_of_cases
-- The legal holds of cases ($1).
SELECT * FROM legal_hold WHERE case_id = ANY($1::text[]);

-- name: tombstones_of_cases
-- What is left of the destroyed keys of cases ($1).
SELECT * FROM tombstone WHERE case_id = ANY($1::text[]);

-- name: reports_of_cases
-- What came in for cases ($1).
SELECT * FROM inbound WHERE case_id = ANY($1::text[]);

-- name: lines_about
-- The facts about these ($1 names), in order.
SELECT seq, at, kind, body, trace_id, journal_about(body) AS about FROM journal
WHERE kind <> 'operation.decided' AND journal_about(body) = ANY($1::text[]) ORDER BY seq;

-- name: lines_of_subject
-- The facts about whom a handle ($1) stands for, in order.
SELECT seq, at, kind, body, trace_id, journal_about(body) AS about FROM journal
WHERE kind <> 'operation.decided' AND subject IS NOT NULL AND subject = $1 ORDER BY seq;

-- name: handle_of
-- The random handle of an account ($1).
SELECT handle FROM account WHERE id = $1;

-- name: orders_page
-- Orders behind an id ($1), of one account ($3) or (NULL) of all, up to $2.
SELECT * FROM standing_order WHERE id > $1 AND ($3::text IS NULL OR account = $3) ORDER BY id LIMIT $2;

-- name: holds_page
-- Holds behind an operation ($1), of one account ($3) or (NULL) of all, up to $2.
SELECT * FROM hold WHERE operation > $1 AND ($3::text IS NULL OR account = $3) ORDER BY operation LIMIT $2;

-- name: raises_page
-- Raises behind an id ($1), of one account ($3) or (NULL) of all, up to $2.
SELECT * FROM limit_raise WHERE id > $1 AND ($3::text IS NULL OR account = $3) ORDER BY id LIMIT $2;

-- name: incidents_page
-- Incidents behind an id ($1), of one account ($3) or (NULL) of all, up to $2.
SELECT * FROM incident WHERE id > $1 AND ($3::text IS NULL OR account = $3) ORDER BY id LIMIT $2;

-- name: liftings_of
-- What was given back of incidents ($1).
SELECT * FROM incident_lifting WHERE incident = ANY($1::text[]);

-- name: told_of_no_row
-- Facts, of these ($2) or (NULL) of all, that tell of a row that is not there, up to $1.
SELECT j.seq, one ->> 'is' AS thing, one ->> 'id' AS id
FROM journal AS j CROSS JOIN LATERAL json_array_elements(j.body -> 'became') AS one
WHERE ($2::bigint[] IS NULL OR j.seq = ANY($2::bigint[])) AND j.kind <> 'operation.decided'
    AND j.body -> 'became' IS NOT NULL AND NOT CASE one ->> 'is'
    WHEN 'order' THEN EXISTS (SELECT FROM standing_order WHERE id = one ->> 'id')
    WHEN 'hold' THEN EXISTS (SELECT FROM hold WHERE operation = one ->> 'id')
    WHEN 'clock' THEN EXISTS (SELECT FROM clock WHERE id = one ->> 'id')
    WHEN 'breach' THEN EXISTS (SELECT FROM breach WHERE clock = one ->> 'id')
    WHEN 'promise' THEN EXISTS (SELECT FROM promise WHERE id = one ->> 'id')
    WHEN 'raise' THEN EXISTS (SELECT FROM limit_raise WHERE id = one ->> 'id')
    WHEN 'incident' THEN EXISTS (SELECT FROM incident WHERE id = one ->> 'id')
    WHEN 'inbound' THEN EXISTS (SELECT FROM inbound WHERE id = one ->> 'id')
    WHEN 'data_key' THEN EXISTS (SELECT FROM data_key WHERE id = one ->> 'id')
    WHEN 'exhibit' THEN EXISTS (SELECT FROM exhibit WHERE id = one ->> 'id')
    WHEN 'custody' THEN EXISTS (SELECT FROM custody_event WHERE exhibit || '/' || seq = one ->> 'id')
    WHEN 'legal_hold' THEN EXISTS (SELECT FROM legal_hold WHERE id = one ->> 'id')
    WHEN 'tombstone' THEN EXISTS (SELECT FROM tombstone WHERE data_key = one ->> 'id')
    WHEN 'lifting' THEN EXISTS (SELECT FROM incident_lifting WHERE incident || ' ' || cause = one ->> 'id')
    ELSE false
END
ORDER BY j.seq LIMIT $1;

-- name: events_of_no_case
-- Facts of events whose case is not there, up to $1.
SELECT j.seq, j.body ->> 'case' AS id FROM journal AS j
WHERE j.kind = 'case.changed' AND NOT EXISTS (SELECT FROM case_file WHERE id = j.body ->> 'case')
ORDER BY j.seq LIMIT $1;

-- name: decided_lines
-- Facts of decisions behind a number ($1), up to $2, each with the operation it is about.
SELECT j.seq, j.at AS decided_at, j.body AS line, o.id, o.account, o.kind, o.received_at, o.body, o.decision_id, o.outcome,
    o.answer, p.name || '@' || p.version AS policy
FROM journal AS j LEFT JOIN operation AS o ON o.id = j.body ->> 'operation'
LEFT JOIN policy_version AS p ON p.id = o.policy_id
WHERE j.kind = 'operation.decided' AND j.seq > $1 ORDER BY j.seq LIMIT $2;

-- name: undecided_operation
-- An operation that no fact tells of.
SELECT o.id FROM operation AS o
WHERE NOT EXISTS (SELECT FROM journal AS j WHERE j.kind = 'operation.decided' AND j.body ->> 'operation' = o.id)
ORDER BY o.seq LIMIT 1;

-- name: count_operations
-- How many operations there are.
SELECT count(*) FROM operation;
