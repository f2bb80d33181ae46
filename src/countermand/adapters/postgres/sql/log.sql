-- name: sealer_lock
-- Become the one who seals, for the life of this connection ($1 the lock); false where somebody is.
SELECT pg_try_advisory_lock($1);

-- name: open_shard
-- The shard that takes entries, how many it has, and up to where it is signed.
SELECT s.id, s.origin, s.label,
    coalesce((SELECT max(e.index) + 1 FROM log_entry e WHERE e.shard = s.id), 0) AS size,
    coalesce((SELECT max(c.size) FROM log_checkpoint c WHERE c.shard = s.id), 0) AS signed_size
FROM log_shard s WHERE s.closed_at IS NULL;

-- name: shard_labels
-- Every label that was used.
SELECT label FROM log_shard ORDER BY id;

-- name: shard_keys
-- The public keys of a shard ($1).
SELECT key FROM log_key WHERE shard = $1 ORDER BY added_at, key;

-- name: read_position
-- How far the journal is in the log.
SELECT head, gaps FROM log_position;

-- name: sealed_ahead
-- Facts numbered above $1 that are in the log, but for those that were never signed before their shard was closed.
SELECT e.fact FROM log_entry e JOIN log_shard s ON s.id = e.shard
WHERE e.fact > $1 AND (s.closed_size IS NULL OR e.index < s.closed_size);

-- name: tiles_at
-- Tiles of a shard ($1) by levels ($2) and numbers ($3). The last one of level 0, until it is full, is its entries' leaves.
SELECT wanted.level, wanted.number, coalesce(t.data, growing.data) AS data
FROM unnest($2::smallint[], $3::bigint[]) AS wanted (level, number)
LEFT JOIN log_tile t ON t.shard = $1 AND t.level = wanted.level AND t.number = wanted.number
    AND (t.level > 0 OR length(t.data) = 8192)
LEFT JOIN LATERAL (
    SELECT string_agg(e.leaf, '' ORDER BY e.index) AS data FROM log_entry e
    WHERE wanted.level = 0 AND t.shard IS NULL
      AND e.shard = $1 AND e.index >= 256 * wanted.number AND e.index < 256 * wanted.number + 256
    HAVING count(*) BETWEEN 1 AND 255
) AS growing ON true
WHERE coalesce(t.data, growing.data) IS NOT NULL;

-- name: journal_writers
-- Transactions of others that may write lines of the journal.
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'journal'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid();

-- name: read_facts
-- Lines of the journal in gaps ($2 lows, $3 highs) and the first $4 above the head ($1), by one snapshot.
(SELECT j.seq, j.at, j.kind, j.subject::text, j.body, j.trace_id
 FROM unnest($2::bigint[], $3::bigint[]) AS gap (low, high) JOIN journal j ON j.seq BETWEEN gap.low AND gap.high)
UNION ALL
(SELECT seq, at, kind, subject::text, body, trace_id FROM journal WHERE seq > $1 ORDER BY seq LIMIT $4);

-- name: read_new_facts
-- The first $2 lines of the journal above the head ($1).
SELECT seq, at, kind, subject::text, body, trace_id FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2;

-- name: chain_ends
-- The last entry of each of these cases ($1), those aside that were never signed before their shard was closed.
SELECT wanted.id, last.case_seq, last.leaf FROM unnest($1::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT e.case_seq, e.leaf FROM log_entry e JOIN log_shard s ON s.id = e.shard
    WHERE e.case_id = wanted.id AND (s.closed_size IS NULL OR e.index < s.closed_size)
    ORDER BY e.case_seq DESC LIMIT 1
) AS last;

-- name: append_entries
-- All that a batch adds to a shard ($1), in one statement: by itself it is one round trip and one commit. Entries (from
-- index $2 on: $3 facts, $4 cases, $5 their numbers there, $6 leaves, $7 bodies); tiles as they are now ($8 levels, $9
-- numbers, $10 bytes); the journal is in the log up to $11, but for the gaps ($12 lows, $13 highs, both included).
WITH entered AS (
    INSERT INTO log_entry (shard, index, fact, case_id, case_seq, leaf, body)
    SELECT $1, $2::bigint + place - 1, fact, case_id, case_seq, leaf, body
    FROM unnest($3::bigint[], $4::text[], $5::integer[], $6::bytea[], $7::bytea[])
        WITH ORDINALITY AS entry (fact, case_id, case_seq, leaf, body, place)
), grown AS (
    INSERT INTO log_tile (shard, level, number, data)
    SELECT $1, * FROM unnest($8::smallint[], $9::bigint[], $10::bytea[])
    ON CONFLICT (shard, level, number) DO UPDATE SET data = excluded.data
)
UPDATE log_position SET head = $11, gaps = coalesce(
    (SELECT range_agg(int8range(low, high, '[]')) FROM unnest($12::bigint[], $13::bigint[]) AS gap (low, high)), '{}'
);

-- name: own_fact
-- One fact of the log's own; the line as it stands then.
INSERT INTO journal (at, kind, body) VALUES ($1, $2, $3) RETURNING seq, at, kind, subject::text, body, trace_id;

-- name: close_shard
-- A shard ($1) is closed at $2 with $3 entries that count.
UPDATE log_shard SET closed_at = $2, closed_size = $3 WHERE id = $1;

-- name: insert_shard
-- A shard opens: id, origin, label, when.
INSERT INTO log_shard (id, origin, label, opened_at) VALUES ($1, $2, $3, $4);

-- name: insert_keys
-- Public keys ($2) of a shard ($1), known from $3 on.
INSERT INTO log_key (shard, key, added_at) SELECT $1, key, $3 FROM unnest($2::text[]) AS key ON CONFLICT DO NOTHING;

-- name: insert_checkpoint
-- A signed checkpoint: shard, size, root, note, when; the same again changes nothing.
INSERT INTO log_checkpoint (shard, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: unsigned_facts
-- Facts of the entries of a shard ($1) behind its signed size ($2).
SELECT fact FROM log_entry WHERE shard = $1 AND index >= $2 ORDER BY fact;

-- name: last_checkpoint
-- The latest checkpoint of a shard ($1).
SELECT size, root, note, signed_at FROM log_checkpoint WHERE shard = $1 ORDER BY size DESC LIMIT 1;

-- name: published_checkpoint
-- The latest checkpoint of a shard ($1 label), or ($2) the latest that witnesses signed, with their lines.
SELECT c.note || coalesce(
    (SELECT string_agg(w.lines, '' ORDER BY w.witness) FROM log_cosignature AS w WHERE w.origin = s.origin AND w.size = c.size),
    ''
)
FROM log_shard AS s JOIN log_checkpoint AS c ON c.shard = s.id
WHERE s.label = $1 AND (NOT $2 OR c.size = (SELECT max(w.size) FROM log_cosignature AS w WHERE w.origin = s.origin))
ORDER BY c.size DESC LIMIT 1;

-- name: shown_anchors
-- The last $2 anchors of a shard ($1 label) that are not lost, with the notes they are of, the newest first.
SELECT a.size, c.note, a.chain, a.reference, a.state FROM log_shard AS s
JOIN log_anchor AS a ON a.origin = s.origin AND a.state <> 'lost'
JOIN log_checkpoint AS c ON c.shard = s.id AND c.size = a.size
WHERE s.label = $1 ORDER BY a.sent_at DESC, a.size DESC LIMIT $2;

-- name: note_refusal
-- Why nothing is sealed ($1; NULL: all is well), since $2; a row where that is news.
UPDATE log_position SET refused = $1, refused_at = CASE WHEN $1::text IS NULL THEN NULL ELSE $2::timestamptz END
WHERE refused IS DISTINCT FROM $1
RETURNING only_row;

-- name: latest_checkpoint
-- The latest checkpoint of the shard with a label ($1), or where that is NULL of the newest that has any.
SELECT s.origin, c.size, c.root, c.note, c.signed_at FROM log_checkpoint c JOIN log_shard s ON s.id = c.shard
WHERE $1::text IS NULL OR s.label = $1 ORDER BY c.shard DESC, c.size DESC LIMIT 1;

-- name: note_at
-- The signed checkpoint of the shard with an origin ($1) at a size ($2).
SELECT s.label, c.note FROM log_checkpoint c JOIN log_shard s ON s.id = c.shard WHERE s.origin = $1 AND c.size = $2;

-- name: first_note
-- The first signed checkpoint of the shard with an origin ($1) that has its first $2 entries.
SELECT c.note FROM log_checkpoint c JOIN log_shard s ON s.id = c.shard WHERE s.origin = $1 AND c.size >= $2
ORDER BY c.size LIMIT 1;

-- name: signed_tile
-- The first $4 hashes of a tile (shard's label $1, level $2, number $3), where a checkpoint covers them; as in tiles_at.
SELECT coalesce(
    (SELECT substring(t.data FROM 1 FOR 32 * $4) FROM log_tile t
     WHERE t.shard = s.id AND t.level = $2 AND t.number = $3 AND length(t.data) >= 32 * $4),
    (SELECT string_agg(e.leaf, '' ORDER BY e.index) FROM log_entry e
     WHERE $2 = 0 AND $4 < 256 AND e.shard = s.id AND e.index >= 256 * $3::bigint AND e.index < 256 * $3::bigint + $4
     HAVING count(*) = $4)
)
FROM log_shard s
WHERE s.label = $1
  AND (SELECT max(c.size) FROM log_checkpoint c WHERE c.shard = s.id) >> (8 * $2::int) >= $3::bigint * 256 + $4;

-- name: signed_entries
-- The bodies of entries of a shard (label $1) from index $2 to below $3, where a checkpoint covers them.
SELECT e.body FROM log_entry e JOIN log_shard s ON s.id = e.shard
WHERE s.label = $1 AND e.index >= $2 AND e.index < $3
  AND (SELECT max(c.size) FROM log_checkpoint c WHERE c.shard = s.id) >= $3
ORDER BY e.index;

-- name: sealed_fact
-- The entry of a fact ($1) with its shard and that one's latest checkpoint, where it covers the entry.
SELECT e.shard, e.index, e.body, c.size, c.note FROM log_entry e
CROSS JOIN LATERAL (
    SELECT size, note FROM log_checkpoint WHERE shard = e.shard ORDER BY size DESC LIMIT 1
) AS c
WHERE e.fact = $1 AND e.index < c.size ORDER BY e.shard DESC LIMIT 1;

-- name: sealed_case
-- The entries of a case ($1) in the order of its chain, as in sealed_fact.
SELECT e.shard, e.index, e.body, c.size, c.note FROM log_entry e
CROSS JOIN LATERAL (
    SELECT size, note FROM log_checkpoint WHERE shard = e.shard ORDER BY size DESC LIMIT 1
) AS c
WHERE e.case_id = $1 AND e.index < c.size ORDER BY e.case_seq;

-- name: shard_of_origin
-- The shard with this origin ($1), and up to where it is signed.
SELECT s.id, coalesce((SELECT max(c.size) FROM log_checkpoint c WHERE c.shard = s.id), 0) AS signed_size
FROM log_shard s WHERE s.origin = $1;

-- name: log_standing
-- How the log stands: entries behind and since when, the last checkpoint, and what is refused.
SELECT p.refused, p.refused_at, head.last - p.head AS behind,
    (SELECT at FROM journal WHERE seq > p.head ORDER BY seq LIMIT 1) AS oldest_at,
    c.size, c.signed_at, s.origin,
    coalesce((SELECT max(e.index) + 1 FROM log_entry e WHERE e.shard = s.id), 0) AS entries
FROM log_position p
CROSS JOIN LATERAL (SELECT coalesce(max(seq), 0) AS last FROM journal) AS head
LEFT JOIN log_shard s ON s.closed_at IS NULL
LEFT JOIN LATERAL (
    SELECT size, signed_at FROM log_checkpoint WHERE shard = s.id ORDER BY size DESC LIMIT 1
) AS c ON true;

-- name: shards_and_keys
-- Every shard with its keys, in order.
SELECT s.id, s.origin, s.label, s.opened_at, s.closed_at, s.closed_size,
    (SELECT coalesce(array_agg(key ORDER BY added_at, key), '{}') FROM log_key WHERE shard = s.id) AS keys
FROM log_shard s ORDER BY s.id;

-- name: audited_shards
-- Every shard with its size, and how many of its entries count.
SELECT s.id, s.origin, s.label,
    coalesce((SELECT max(e.index) + 1 FROM log_entry e WHERE e.shard = s.id), 0) AS size, s.closed_size
FROM log_shard s ORDER BY s.id;

-- name: audited_rows
-- Entries of a shard ($1) from index $2 on, up to $3 of them, with their lines of the journal.
SELECT e.index, e.body, e.case_id, e.case_seq, e.leaf, e.fact, j.at, j.kind, j.subject::text, j.body, j.trace_id
FROM log_entry e LEFT JOIN journal j ON j.seq = e.fact
WHERE e.shard = $1 AND e.index >= $2 ORDER BY e.index LIMIT $3;

-- name: audited_points
-- The first $3 checkpoints of a shard ($1) above a size ($2), the smallest first.
SELECT size, root, note FROM log_checkpoint WHERE shard = $1 AND size > $2 ORDER BY size LIMIT $3;

-- name: left_out_fact
-- A line of the journal that should be in the log and is not.
SELECT j.seq FROM journal j CROSS JOIN log_position p
WHERE j.seq <= p.head AND NOT p.gaps @> j.seq AND NOT EXISTS (SELECT FROM log_entry e WHERE e.fact = j.seq)
ORDER BY j.seq LIMIT 1;

-- name: stray_checkpoint
-- A checkpoint of a shard that is not there.
SELECT c.shard, c.size FROM log_checkpoint AS c
WHERE NOT EXISTS (SELECT FROM log_shard AS s WHERE s.id = c.shard) ORDER BY c.shard, c.size LIMIT 1;

-- name: readable_tables
-- The tables of this schema, to be read from end to end.
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1;

-- name: thin_checkpoints
-- Of $4 checkpoints behind one ($1 shard, $2 size), those signed before $3 go that a later one of their hour follows and that
-- nobody outside refers to. The one up to which that is done now, and how many went; no row: nothing is left to look at.
WITH looked AS MATERIALIZED (
    SELECT c.place, c.shard, c.size, c.signed_at, lead(c.signed_at) OVER (PARTITION BY c.shard ORDER BY c.size) AS next_at
    FROM (
        SELECT ctid AS place, shard, size, signed_at FROM log_checkpoint
        WHERE (shard, size) > ($1::integer, $2::bigint) ORDER BY shard, size LIMIT $4
    ) AS c
), gone AS (
    -- By their places on the disk, which no row ever leaves: whatever the planner thinks of the size of the table.
    DELETE FROM log_checkpoint WHERE ctid = ANY (ARRAY(
        SELECT l.place FROM looked AS l JOIN log_shard AS s ON s.id = l.shard
        WHERE l.signed_at < $3 AND date_trunc('hour', l.next_at, 'UTC') = date_trunc('hour', l.signed_at, 'UTC')
          AND NOT EXISTS (SELECT FROM log_cosignature AS w WHERE w.origin = s.origin AND w.size = l.size)
          AND NOT EXISTS (SELECT FROM log_timestamp AS t WHERE t.origin = s.origin AND t.size = l.size)
          AND NOT EXISTS (SELECT FROM log_anchor AS a WHERE a.origin = s.origin AND a.size = l.size)
    ))
    RETURNING size
)
SELECT shard, size, (SELECT count(*) FROM gone) FROM looked
WHERE signed_at < $3 ORDER BY shard DESC, size DESC OFFSET 1 LIMIT 1;
