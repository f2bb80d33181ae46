-- name: article_alone
-- Let nobody else propose or judge a version of this article ($1) until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('article ' || $1, 0));

-- name: newest_version
-- The highest number that an article ($1) ever had.
SELECT coalesce(max(version), 0) FROM kb_version WHERE article = $1;

-- name: add_proposal
-- A version that waits for somebody else.
INSERT INTO kb_proposal (id, article, version, body, sha256, source, reason, state, proposer, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8, $9);

-- name: find_proposal
-- A proposal ($1), held against another judgement at the same time.
SELECT id, body, source, reason, state, proposer, proposed_at, judge, judged_at, words
FROM kb_proposal WHERE id = $1 FOR UPDATE;

-- name: proposals_of
-- The last proposals ($2 at most) of an article ($1), newest first.
SELECT id, body, source, reason, state, proposer, proposed_at, judge, judged_at, words
FROM kb_proposal WHERE article = $1 ORDER BY proposed_at DESC, id DESC LIMIT $2;

-- name: proposals_waiting
-- Every proposal that waits, the oldest first.
SELECT id, body, source, reason, state, proposer, proposed_at, judge, judged_at, words
FROM kb_proposal WHERE state = 'proposed' ORDER BY proposed_at, id;

-- name: end_proposal
-- What became of a proposal ($1): its state, who said so, when, and their words.
UPDATE kb_proposal SET state = $2, judge = $3, judged_at = $4, words = $5 WHERE id = $1;

-- name: published_count
-- How many versions were ever published here: it only grows.
SELECT count(*) FROM kb_proposal WHERE state = 'published';

-- name: published_articles
-- What was published here, as it was recorded.
SELECT v.body FROM kb_version AS v JOIN kb_proposal AS p ON p.article = v.article AND p.version = v.version
WHERE p.state = 'published' AND p.sha256 = v.sha256 ORDER BY v.article, v.version;
