-- name: put_key
-- A data key, its subject the handle of $9 where the record has one; or the live one of the case.
INSERT INTO data_key (id, case_id, subject, about, wrapped, service, key_name, created_at)
SELECT
    $1, $2,
    coalesce(
        (SELECT a.handle::text FROM account AS a WHERE a.id = $9),
        (SELECT s.handle::text FROM standing_subject AS s WHERE s.key = $9),
        $3
    ),
    $4, $5, $6, $7, $8
ON CONFLICT (case_id, about) WHERE shredded_at IS NULL DO UPDATE SET subject = excluded.subject
RETURNING *;

-- name: put_new_keys
-- The first keys of cases that are opened here and now.
INSERT INTO data_key (id, case_id, subject, about, wrapped, service, key_name, created_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::timestamptz[]
);

-- name: find_key
-- The live key of a case; it cannot be destroyed before this transaction ends.
SELECT * FROM data_key WHERE case_id = $1 AND about = $2 AND shredded_at IS NULL FOR SHARE;

-- name: keys_named
-- Keys by name.
SELECT * FROM data_key WHERE id = ANY($1::text[]);

-- name: keys_of_case
-- All keys of a case, locked, in the order of their making.
SELECT * FROM data_key WHERE case_id = $1 ORDER BY created_at, id FOR UPDATE;

-- name: keys_of_subject
-- All keys of a subject.
SELECT * FROM data_key WHERE subject = $1 ORDER BY created_at, id;

-- name: keys_to_rewrap
-- Live keys that another key wraps, behind one of them, locked.
SELECT * FROM data_key
WHERE shredded_at IS NULL AND (service, key_name) <> ($1, $2) AND id > $3 ORDER BY id LIMIT $4 FOR UPDATE;

-- name: rewrap_keys
-- How live keys are wrapped now.
UPDATE data_key SET wrapped = n.wrapped, service = $3, key_name = n.key_name
FROM unnest($1::text[], $2::bytea[], $4::text[]) AS n (id, wrapped, key_name)
WHERE data_key.id = n.id AND data_key.shredded_at IS NULL;

-- name: key_samples
-- One live key for each key that wraps some.
SELECT DISTINCT ON (service, key_name) * FROM data_key WHERE shredded_at IS NULL ORDER BY service, key_name, id;

-- name: destroy_keys
-- Destroy data keys and what hangs on them.
SELECT destroy_data_keys($1, $2, $3, $4, $5, $6);

-- name: all_tombstones
-- Everything that was destroyed, oldest first.
SELECT data_key, case_id, subject, at, actor, reason FROM tombstone ORDER BY at, data_key;

-- name: objects_of_keys
-- The objects that hold what is sealed under these keys.
SELECT object FROM exhibit WHERE data_key = ANY($1::text[])
UNION SELECT p.object FROM upload_part AS p JOIN upload AS u ON u.id = p.upload
WHERE u.data_key = ANY($1::text[]);

-- name: exhibits_of_keys
-- The exhibits whose data keys ($1) these are.
SELECT * FROM exhibit WHERE data_key = ANY($1::text[]);

-- name: reports_of_keys
-- What came in for the cases whose own keys ($1) these are.
SELECT * FROM inbound WHERE case_id IN (SELECT case_id FROM data_key WHERE id = ANY($1::text[]) AND about = 'holder');

-- name: add_exhibit
-- An exhibit.
INSERT INTO exhibit (
    id, case_id, data_key, kind, about, name, declared, sniffed, lies, size, plain_digest, object,
    object_size, scan, standing, origin, captured_at, captured_by, derived_from, attachment
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);

-- name: case_exhibits
-- All exhibits of a case, oldest first.
SELECT * FROM exhibit WHERE case_id = $1 ORDER BY captured_at, id;

-- name: lock_exhibit
-- One exhibit, locked: one touch at a time.
SELECT * FROM exhibit WHERE id = $1 FOR UPDATE;

-- name: add_touches
-- Touches of exhibits; the case of each.
INSERT INTO custody_event (exhibit, seq, touch, at, actor, body)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::jsonb[])
RETURNING exhibit, (SELECT e.case_id FROM exhibit AS e WHERE e.id = custody_event.exhibit) AS case_id;

-- name: exhibit_custody
-- The chain of one exhibit.
SELECT * FROM custody_event WHERE exhibit = $1 ORDER BY seq;

-- name: case_custody
-- The chains of all exhibits of a case, by time.
SELECT c.* FROM custody_event AS c JOIN exhibit AS e ON e.id = c.exhibit
WHERE e.case_id = $1 ORDER BY c.at, c.exhibit, c.seq;

-- name: begin_upload
-- An upload.
INSERT INTO upload (
    id, token, case_id, data_key, kind, about, declared, wanted, length, "offset", actor, begun_at, ends_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12);

-- name: find_upload
-- The upload that somebody holds the token of.
SELECT * FROM upload WHERE token = $1;

-- name: lock_upload
-- The same, locked.
SELECT * FROM upload WHERE token = $1 FOR UPDATE;

-- name: move_upload
-- Bytes more are safe; nothing where others were first.
UPDATE upload SET "offset" = "offset" + $3 WHERE id = $1 AND "offset" = $2 AND exhibit IS NULL RETURNING id;

-- name: add_part
-- What is safe of an upload.
INSERT INTO upload_part (upload, start, size, object) VALUES ($1, $2, $3, $4);

-- name: upload_parts
-- What is safe of an upload, in order.
SELECT upload, start, size, object FROM upload_part WHERE upload = $1 ORDER BY start;

-- name: finish_upload
-- An upload became an exhibit.
UPDATE upload SET exhibit = $2 WHERE id = $1;

-- name: forget_upload
-- An upload became nothing.
DELETE FROM upload WHERE id = $1;

-- name: forget_parts
-- The parts of an upload are not needed any more.
DELETE FROM upload_part WHERE upload = $1 RETURNING object;

-- name: uploads_over
-- Uploads that were never finished in their time.
SELECT * FROM upload WHERE ends_at <= $1 AND exhibit IS NULL ORDER BY ends_at, id LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: object_used
-- Whether an exhibit or a part is in an object.
SELECT EXISTS (SELECT FROM exhibit WHERE object = $1 AND standing <> 'shredded')
    OR EXISTS (SELECT FROM upload_part WHERE object = $1);

-- name: put_legal_hold
-- A legal hold, new or ended.
INSERT INTO legal_hold (id, case_id, reason, basis, begun_at, begun_by, ended_at, ended_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, ended_by = excluded.ended_by;

-- name: case_holds
-- All legal holds of a case.
SELECT * FROM legal_hold WHERE case_id = $1 ORDER BY begun_at, id;

-- name: cases_ended
-- Closed cases with live data keys that ended before an instant, behind one of them.
SELECT c.id, CASE WHEN c.merged_into IS NULL THEN c.closed_at ELSE w.closed_at END AS closed_at
FROM case_file AS c LEFT JOIN case_file AS w ON w.id = c.merged_into
WHERE CASE WHEN c.merged_into IS NULL THEN c.closed_at ELSE w.closed_at END < $1 AND c.id > $2
    AND EXISTS (SELECT FROM data_key AS k WHERE k.case_id = c.id AND k.shredded_at IS NULL)
ORDER BY c.id LIMIT $3;

-- name: put_instrument
-- A token; the one that the merchant has for the number already, where there is one.
INSERT INTO instrument (token, merchant, finder, sealed, masked, made_at, used_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (merchant, finder) DO UPDATE SET used_at = excluded.used_at
RETURNING token, merchant, finder, sealed, masked, made_at, used_at;

-- name: use_instrument
-- What a token stands for; it is used now.
UPDATE instrument SET used_at = greatest(used_at, $2) WHERE token = $1
RETURNING token, merchant, finder, sealed, masked, made_at, used_at;

-- name: drop_instruments
-- Forget tokens that nobody used since.
DELETE FROM instrument WHERE used_at < $1;

-- name: anything_sealed
-- Whether anything was ever sealed here: then the keys must be there, and none is made anew.
SELECT EXISTS (SELECT FROM data_key) OR EXISTS (SELECT FROM inbound) OR EXISTS (SELECT FROM contact_point)
    OR EXISTS (SELECT FROM authenticator);
