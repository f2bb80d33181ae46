-- name: put_mandate
-- Write what the institution tells of an automatic debit; nothing where it told the same before.
INSERT INTO mandate AS kept (account, id, payee, amount_minor, currency, told_at, told_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (account, id) DO UPDATE SET
    payee = excluded.payee, amount_minor = excluded.amount_minor, currency = excluded.currency,
    told_at = excluded.told_at, told_by = excluded.told_by
WHERE (kept.payee, kept.amount_minor, kept.currency)
    IS DISTINCT FROM (excluded.payee, excluded.amount_minor, excluded.currency)
RETURNING id;

-- name: mandates_told
-- What the institution told of an account's ($1) automatic debits, up to $2 of them.
SELECT * FROM mandate WHERE account = $1 ORDER BY id LIMIT $2;

-- name: mandates_seen
-- The automatic debits that an account's ($1) operations name, and what became of them; up to $2 of them.
SELECT mandate,
    (array_agg(payee ORDER BY occurred_at DESC) FILTER (WHERE passed AND payee IS NOT NULL))[1] AS payee,
    max(occurred_at) FILTER (WHERE passed AND kind = 'mandate_create') AS agreed_at,
    max(occurred_at) FILTER (WHERE passed AND kind = 'mandate_run') AS run_at,
    count(*) FILTER (WHERE passed AND kind = 'mandate_run') AS runs,
    max(occurred_at) FILTER (WHERE outcome = 4 AND kind = 'mandate_run') AS refused_at,
    count(*) FILTER (WHERE outcome = 4 AND kind = 'mandate_run') AS refusals,
    max(occurred_at) FILTER (WHERE passed AND kind = 'mandate_cancel') AS cancelled_at
FROM (
    SELECT o.kind, o.occurred_at, o.outcome, told.body #>> '{attributes,mandate}' AS mandate,
        told.body #>> '{counterparty,id}' AS payee,
        o.outcome = 0 OR coalesce(h.state IN ('released', 'executed'), false) AS passed
    FROM operation AS o
    CROSS JOIN LATERAL (SELECT convert_from(o.body, 'UTF8')::json AS body) AS told
    LEFT JOIN hold AS h ON h.operation = o.id
    WHERE o.account = $1 AND o.kind IN ('mandate_create', 'mandate_run', 'mandate_cancel')
) AS debit
WHERE mandate IS NOT NULL AND (passed OR outcome = 4)
GROUP BY mandate
HAVING bool_or(passed AND kind <> 'mandate_cancel')
ORDER BY mandate LIMIT $2;

-- name: mandates_named
-- The mandates that these operations ($1) name.
SELECT id, convert_from(body, 'UTF8')::json #>> '{attributes,mandate}' AS mandate
FROM operation WHERE id = ANY($1::text[]);
