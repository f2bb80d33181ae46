-- name: inbound_by_key
-- What came under a key of a channel.
SELECT * FROM inbound WHERE channel = $1 AND key = $2;

-- name: inbound_by_keys
-- What came under keys ($2) of channels ($1).
SELECT i.* FROM unnest($1::text[], $2::text[]) AS asked (channel, key) JOIN inbound AS i USING (channel, key);

-- name: inbound_by_id
-- What came in, by our name for it.
SELECT * FROM inbound WHERE id = $1;

-- name: answered_lately
-- Whether an answer to a sender in a case was put into the outbox since $3; its id is the inbound's, and /answer.
SELECT EXISTS (
    SELECT FROM inbound AS i JOIN effect AS e ON e.id = i.id || '/answer'
    WHERE i.case_id = $1 AND i.sender = $2 AND e.placed_at > $3
);

-- name: put_inbounds
-- Keep what came ($1 rows); that of it whose key was not taken.
INSERT INTO inbound SELECT * FROM unnest($1::inbound[])
ON CONFLICT (channel, key) DO NOTHING
RETURNING id;

-- name: open_cases
-- New cases ($1 rows); those of them whose number was not taken.
INSERT INTO case_file SELECT * FROM unnest($1::case_file[])
ON CONFLICT (number) DO NOTHING
RETURNING id;

-- name: write_case
-- A case as it stands after more events, where it was last at version $19.
UPDATE case_file SET
    number = $2, version = $3, stage = $4, ball = $5, contained = $6, outcome = $7, risk = $8, category = $9,
    owner = $10, team = $11, account = $12, person = $13, opened_at = $14, updated_at = $15, closed_at = $16,
    merged_into = $17, state = $18
WHERE id = $1 AND version = $19
RETURNING id;

-- name: add_events
-- Events of cases.
INSERT INTO case_event (case_id, seq, kind, at, actor, body, trace_id)
SELECT * FROM unnest(
    $1::text[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::jsonb[], $7::text[]
);

-- name: lock_cases
-- These cases, locked in one order so that nobody deadlocks.
SELECT state FROM case_file WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE;

-- name: cases_of_incidents
-- The cases for which one of these incidents ($1) was placed.
SELECT DISTINCT case_id FROM case_event WHERE kind = 'contained' AND body ->> 'incident' = ANY($1::text[]);

-- name: case_by_number
-- The case of a number.
SELECT state FROM case_file WHERE number = $1;

-- name: open_cases_of
-- Of each of these ($1 accounts, $2 persons), open cases that were touched since $3, newest first, up to $4.
SELECT asked.place, found.state
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (account, person, place)
CROSS JOIN LATERAL (
    SELECT id, updated_at, state FROM case_file
    WHERE (account = asked.account OR person = asked.person)
        AND stage <> 'closed' AND merged_into IS NULL AND updated_at >= $3
    ORDER BY updated_at DESC, id LIMIT $4
) AS found
ORDER BY asked.place, found.updated_at DESC, found.id;

-- name: cases_of_account
-- The cases about an account ($1), those touched last first, up to $2; one that became part of another is in that one.
SELECT state FROM case_file WHERE account = $1 AND merged_into IS NULL ORDER BY updated_at DESC, id LIMIT $2;

-- name: wrote_before
-- Whether something of a case came from a sender.
SELECT EXISTS (SELECT FROM inbound WHERE case_id = $1 AND sender = $2);

-- name: account_signals
-- How the operations of accounts ($1) since $2 were decided, and what still can be taken back.
SELECT asked.account, decided.alarming, decided.denied,
    (SELECT count(*) FROM hold AS h WHERE h.account = asked.account AND h.state = 'open') AS revocable
FROM unnest($1::text[]) AS asked (account)
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE o.outcome BETWEEN 1 AND 3) AS alarming,
        count(*) FILTER (WHERE o.outcome = 4) AS denied
    FROM operation AS o WHERE o.account = asked.account AND o.occurred_at >= $2
) AS decided;

-- name: operations_between
-- The bodies of an account's operations from $2 to $3, newest first, $4 at most.
SELECT body FROM operation WHERE account = $1 AND occurred_at BETWEEN $2 AND $3
ORDER BY occurred_at DESC, seq DESC LIMIT $4;

-- name: decided_of
-- The operations of an account ($1) behind a place ($2, $3), newest first, $4 at most, with how they were decided.
SELECT id, decision_id, outcome, body, seq FROM operation WHERE account = $1 AND (occurred_at, seq) < ($2, $3)
ORDER BY occurred_at DESC, seq DESC LIMIT $4;

-- name: on_record
-- Whether there are operations, notices, devices and loan contracts of an account ($1) since $2.
SELECT
    EXISTS (SELECT FROM operation WHERE account = $1 AND occurred_at >= $2),
    EXISTS (SELECT FROM notice WHERE account = $1 AND at >= $2),
    EXISTS (SELECT FROM operation WHERE account = $1 AND occurred_at >= $2
        AND convert_from(body, 'UTF8')::json #>> '{device,id}' IS NOT NULL),
    EXISTS (SELECT FROM operation AS o JOIN consent_receipt AS c ON c.operation = o.id
        WHERE o.account = $1 AND o.occurred_at >= $2 AND o.kind IN ('loan_apply', 'loan_disburse'));

-- name: case_events
-- The events of a case behind a version.
SELECT * FROM case_event WHERE case_id = $1 AND seq > $2 ORDER BY seq;

-- name: announce_message
-- Tell whoever waits that something was written to somebody: the name of the table and nothing else, at the commit.
SELECT pg_notify('countermand', json_build_object('table', 'message')::text);

-- name: add_messages
-- Messages of cases.
INSERT INTO message (
    id, case_id, direction, channel, author, at, language, masked, sealed, inbound, approved, secret_said, words
)
SELECT
    id, case_id, direction, channel, author, at, language, masked, sealed, inbound, approved, secret_said,
    words::tsvector
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
    $9::bytea[], $10::text[], $11::text[], $12::boolean[], $13::text[]
) AS new (
    id, case_id, direction, channel, author, at, language, masked, sealed, inbound, approved, secret_said, words
);

-- name: case_messages
-- The messages of a case in order of time.
SELECT id, case_id, direction, channel, author, at, language, masked, sealed, inbound, approved, secret_said
FROM message WHERE case_id = $1 ORDER BY at, id;

-- name: add_attachment
-- A file that came with a message.
INSERT INTO attachment (id, message_id, name, media_type, bytes, digest, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: case_attachments
-- The files of a case, without their bytes.
SELECT a.id, a.message_id, a.name, a.media_type, a.bytes, a.digest
FROM attachment AS a JOIN message AS m ON m.id = a.message_id
WHERE m.case_id = $1 ORDER BY a.id;

-- name: attachment_bytes
-- The sealed bytes of a file of a case.
SELECT a.sealed FROM attachment AS a JOIN message AS m ON m.id = a.message_id
WHERE m.case_id = $1 AND a.id = $2;

-- name: put_promises
-- Promises, new or kept.
INSERT INTO promise (id, case_id, code, due_at, made_at, made_by, kept_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::timestamptz[]
)
ON CONFLICT (id) DO UPDATE SET kept_at = excluded.kept_at;

-- name: case_promises
-- The promises of a case, those due first first.
SELECT * FROM promise WHERE case_id = $1 ORDER BY due_at, id;

-- name: add_values
-- What masking hid in messages: digests, cases, kinds, messages; what is known of a case stays.
INSERT INTO message_value (digest, case_id, kind, message_id)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[])
ON CONFLICT DO NOTHING;
