-- name: saved_queues
-- The queues of somebody ($1) and everybody's; their own first.
SELECT staff, name, filter FROM queue_view WHERE staff IN ('', $1) ORDER BY staff DESC, name;

-- name: save_queue
-- Keep a queue: $1 whose, $2 name, $3 filter, $4 when, $5 by whom.
INSERT INTO queue_view (staff, name, filter, made_at, made_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (staff, name) DO UPDATE SET
    filter = excluded.filter, made_at = excluded.made_at, made_by = excluded.made_by;

-- name: drop_queue
-- Forget a queue of somebody ($1) by its name ($2).
DELETE FROM queue_view WHERE staff = $1 AND name = $2 RETURNING name;

-- name: cases_named
-- Cases by number ($1) or with a tag ($2), open or not, up to $3, the youngest first.
SELECT l.*, c.number FROM case_listed AS l JOIN case_file AS c ON c.id = l.case_id
WHERE l.case_id IN (
    SELECT id FROM case_file WHERE number = ANY($1::text[])
    UNION
    SELECT case_id FROM case_listed WHERE tags <> '{}' AND tags @> ARRAY[$2::text]
)
ORDER BY l.heard_at DESC, l.case_id DESC LIMIT $3;

-- name: recent_hits
-- Of the $6 messages behind one ($2 when, $3 its id), those that match a query ($1), newest first, up to $4; not of accounts or persons ($5).
SELECT
    m.id, m.case_id, m.at, m.direction, m.channel, m.masked, c.number, c.stage, c.risk, c.category, c.owner
FROM (
    SELECT id, case_id, at, direction, channel, masked, words FROM message
    WHERE (at, id) < ($2::timestamptz, $3::text) ORDER BY at DESC, id DESC LIMIT $6
) AS m JOIN case_file AS c ON c.id = m.case_id
WHERE m.words @@ $1::text::tsquery
    AND m.case_id NOT IN (SELECT id FROM case_file WHERE account = ANY($5::text[]) OR person = ANY($5::text[]))
ORDER BY m.at DESC, m.id DESC LIMIT $4;

-- name: prefer_indexes
-- For this transaction: what is rare is looked up, however many messages there are.
SELECT set_config('enable_seqscan', 'off', true);

-- name: hits_by_words
-- Messages that match a query ($1) behind one ($2 when, $3 its id), newest first, up to $4; not of accounts or persons ($5).
WITH found AS MATERIALIZED (
    SELECT m.id, m.at, m.case_id FROM message AS m
    WHERE m.words @@ $1::text::tsquery AND (m.at, m.id) < ($2::timestamptz, $3::text)
), nearest AS MATERIALIZED (
    SELECT f.id, f.at FROM found AS f
    WHERE f.case_id NOT IN (SELECT id FROM case_file WHERE account = ANY($5::text[]) OR person = ANY($5::text[]))
    ORDER BY f.at DESC, f.id DESC LIMIT $4
)
SELECT
    m.id, m.case_id, m.at, m.direction, m.channel, m.masked, c.number, c.stage, c.risk, c.category, c.owner
FROM nearest AS n JOIN message AS m ON m.id = n.id JOIN case_file AS c ON c.id = m.case_id
ORDER BY m.at DESC, m.id DESC;

-- name: hits_by_values
-- Messages with the first of these values ($1), in cases that have all of them, behind one ($2, $3), newest first, up to $4; not of accounts or persons ($5).
SELECT
    m.id, m.case_id, m.at, m.direction, m.channel, m.masked, c.number, c.stage, c.risk, c.category, c.owner
FROM message_value AS v JOIN message AS m ON m.id = v.message_id JOIN case_file AS c ON c.id = m.case_id
WHERE v.digest = ($1::bytea[])[1] AND (m.at, m.id) < ($2::timestamptz, $3::text) AND v.case_id IN (
    SELECT case_id FROM message_value WHERE digest = ANY($1::bytea[])
    GROUP BY case_id HAVING count(DISTINCT digest) = cardinality($1::bytea[])
)
    AND m.case_id NOT IN (SELECT id FROM case_file WHERE account = ANY($5::text[]) OR person = ANY($5::text[]))
ORDER BY m.at DESC, m.id DESC LIMIT $4;

-- name: hits_by_both
-- Messages that match a query ($1), in cases that have all values ($6), behind one ($2, $3), newest first, up to $4; not of accounts or persons ($5).
SELECT
    m.id, m.case_id, m.at, m.direction, m.channel, m.masked, c.number, c.stage, c.risk, c.category, c.owner
FROM message AS m JOIN case_file AS c ON c.id = m.case_id
WHERE m.words @@ $1::text::tsquery AND (m.at, m.id) < ($2::timestamptz, $3::text) AND m.case_id IN (
    SELECT case_id FROM message_value WHERE digest = ANY($6::bytea[])
    GROUP BY case_id HAVING count(DISTINCT digest) = cardinality($6::bytea[])
)
    AND m.case_id NOT IN (SELECT id FROM case_file WHERE account = ANY($5::text[]) OR person = ANY($5::text[]))
ORDER BY m.at DESC, m.id DESC LIMIT $4;

-- name: cases_heard
-- Cases first heard from $1 until $2, behind one ($3 when, $4 its id), up to $5, in order.
SELECT l.heard_at, l.case_id, c.state FROM case_listed AS l JOIN case_file AS c ON c.id = l.case_id
WHERE l.heard_at >= $1 AND l.heard_at < $2 AND (l.heard_at, l.case_id) > ($3::timestamptz, $4::text)
ORDER BY l.heard_at, l.case_id LIMIT $5;

-- name: events_of_cases
-- The events of cases ($1), in order.
SELECT case_id, seq, kind, at, actor, body FROM case_event WHERE case_id = ANY($1::text[]) ORDER BY case_id, seq;

-- name: messages_of_cases
-- The masked messages of cases ($1), in order of time.
SELECT case_id, id, direction, channel, author, at, language, masked FROM message
WHERE case_id = ANY($1::text[]) ORDER BY case_id, at, id;

-- name: clocks_of_cases
-- Legal clocks of cases ($1) that ended, or are late: whether each was met in time.
SELECT case_id, policy, state FROM clock
WHERE case_id = ANY($1::text[]) AND kind = 'legal' AND state IN ('met', 'breached') ORDER BY case_id, policy;

-- name: desk_counts
-- Cases first heard from $1 until $2: how many, by channel and by risk; and open ones now, by risk and overdue.
SELECT
    count(*) FILTER (WHERE heard_at >= $1 AND heard_at < $2) AS heard,
    count(*) FILTER (WHERE open) AS open, count(*) FILTER (WHERE open AND overdue) AS overdue,
    count(*) FILTER (WHERE open AND risk = 'P0') AS open_p0, count(*) FILTER (WHERE open AND risk = 'P1') AS open_p1,
    count(*) FILTER (WHERE open AND risk = 'P2') AS open_p2, count(*) FILTER (WHERE open AND risk = 'P3') AS open_p3
FROM case_listed;

-- name: human_contact
-- First contacts by a person due for what was heard from $1 until $2: how many met, within 24 hours, missed, still run; the median wait.
SELECT
    count(*) FILTER (WHERE k.state = 'met' OR b.made_good_at IS NOT NULL) AS reached,
    count(*) FILTER (WHERE coalesce(b.made_good_at, CASE WHEN k.state = 'met' THEN k.ended_at END)
        <= k.started_at + interval '24 hours') AS within_day,
    count(*) FILTER (WHERE k.state = 'breached' AND b.made_good_at IS NULL) AS missed,
    count(*) FILTER (WHERE k.state IN ('running', 'paused')) AS waiting,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM
        coalesce(b.made_good_at, CASE WHEN k.state = 'met' THEN k.ended_at END) - k.started_at)::float8
    ) AS median_seconds
FROM clock AS k LEFT JOIN breach AS b ON b.clock = k.id
WHERE k.policy = 'stage.human_contact' AND k.started_at >= $1 AND k.started_at < $2;

-- name: stage_times
-- Of cases heard from $1 until $2: the median time in each stage that was left, and how often it was.
WITH moved AS (
    SELECT e.case_id, e.seq, e.at,
        CASE e.kind
            WHEN 'opened' THEN 'intake' WHEN 'contained' THEN 'contain' WHEN 'stage_moved' THEN e.body ->> 'stage'
            WHEN 'outcome_set' THEN 'decide' WHEN 'closed' THEN 'closed' ELSE 'investigate'
        END AS stage, e.kind
    FROM case_event AS e JOIN case_listed AS l ON l.case_id = e.case_id
    WHERE l.heard_at >= $1 AND l.heard_at < $2 AND l.channel <> 'import'
        AND e.kind IN ('opened', 'contained', 'stage_moved', 'outcome_set', 'closed', 'reopened')
), entered AS (
    -- What was stopped later moves no case, and a result within the remedy leaves it there.
    SELECT case_id, seq, at, stage,
        kind = 'contained' AND count(*) FILTER (WHERE kind <> 'opened') OVER before > 0
        OR kind = 'outcome_set' AND lag(stage) OVER (PARTITION BY case_id ORDER BY seq) = 'remedy' AS stays
    FROM moved
    WINDOW before AS (PARTITION BY case_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), changed AS (
    SELECT case_id, seq, at, stage,
        stage IS DISTINCT FROM lag(stage) OVER (PARTITION BY case_id ORDER BY seq) AS new
    FROM entered WHERE NOT stays
), stayed AS (
    SELECT stage, lead(at) OVER (PARTITION BY case_id ORDER BY seq) - at AS span FROM changed WHERE new
)
SELECT stage, count(*) AS left,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM span)::float8) AS median_seconds
FROM stayed WHERE span IS NOT NULL GROUP BY stage ORDER BY stage;

-- name: breaches_by_policy
-- Clocks that were missed from $1 until $2, by rule: how many, and how many were made good since.
SELECT policy, count(*) AS missed, count(made_good_at) AS made_good
FROM breach WHERE due_at >= $1 AND due_at < $2 GROUP BY policy ORDER BY policy;

-- name: report_earliness
-- Of cases heard from $1 until $2 that name operations: from the first of these to the report, the median; those within an hour and a day.
WITH named AS (
    SELECT l.case_id, l.heard_at, min(o.occurred_at) AS began
    FROM case_listed AS l
    JOIN case_event AS e ON e.case_id = l.case_id AND e.kind = 'message_added' AND e.body ? 'operations'
    CROSS JOIN LATERAL jsonb_array_elements_text(e.body -> 'operations') AS operation_id
    JOIN operation AS o ON o.id = operation_id
    WHERE l.heard_at >= $1 AND l.heard_at < $2
    GROUP BY l.case_id, l.heard_at
)
SELECT count(*) AS reports,
    count(*) FILTER (WHERE heard_at - began <= interval '1 hour') AS within_hour,
    count(*) FILTER (WHERE heard_at - began <= interval '24 hours') AS within_day,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM heard_at - began)::float8) AS median_seconds
FROM named;

-- name: word_to_stop
-- Of cases heard from $1 until $2 whose report stopped something: from the first word to the stop, half and all but 5 %.
SELECT count(*) AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95_seconds
FROM (
    SELECT greatest(0, extract(epoch FROM min(e.at) - l.heard_at))::float8 AS took
    FROM case_listed AS l JOIN case_event AS e ON e.case_id = l.case_id AND e.kind = 'contained'
    WHERE l.heard_at >= $1 AND l.heard_at < $2 AND l.channel <> 'import' GROUP BY l.case_id, l.heard_at
) AS stopped;

-- name: first_replies
-- Of cases heard from $1 until $2: from the first word to the first answer, half and all but 5 %.
SELECT count(*) AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95_seconds
FROM (
    SELECT greatest(0, extract(epoch FROM min(m.at) - l.heard_at))::float8 AS took
    FROM case_listed AS l JOIN message AS m ON m.case_id = l.case_id AND m.direction = 'out'
    WHERE l.heard_at >= $1 AND l.heard_at < $2 AND l.channel <> 'import' GROUP BY l.case_id, l.heard_at
) AS answered;

-- name: evidence_at_hand
-- Of P0 and P1 cases heard from $1 until $2: how many, with an account, with operations named, with a file.
SELECT count(*) AS cases, count(l.account) AS with_account,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM case_event AS e
        WHERE e.case_id = l.case_id AND e.kind = 'message_added' AND e.body ? 'operations'
    )) AS with_operations,
    count(*) FILTER (WHERE EXISTS (SELECT FROM exhibit AS x WHERE x.case_id = l.case_id)) AS with_files
FROM case_listed AS l WHERE l.heard_at >= $1 AND l.heard_at < $2 AND l.risk IN ('P0', 'P1');

-- name: breaches_by_cause
-- Deadlines missed from $1 until $2, by cause and rule, and how many were met late.
SELECT cause, policy, count(*) AS missed, count(made_good_at) AS made_good FROM breach
WHERE noted_at >= $1 AND noted_at < $2 GROUP BY cause, policy ORDER BY missed DESC, policy LIMIT 50;

-- name: newest_breaches
-- The newest deadlines missed from $1 until $2, $3 of them: whose, why, and when each was met after all.
SELECT c.number, b.policy, b.due_at, b.owner, b.cause, b.made_good_at
FROM breach AS b JOIN case_file AS c ON c.id = b.case_id
WHERE b.noted_at >= $1 AND b.noted_at < $2 ORDER BY b.noted_at DESC, b.clock LIMIT $3;

-- name: desk_days
-- By day of a zone ($3) from $1 until $2: cases heard, and deadlines missed.
WITH day AS (
    SELECT generate_series(
        date_trunc('day', $1 AT TIME ZONE $3), date_trunc('day', $2 AT TIME ZONE $3), interval '1 day'
    ) AS day
), heard AS (
    SELECT date_trunc('day', heard_at AT TIME ZONE $3) AS day, count(*) AS heard, count(*) FILTER (WHERE risk IN ('P0', 'P1')) AS urgent
    FROM case_listed WHERE heard_at >= $1 AND heard_at < $2 GROUP BY 1
), missed AS (
    SELECT date_trunc('day', noted_at AT TIME ZONE $3) AS day, count(*) AS missed
    FROM breach WHERE noted_at >= $1 AND noted_at < $2 GROUP BY 1
)
SELECT day.day AT TIME ZONE $3 AS day, coalesce(heard, 0) AS heard, coalesce(urgent, 0) AS urgent, coalesce(missed, 0) AS missed
FROM day LEFT JOIN heard USING (day) LEFT JOIN missed USING (day) ORDER BY day.day;
