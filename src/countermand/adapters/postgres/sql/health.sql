-- name: database_room
-- How many connections are in use and allowed.
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::integer AS connections_max;

-- name: followers_behind
-- When the oldest decision was received that each follower has not looked at; NULL where there is none.
SELECT
    (SELECT o.received_at FROM notice_position AS p JOIN operation AS o ON o.seq > p.seq ORDER BY o.seq LIMIT 1) AS notices,
    (SELECT o.received_at FROM alert_place AS p JOIN operation AS o ON o.seq > p.seq ORDER BY o.seq LIMIT 1) AS alerts;

-- name: waiting_effects
-- What waits in the outbox by target, of at most $2 effects; the oldest of those that were due at $1.
SELECT port, count(*) AS waiting, min(placed_at) FILTER (WHERE due_at <= $1 OR attempts > 0) AS oldest_at, max(attempts) AS attempts
FROM (SELECT port, placed_at, due_at, attempts FROM effect WHERE state = 'pending' ORDER BY due_at LIMIT $2) AS pending
GROUP BY port ORDER BY port;

-- name: outsiders_said
-- What witnesses, time-stamping authorities and chains last said of the newest log.
WITH newest AS (SELECT origin FROM log_shard ORDER BY id DESC LIMIT 1)
(SELECT DISTINCT ON (witness) 'witness' AS kind, witness AS name, size, kept_at AS at
 FROM log_cosignature JOIN newest USING (origin) ORDER BY witness, size DESC)
UNION ALL
(SELECT 'timestamp', authority, size, stamped_at FROM log_timestamp JOIN newest USING (origin) ORDER BY size DESC LIMIT 1)
UNION ALL
(SELECT 'anchor', chain, size, sent_at FROM log_anchor JOIN newest USING (origin) WHERE state <> 'lost' ORDER BY sent_at DESC LIMIT 1);
