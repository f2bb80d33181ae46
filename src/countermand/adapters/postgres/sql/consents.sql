-- name: receipts_of
-- The receipts of consent of these operations ($1).
SELECT * FROM consent_receipt WHERE operation = ANY($1::text[]);

-- name: keep_receipt
-- Keep a receipt unless its operation has one; the one that is kept.
WITH kept AS (
    INSERT INTO consent_receipt (
        operation, shown, statement, version, language, given_at, given_by, session, device, answers, digest
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (operation) DO NOTHING
    RETURNING *
)
SELECT * FROM kept UNION ALL SELECT * FROM consent_receipt WHERE operation = $1
LIMIT 1;

-- name: proofs_of
-- The challenges passed for an operation ($1), in order of time.
SELECT * FROM proof WHERE operation = $1 ORDER BY given_at, id;

-- name: keep_proof
-- Keep a proof unless it is kept already: id, operation, strength, factors, device, session, when.
INSERT INTO proof (id, operation, strength, factors, device, session, given_at)
VALUES ($1, $2, $3, $4::text[], $5, $6, $7) ON CONFLICT (id) DO NOTHING;
