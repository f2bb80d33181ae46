-- name: add_official_version
-- A version of the registry: digest, day, signed text, when; its number, none where it is the last one already.
INSERT INTO official_version (number, sha256, issued, signed, at)
SELECT coalesce(max(number), 0) + 1, $1::bytea, $2::text, $3::text, $4::timestamptz FROM official_version
HAVING (SELECT sha256 FROM official_version ORDER BY number DESC LIMIT 1) IS DISTINCT FROM $1::bytea
ON CONFLICT (number) DO NOTHING
RETURNING number;

-- name: official_versions
-- The last versions ($1), newest first, each with the number of its fact in the journal.
SELECT v.number, v.sha256, v.issued, v.signed, v.at, (
    SELECT min(j.seq) FROM journal AS j
    WHERE j.at = v.at AND j.kind = 'official.published' AND j.body ->> 'number' = v.number::text
) AS fact
FROM official_version AS v ORDER BY v.number DESC LIMIT $1;
