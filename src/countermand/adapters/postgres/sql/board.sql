-- name: newest_fact
-- The highest number of the journal that is visible.
SELECT coalesce(max(seq), 0) FROM journal;

-- name: board_lines
-- The newest $4 facts of these kinds ($3) numbered above $1, up to $2, in order, with what they are about.
WITH told AS (
    SELECT seq, at, kind, body ->> 'operation' AS operation, body ->> 'case' AS case_id, body ->> 'incident' AS incident,
        body ->> 'cause' AS cause, CASE WHEN body ->> 'orders' IS NULL THEN NULL ELSE json_array_length(body -> 'orders') END AS orders
    FROM journal WHERE seq > $1 AND seq <= $2 AND kind = ANY($3::text[]) ORDER BY seq DESC LIMIT $4
)
SELECT t.seq, t.at, t.kind, o.decision_id AS decision, CASE WHEN t.kind = 'operation.decided' THEN o.body END AS body,
    CASE WHEN t.kind = 'operation.decided' THEN o.answer END AS answer, h.until, h.expires_at, h.kind AS hold_kind,
    h.amount_minor, h.currency, t.cause, c.number AS "case", c.risk, c.category, i.source, i.tier, t.orders
FROM told AS t
LEFT JOIN operation AS o ON o.id = t.operation
LEFT JOIN hold AS h ON h.operation = t.operation
LEFT JOIN case_file AS c ON c.id = t.case_id
LEFT JOIN incident AS i ON i.id = t.incident
ORDER BY t.seq;

-- name: board_counts
-- How many facts of these kinds ($3) numbered above $1, up to $2, by minute since $4; decisions by their outcome.
SELECT floor(extract(epoch FROM at) / 60)::bigint AS minute,
    CASE WHEN kind = 'operation.decided' THEN body ->> 'outcome' ELSE kind END AS word, count(*) AS count
FROM journal WHERE seq > $1 AND seq <= $2 AND kind = ANY($3::text[]) AND at >= $4
GROUP BY 1, 2;

-- name: stopped_money
-- Amounts that did not leave among facts numbered above $1, up to $2, since $3: denied, or their hold ended without effect.
WITH told AS (
    SELECT at, kind, body ->> 'operation' AS operation FROM journal
    WHERE seq > $1 AND seq <= $2 AND at >= $3 AND (
        kind IN ('hold.revoked', 'hold.contained', 'hold.lapsed')
        OR (kind = 'operation.decided' AND body ->> 'outcome' = 'deny')
    )
), moved AS (
    SELECT t.at, h.currency, h.amount_minor AS minor FROM told AS t JOIN hold AS h ON h.operation = t.operation
    WHERE t.kind <> 'operation.decided' AND h.amount_minor IS NOT NULL
    UNION ALL
    SELECT t.at, told.amount ->> 'currency', (told.amount ->> 'minor')::bigint
    FROM told AS t JOIN operation AS o ON o.id = t.operation
    CROSS JOIN LATERAL (SELECT convert_from(o.body, 'UTF8')::json -> 'amount' AS amount) AS told
    WHERE t.kind = 'operation.decided' AND told.amount ->> 'minor' IS NOT NULL
)
SELECT floor(extract(epoch FROM at) / 60)::bigint AS minute, currency, sum(minor)::text AS minor FROM moved GROUP BY 1, 2;

-- name: waiting_holds
-- How many holds wait, up to $1.
SELECT count(*) FROM (SELECT FROM timer WHERE kind = 'hold' LIMIT $1) AS counted;

-- name: next_holds
-- The open holds that are looked at next, $1 of them.
SELECT h.operation, o.decision_id AS decision, h.kind, h.amount_minor, h.currency,
    ARRAY(SELECT need FROM unnest(h.needs) AS need WHERE need <> ALL(h.met)) AS needs, h.until, h.expires_at
FROM (SELECT ref, due_at FROM timer WHERE kind = 'hold' ORDER BY due_at LIMIT $1) AS t
JOIN hold AS h ON h.operation = t.ref JOIN operation AS o ON o.id = h.operation
WHERE h.state = 'open' ORDER BY t.due_at;
