-- name: add_version
-- Keep a version of an article for good; one that is kept already stays as it is.
INSERT INTO kb_version (article, version, category, audience, valid_from, valid_to, body, sha256, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (article, version) DO NOTHING;

-- name: version_digests
-- The digest of every version that is kept.
SELECT article, version, sha256 FROM kb_version;

-- name: version_body
-- An article ($1) as it was kept under a number ($2).
SELECT body FROM kb_version WHERE article = $1 AND version = $2;

-- name: party_alone
-- Wait until nobody else answers this party ($1), and keep others waiting until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('answers:' || $1, 0));

-- name: reply_to_message
-- The answer that a message ($1) got.
SELECT * FROM auto_reply WHERE message = $1;

-- name: reply_found
-- An answer by its id ($1).
SELECT * FROM auto_reply WHERE id = $1;

-- name: recent_replies
-- What a party ($1) was answered since an instant ($2), the oldest first.
SELECT * FROM auto_reply WHERE party = $1 AND sent_at >= $2 ORDER BY sent_at, id;

-- name: events_of_replies
-- What became of these answers ($1), in order.
SELECT * FROM auto_reply_event WHERE reply = ANY($1::text[]) ORDER BY seq;

-- name: add_reply
-- Keep an answer.
INSERT INTO auto_reply (
    id, message, case_id, party, channel, category, risk, article, version, language, text_sha256, double_check, sent_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: add_reply_event
-- Keep what became of an answer; nothing comes back where the same is kept already.
INSERT INTO auto_reply_event (reply, kind, message, at, by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (reply, kind, message) DO NOTHING RETURNING seq;

-- name: hand_off_of_message
-- How a message ($1) went to a person.
SELECT * FROM hand_off WHERE message = $1;

-- name: add_hand_off
-- Keep that a message went to a person; the first time counts.
INSERT INTO hand_off (message, case_id, party, reasons, category, risk, feeling, tried, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (message) DO NOTHING;

-- name: replies_to_check
-- Answers that a person is to read again and nobody has yet, the oldest first, at most so many ($1).
SELECT r.* FROM auto_reply r
WHERE r.double_check AND NOT EXISTS (
    SELECT FROM auto_reply_event e WHERE e.reply = r.id AND e.kind IN ('checked_right', 'checked_wrong')
)
ORDER BY r.sent_at, r.id LIMIT $1;

-- name: reply_outcomes
-- Answers sent from $1 until before $2 by what became of them as of $3, a week ($4) after each: as outcome_of says.
WITH seen AS (
    SELECT r.id, r.sent_at,
        coalesce(bool_or(
            e.kind IN ('said_no', 'asked_person', 'checked_wrong')
            OR (e.kind = 'contacted_again' AND e.at < r.sent_at + $4::interval)
        ), false) AS against,
        coalesce(bool_or(e.kind = 'said_yes'), false) AS yes,
        coalesce(bool_or(e.kind IN ('checked_right', 'checked_wrong')), false) AS checked,
        coalesce(bool_or(e.kind = 'checked_wrong'), false) AS wrong
    FROM auto_reply r LEFT JOIN auto_reply_event e ON e.reply = r.id
    WHERE r.sent_at >= $1 AND r.sent_at < $2
    GROUP BY r.id, r.sent_at
)
SELECT
    count(*) FILTER (WHERE $3 < sent_at + $4::interval) AS waiting,
    count(*) FILTER (WHERE $3 >= sent_at + $4::interval AND yes AND NOT against) AS confirmed,
    count(*) FILTER (WHERE $3 >= sent_at + $4::interval AND against) AS denied,
    count(*) FILTER (WHERE $3 >= sent_at + $4::interval AND NOT yes AND NOT against) AS silent,
    count(*) FILTER (WHERE checked) AS checked,
    count(*) FILTER (WHERE wrong) AS wrong,
    (SELECT count(*) FROM hand_off WHERE at >= $1 AND at < $2 AND 'hold_out' = ANY(reasons)) AS held_out
FROM seen;
