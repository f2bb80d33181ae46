-- name: cosigned_sizes
-- The largest size of a log that each witness cosigned.
SELECT witness, max(size) AS size FROM log_cosignature WHERE origin = $1 GROUP BY witness;

-- name: keep_cosignature
-- Keep a witness's lines; of one witness at one size the first ones stay.
INSERT INTO log_cosignature (origin, size, witness, lines, kept_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (origin, witness, size) DO NOTHING;

-- name: lines_at
-- What each witness signed at a size of a log.
SELECT witness, lines FROM log_cosignature WHERE origin = $1 AND size = $2 ORDER BY witness;

-- name: cosigned_notes
-- Checkpoints that any witness cosigned, the largest first, and all lines of witnesses under each.
SELECT k.note, c.lines
FROM (
    SELECT size, string_agg(lines, '' ORDER BY witness) AS lines
    FROM log_cosignature WHERE origin = $1 GROUP BY size ORDER BY size DESC LIMIT $2
) AS c
JOIN log_shard AS s ON s.origin = $1
JOIN log_checkpoint AS k ON k.shard = s.id AND k.size = c.size
ORDER BY c.size DESC;

-- name: newest_timestamp
-- The token of the largest size of a log.
SELECT * FROM log_timestamp WHERE origin = $1 ORDER BY size DESC LIMIT 1;

-- name: covering_timestamp
-- The token of the smallest tree of a log that has the first $2 entries.
SELECT * FROM log_timestamp WHERE origin = $1 AND size >= $2 ORDER BY size LIMIT 1;

-- name: keep_timestamp
-- Keep a token; of one size the first one stays.
INSERT INTO log_timestamp
    (origin, size, digest, token, stamped_at, accuracy_micros, serial, policy, authority, kept_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (origin, size) DO NOTHING;

-- name: newest_anchor
-- The anchor of a log that was sent last.
SELECT * FROM log_anchor WHERE origin = $1 ORDER BY sent_at DESC, size DESC LIMIT 1;

-- name: covering_anchor
-- The anchor of the smallest tree of a log that has the first $2 entries, once a block holds it.
SELECT * FROM log_anchor WHERE origin = $1 AND size >= $2 AND state IN ('mined', 'final')
ORDER BY size, sent_at LIMIT 1;

-- name: unsettled_anchors
-- Anchors that are not final, checked longest ago first; lost ones only if sent since $1.
SELECT * FROM log_anchor WHERE state <> 'final' AND (state <> 'lost' OR sent_at >= $1)
ORDER BY checked_at, reference LIMIT $2;

-- name: lock_anchor
-- How an anchor stood, locked.
SELECT state FROM log_anchor WHERE chain = $1 AND reference = $2 FOR UPDATE;

-- name: keep_anchor
-- Keep a new anchor, or how a known one stands now.
INSERT INTO log_anchor
    (chain, reference, origin, size, digest, state, block, block_time, confirmations, evidence,
     sent_at, checked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (chain, reference) DO UPDATE
SET state = excluded.state, block = excluded.block, block_time = excluded.block_time,
    confirmations = excluded.confirmations, evidence = excluded.evidence, checked_at = excluded.checked_at;
