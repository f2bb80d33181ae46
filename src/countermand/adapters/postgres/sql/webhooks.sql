-- name: place_deliveries
-- For events ($1 cases, $2 numbers), an effect for every webhook that is told of their kind; what is in it is no personal data.
INSERT INTO effect (id, port, action, lane, body, trace_id, placed_at, due_at, alarm_at, state)
SELECT
    'hook:' || w.name || ':' || e.case_id || ':' || e.seq, 'webhooks', 'case_' || e.kind,
    w.name || ' ' || e.case_id,
    jsonb_build_object(
        'webhook', w.name, 'case', e.case_id, 'seq', e.seq, 'kind', e.kind, 'number', c.number,
        'stage', c.stage, 'ball', c.ball, 'contained', c.contained, 'risk', c.risk, 'category', c.category,
        'outcome', c.outcome, 'at', (extract(epoch FROM e.at) * 1000000)::bigint
    ),
    e.trace_id, e.at, e.at, e.at + interval '1 hour', 'pending'
FROM webhook AS w
JOIN (unnest($1::text[], $2::integer[]) AS new (case_id, seq) JOIN case_event AS e USING (case_id, seq))
    ON e.kind = ANY(w.events)
JOIN case_file AS c ON c.id = e.case_id
WHERE w.disabled_at IS NULL
ORDER BY e.case_id, e.seq, w.name
ON CONFLICT (id) DO NOTHING;

-- name: put_webhook
-- Set a webhook: $1 name, $2 URL, $3 events, $4 sealed secret, $5 when, $6 by whom; it is told from now on.
INSERT INTO webhook (name, url, events, secret, made_at, made_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET
    url = excluded.url, events = excluded.events, secret = excluded.secret, made_at = excluded.made_at,
    made_by = excluded.made_by, failures = 0, failing_since = NULL, disabled_at = NULL;

-- name: find_webhook
-- One webhook ($1).
SELECT * FROM webhook WHERE name = $1;

-- name: lock_webhook
-- One webhook ($1), locked.
SELECT * FROM webhook WHERE name = $1 FOR UPDATE;

-- name: all_webhooks
-- Every webhook, by name.
SELECT * FROM webhook ORDER BY name;

-- name: drop_webhook
-- Take a webhook ($1) away.
DELETE FROM webhook WHERE name = $1 RETURNING name;

-- name: webhook_answered
-- A webhook ($1) took something: what failed before is forgotten.
UPDATE webhook SET failures = 0, failing_since = NULL WHERE name = $1 AND failures > 0;

-- name: webhook_failed
-- A webhook ($1) took nothing, at $2; disabled with $3 failures that began before $4. What it is then, and whether just now.
UPDATE webhook SET
    failures = failures + 1, failing_since = coalesce(failing_since, $2),
    disabled_at = CASE WHEN failures + 1 >= $3 AND coalesce(failing_since, $2) <= $4 THEN $2 END
WHERE name = $1 AND disabled_at IS NULL
RETURNING failures, disabled_at IS NOT NULL AS disabled;

-- name: webhook_deliveries
-- Deliveries of a webhook ($1) before one ($2 its place), newest first, up to $3.
SELECT * FROM effect
WHERE port = 'webhooks' AND body ->> 'webhook' = $1 AND seq < $2
ORDER BY seq DESC LIMIT $3;
