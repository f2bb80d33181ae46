-- name: contact_terms_of
-- How the holder of an account ($1) wants to be told.
SELECT * FROM contact_terms WHERE account = $1;

-- name: lock_contact_terms
-- The same, locked.
SELECT * FROM contact_terms WHERE account = $1 FOR UPDATE;

-- name: contact_points_of
-- The addresses of an account ($1), in order of preference.
SELECT * FROM contact_point WHERE account = $1 ORDER BY place, channel, key;

-- name: put_contact_terms
-- Keep how somebody wants to be told ($1 account, $2 language, $3 zone, $4 and $5 quiet hours, $6 when).
INSERT INTO contact_terms (account, language, timezone, quiet_begins, quiet_ends, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account) DO UPDATE SET language = $2, timezone = $3, quiet_begins = $4, quiet_ends = $5, updated_at = $6;

-- name: clear_contact_points
-- Take all addresses of an account ($1) away, to write them anew.
DELETE FROM contact_point WHERE account = $1;

-- name: add_contact_points
-- Write addresses of an account ($1), in order ($2 channels, $3 keys, $4 sealed, $5 verified, $6 former until).
INSERT INTO contact_point (account, place, channel, key, sealed, verified_at, former_until)
SELECT $1, place, channel, key, sealed, verified_at, former_until
FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[], $6::timestamptz[])
    WITH ORDINALITY AS new (channel, key, sealed, verified_at, former_until, place);

-- name: remove_contacts
-- Forget an account's contacts ($1).
DELETE FROM contact_terms WHERE account = $1 RETURNING account;

-- name: forget_former_points
-- Forget addresses of these accounts ($1) that were replaced and have heard enough at $2.
DELETE FROM contact_point WHERE account = ANY($1::text[]) AND former_until <= $2;

-- name: accounts_at_point
-- The accounts reached at an address ($1 channel, $2 key) now, verified.
SELECT account FROM contact_point
WHERE channel = $1 AND key = $2 AND verified_at IS NOT NULL AND former_until IS NULL ORDER BY account;

-- name: add_notice
-- Keep a notice, once ($1 id, $2 kind, $3 account, $4 person, $5 urgency, $6 details, $7 when, $8 trace).
INSERT INTO notice (id, kind, account, person, urgency, details, at, trace_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING seq;

-- name: notice_of_id
-- A notice by its id ($1).
SELECT * FROM notice WHERE id = $1;

-- name: notices_of_account
-- Notices of an account ($1) behind number $2, at most $3, in order.
SELECT * FROM notice WHERE account = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: newest_notices_of_account
-- The newest notices of an account ($1) before number $2, at most $3, newest first.
SELECT * FROM notice WHERE account = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: plan_sendings
-- Keep new sendings, in this order ($1 ids, $2 notices, $3 channels, $4 points, $5 when).
INSERT INTO notice_sending (id, notice, channel, point, state, planned_at)
SELECT id, notice, channel, point, 'planned', planned_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
    WITH ORDINALITY AS new (id, notice, channel, point, planned_at, place)
ORDER BY place ON CONFLICT (id) DO NOTHING;

-- name: sendings_of_notices
-- The sendings of notices ($1), in order.
SELECT * FROM notice_sending WHERE notice = ANY($1::text[]) ORDER BY seq;

-- name: lock_sending
-- One sending ($1), locked.
SELECT * FROM notice_sending WHERE id = $1 FOR UPDATE;

-- name: sending_id
-- The id of the sending with a number ($1).
SELECT id FROM notice_sending WHERE seq = $1;

-- name: put_sending
-- Write what became of a sending ($1 id, $2 state, $3 started, $4 ended, $5 confirmed, $6 answer).
UPDATE notice_sending SET state = $2, started_at = $3, ended_at = $4, confirmed_at = $5, answer = $6 WHERE id = $1;

-- name: lock_notice_position
-- Up to where decisions were looked at; nothing while somebody else looks.
SELECT seq FROM notice_position FOR UPDATE SKIP LOCKED;

-- name: pass_notice_position
-- Move on to number $1.
UPDATE notice_position SET seq = $1;

-- name: decided_operations
-- Operations numbered above $1, at most $2, in order, with what notices need to know of them.
SELECT o.seq, o.id, o.account, o.kind, o.received_at, o.body, o.answer, a.handle, o.trace_id,
       EXISTS (
           SELECT FROM standing_order AS s
           WHERE s.account = o.account AND s.kind = 'heightened_review' AND s.lifted_at IS NULL
              AND (s.ends_at IS NULL OR s.ends_at > o.received_at)
       ) AS watched,
       h.placed_at, h.until, h.expires_at, h.needs, h.state
FROM operation AS o
LEFT JOIN account AS a ON a.id = o.account
LEFT JOIN hold AS h ON h.operation = o.id
WHERE o.seq > $1 ORDER BY o.seq LIMIT $2;

-- name: revocable_operations
-- Operations of these accounts ($1) that wait and can be taken back, or have just been released.
SELECT operation FROM hold WHERE account = ANY($1::text[]) AND state IN ('open', 'released') ORDER BY placed_at;

-- name: texted_notices
-- Notices of these kinds ($2) since $3 that went by SMS to a number ($1, its key) which is its account's at $4.
SELECT n.* FROM contact_point AS p
JOIN notice AS n ON n.account = p.account
WHERE p.channel = 'sms' AND p.key = $1 AND p.verified_at IS NOT NULL
    AND (p.former_until IS NULL OR p.former_until > $4)
    AND n.kind = ANY($2::text[]) AND n.at >= $3
    AND EXISTS (
        SELECT FROM notice_sending AS s
        WHERE s.notice = n.id AND s.channel = 'sms' AND s.point = p.key AND s.state <> 'planned'
    )
ORDER BY n.seq DESC LIMIT 100;

-- name: contact_changes_of
-- What the holder of an account ($1) has asked to change and still may come to something.
SELECT * FROM contact_change WHERE account = $1 AND state IN ('pending', 'waiting') ORDER BY asked_at, id;

-- name: contact_changes_open
-- Those of these changes ($1) that are still open.
SELECT * FROM contact_change WHERE id = ANY($1::text[]) AND state IN ('pending', 'waiting') ORDER BY asked_at, id;

-- name: put_contact_change
-- Write a change, new or as it is now.
INSERT INTO contact_change (
    id, account, action, channel, key, sealed, code, asked_at, asked_by, due_at, state, ended_at, ended_by, why
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (id) DO UPDATE SET
    sealed = excluded.sealed, code = excluded.code, due_at = excluded.due_at, state = excluded.state,
    ended_at = excluded.ended_at, ended_by = excluded.ended_by, why = excluded.why;

-- name: forget_contact_changes
-- Forget what the holder of an account ($1) asked to change.
DELETE FROM contact_change WHERE account = $1;
