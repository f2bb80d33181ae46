-- name: policy_source
-- The files of a recorded policy ($1 id).
SELECT source FROM policy_version WHERE id = $1;

-- name: policy_versions
-- Every recorded policy, newest first, whether it is live, and where it stands.
SELECT v.id, v.name, v.version, v.recorded_at, l.policy_id IS NOT NULL AS live, p.state
FROM policy_version AS v LEFT JOIN policy_live AS l ON l.policy_id = v.id
LEFT JOIN policy_publication AS p ON p.policy_id = v.id ORDER BY v.id DESC;

-- name: find_policy
-- A recorded policy by name and version ($1, $2).
SELECT id, digest FROM policy_version WHERE name = $1 AND version = $2;

-- name: name_alone
-- Let nobody else draft a policy of this name ($1) until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('policy ' || $1, 0));

-- name: newest_policy
-- The policy of a name ($1) that was recorded last.
SELECT id, version FROM policy_version WHERE name = $1 ORDER BY id DESC LIMIT 1;

-- name: record_policy
-- Record a policy: name, version, digest, source, when.
INSERT INTO policy_version (name, version, digest, source, recorded_at) VALUES ($1, $2, $3, $4, $5) RETURNING id;

-- name: make_live
-- Make a recorded policy ($1) the live one; its number, or nothing where it was live already.
INSERT INTO policy_live AS live (policy_id) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET policy_id = excluded.policy_id WHERE live.policy_id <> excluded.policy_id
RETURNING policy_id;

-- name: policy_sources
-- The files of every policy that has decided, or is about to ($1 its number, or NULL).
SELECT v.id, v.source FROM policy_version AS v
WHERE v.id = $1 OR EXISTS (
    SELECT FROM policy_step AS s
    WHERE s.policy_id = v.id AND s.step IN ('go_live', 'replace', 'canary_start')
) OR EXISTS (SELECT FROM policy_publication AS p WHERE p.policy_id = v.id AND p.author = 'server');

-- name: live_policy
-- The policy that decides now.
SELECT v.id, v.name, v.version, v.digest, v.source
FROM policy_live AS l JOIN policy_version AS v ON v.id = l.policy_id;
