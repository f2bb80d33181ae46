-- name: put_incidents
-- Write incidents ($1 ids, $2 rows), new or changed; only where they stand can change.
INSERT INTO incident
SELECT (one).* FROM (SELECT unnest($1::text[]) AS id, unnest($2::incident[]) AS one) AS new
ON CONFLICT (id) DO UPDATE SET state = excluded.state, grade = excluded.grade, closed_at = excluded.closed_at;

-- name: incident_by_key
-- The incident of an idempotency key ($2) of who asked ($1).
SELECT * FROM incident WHERE placed_by = $1 AND key = $2;

-- name: incident_by_id
-- One incident ($1).
SELECT * FROM incident WHERE id = $1;

-- name: linked_incidents
-- An incident ($1), first, and all that are linked with it by what follows from what.
WITH RECURSIVE linked (id) AS (
    SELECT id FROM incident WHERE id = $1
    UNION
    SELECT other.id FROM linked
    JOIN incident AS mine ON mine.id = linked.id
    JOIN incident AS other ON other.follows = mine.id OR other.id = mine.follows
)
SELECT * FROM incident WHERE id IN (SELECT id FROM linked) ORDER BY id <> $1, id;

-- name: lock_incidents
-- These incidents ($1), locked.
SELECT * FROM incident WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE;

-- name: police_stops
-- How many stops the police have had for an account ($1) under a case number ($2).
SELECT count(*) FROM incident WHERE source = 'police' AND account = $1 AND reference = $2;

-- name: account_seen
-- What was asked for on an account ($1) in a window ($2, $3; up to $4, newest first), the devices of its last operations
-- ($5) before it, and those its profile names.
SELECT
    (SELECT coalesce(json_agg(o), '[]') FROM (
        SELECT id, kind, outcome, convert_from(body, 'UTF8')::json #>> '{device,id}' AS device,
            convert_from(body, 'UTF8')::json ->> 'session' AS session
        FROM operation WHERE account = $1 AND occurred_at BETWEEN $2 AND $3
        ORDER BY occurred_at DESC, seq DESC LIMIT $4
    ) AS o) AS operations,
    ARRAY(SELECT DISTINCT convert_from(body, 'UTF8')::json #>> '{device,id}' FROM (
        SELECT body FROM operation WHERE account = $1 AND occurred_at < $2 ORDER BY occurred_at DESC LIMIT $5
    ) AS before) AS devices_before,
    (SELECT devices FROM account WHERE id = $1) AS devices_known;

-- name: devices_known
-- The devices that the profile of an account ($1) names.
SELECT coalesce(devices, '{}') FROM account WHERE id = $1;

-- name: unbind_devices
-- Take devices ($2) off the profile of an account ($1), and say which; its guard moves with the orders of the same transaction.
WITH named AS (
    SELECT device FROM account, unnest(devices) AS device WHERE id = $1 AND device = ANY($2::text[])
), changed AS (
    UPDATE account SET devices = ARRAY(SELECT device FROM unnest(devices) AS device WHERE device <> ALL($2::text[]))
    WHERE id = $1 AND devices && $2::text[]
)
SELECT DISTINCT device FROM named ORDER BY device;

-- name: bind_devices
-- Put devices ($2) back on the profile of an account ($1) that names devices, and move its guard.
UPDATE account SET devices = devices || ARRAY(SELECT device FROM unnest($2::text[]) AS device WHERE device <> ALL(devices)),
    guard = guard + 1, updated_at = now()
WHERE id = $1 AND devices IS NOT NULL AND NOT devices @> $2::text[];

-- name: put_liftings
-- Write what was lifted.
INSERT INTO incident_lifting (
    incident, cause, kind, grade, lifted_at, lifted_by, methods, reason, reference, lifted, placed, effects, devices
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: liftings_of_incident
-- What was lifted of an incident ($1), in order.
SELECT * FROM incident_lifting WHERE incident = $1 ORDER BY lifted_at, cause;

-- name: open_holds
-- The operations on hold of a person ($1, NULL for everybody), up to $2 of them.
SELECT operation FROM hold WHERE state = 'open' AND ($1::text IS NULL OR person = $1) ORDER BY placed_at LIMIT $2;

-- name: request_evidence
-- Ask for snapshots ($1 rows).
INSERT INTO evidence_request SELECT * FROM unnest($1::evidence_request[]) ON CONFLICT (incident) DO NOTHING;

-- name: order_revocations
-- Who writes ends of sessions is alone until the commit, so the feed's numbers are committed in their order.
SELECT pg_advisory_xact_lock(7399999);

-- name: revoke_sessions
-- Write the ends of sessions: incidents, accounts, persons, sessions, devices, begun before, revoked at.
INSERT INTO session_revocation (incident, account, person, session, device, begun_before, revoked_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[]
);

-- name: put_tasks
-- Write tasks: ids, kinds, tiers, about, incidents, accounts, persons, created at, due at; one that is there stays.
INSERT INTO review_task (id, kind, tier, about, incident, account, person, created_at, due_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
    $9::timestamptz[]
) ON CONFLICT (kind, about) DO NOTHING;

-- name: tasks_page
-- Tasks that are open ($1) or done, by when they are due, behind $2 and $3, up to $4.
SELECT * FROM review_task
WHERE (done_at IS NULL) = $1 AND (due_at, id) > ($2, $3) ORDER BY due_at, id LIMIT $4;

-- name: end_task
-- A task ($1) is done at $2 by $3; one that was done stays as it is.
UPDATE review_task SET done_at = coalesce(done_at, $2), done_by = coalesce(done_by, $3) WHERE id = $1 RETURNING *;

-- name: revocations_since
-- Ends of sessions behind number $1, up to $2 of them.
SELECT * FROM session_revocation WHERE seq > $1 ORDER BY seq LIMIT $2;

-- name: revocations_about
-- The ends of sessions of an account ($1) or a person ($2) that could be about a session ($3), a device ($4) or its age.
SELECT * FROM session_revocation
WHERE (account = $1 OR person = $2)
    AND (session = $3 OR device = $4 OR begun_before IS NOT NULL)
ORDER BY seq;

-- name: orders_of_incident
-- Every order of an incident ($1), lifted ones too.
SELECT id, account, person, kind, named, ends_at, placed_at, lifted_at, lifted_by FROM standing_order
WHERE incident = $1 ORDER BY placed_at, id;

-- name: effects_of_incident
-- What became of the effects of an incident ($1 their ids).
SELECT id, port, action, state, attempts, ended_at FROM effect WHERE id = ANY($1::text[]) ORDER BY seq;

-- name: alert_place
-- Up to which operation alerts were raised, locked; nobody else raises them meanwhile.
SELECT seq FROM alert_place FOR UPDATE;

-- name: start_alerts
-- Begin to raise alerts behind the operations there are.
INSERT INTO alert_place (seq) SELECT coalesce(max(seq), 0) FROM operation ON CONFLICT DO NOTHING;

-- name: move_alert_place
-- Alerts were raised up to an operation ($1).
UPDATE alert_place SET seq = $1;

-- name: alarming_operations
-- Operations behind number $1, up to number $2, that were not simply allowed.
SELECT seq, id, account, outcome, answer, convert_from(body, 'UTF8')::json ->> 'person' AS person
FROM operation WHERE seq > $1 AND seq <= $2 AND outcome > 0 ORDER BY seq;

-- name: last_operation
-- The highest number of the record.
SELECT coalesce(max(seq), 0) FROM operation;
