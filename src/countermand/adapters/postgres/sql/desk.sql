-- name: desk_members
-- Everybody with a good key for the desk or an account ($1: one of them), and what was entered of them.
SELECT k.staff AS name, array_agg(DISTINCT r.role) AS roles, m.team, m.skills, m.languages, m.cases_max, m.own,
    m.away_until
FROM (
    SELECT staff, roles FROM api_key WHERE staff IS NOT NULL AND revoked_at IS NULL
    UNION ALL
    SELECT name, roles FROM staff_account WHERE left_at IS NULL
) AS k
CROSS JOIN LATERAL unnest(k.roles) AS r (role)
LEFT JOIN staff_member AS m ON m.name = k.staff
WHERE $1::text IS NULL OR k.staff = $1
GROUP BY k.staff, m.name
ORDER BY k.staff;

-- name: put_member
-- What was entered of somebody.
INSERT INTO staff_member (name, team, skills, languages, cases_max, own, away_until, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (name) DO UPDATE SET
    team = excluded.team, skills = excluded.skills, languages = excluded.languages,
    cases_max = excluded.cases_max, own = excluded.own, away_until = excluded.away_until,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: desk_loads
-- Open cases by owner.
SELECT owner, count(*) AS cases FROM case_file
WHERE owner IS NOT NULL AND stage <> 'closed' AND merged_into IS NULL GROUP BY owner;

-- name: add_disclosure
-- A look at a text as it was.
INSERT INTO disclosure (id, case_id, message_id, field, purpose, reason, viewer, approved_by, glass, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: case_disclosures
-- Every look at texts of cases, oldest first.
SELECT id, case_id, message_id, field, purpose, reason, viewer, approved_by, glass, at FROM disclosure
WHERE case_id = ANY ($1::text[]) ORDER BY at, id;

-- name: put_glass
-- A glass broken, or reviewed.
INSERT INTO broken_glass (
    id, case_id, staff, reason, begun_at, ends_at, reviewed_at, reviewed_by, justified, finding
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET
    reviewed_at = excluded.reviewed_at, reviewed_by = excluded.reviewed_by,
    justified = excluded.justified, finding = excluded.finding;

-- name: lock_glass
-- One broken glass.
SELECT id, case_id, staff, reason, begun_at, ends_at, reviewed_at, reviewed_by, justified, finding
FROM broken_glass WHERE id = $1 FOR UPDATE;

-- name: open_glass
-- The glass that somebody has broken for a case and that is open at $3.
SELECT id, case_id, staff, reason, begun_at, ends_at, reviewed_at, reviewed_by, justified, finding
FROM broken_glass WHERE case_id = $1 AND staff = $2 AND begun_at <= $3 AND ends_at > $3
ORDER BY ends_at DESC LIMIT 1;

-- name: put_grant
-- A case opened to somebody, or closed to them again.
INSERT INTO case_grant (id, case_id, staff, purpose, reason, given_at, given_by, ends_at, ended_at, ended_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, ended_by = excluded.ended_by;

-- name: open_grant
-- What opens a case ($1) to somebody ($2) at $3, the longest of them.
SELECT id, case_id, staff, purpose, reason, given_at, given_by, ends_at, ended_at, ended_by
FROM case_grant WHERE case_id = $1 AND staff = $2 AND given_at <= $3 AND ends_at > $3 AND ended_at IS NULL
ORDER BY ends_at DESC LIMIT 1;

-- name: case_grants
-- To whom a case was ever opened, oldest first.
SELECT id, case_id, staff, purpose, reason, given_at, given_by, ends_at, ended_at, ended_by
FROM case_grant WHERE case_id = $1 ORDER BY given_at, id;

-- name: granted_cases
-- Cases opened to somebody ($1) at $2, or with NULL every grant there ever was; open ones first, up to $3.
SELECT
    g.id, g.case_id, g.staff, g.purpose, g.reason, g.given_at, g.given_by, g.ends_at, g.ended_at, g.ended_by,
    c.number, l.stage, l.category, l.contained, l.clock, l.due_at, l.overdue
FROM case_grant AS g JOIN case_file AS c ON c.id = g.case_id JOIN case_listed AS l ON l.case_id = g.case_id
WHERE $1::text IS NULL OR (g.staff = $1 AND g.given_at <= $2 AND g.ends_at > $2 AND g.ended_at IS NULL)
ORDER BY (g.ended_at IS NOT NULL OR g.ends_at <= $2), coalesce(g.ended_at, g.ends_at), g.id LIMIT $3;

-- name: put_look
-- An act that waits for a second person, or was answered.
INSERT INTO second_look (
    id, case_id, verb, asked, asked_by, asked_at, ends_at, agreed, answered_by, answered_at, reason
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET
    agreed = excluded.agreed, answered_by = excluded.answered_by, answered_at = excluded.answered_at,
    reason = excluded.reason;

-- name: lock_look
-- One act that waits or waited.
SELECT id, case_id, verb, asked, asked_by, asked_at, ends_at, agreed, answered_by, answered_at, reason
FROM second_look WHERE id = $1 FOR UPDATE;

-- name: case_looks
-- Acts of a case that waited for a second person, newest first.
SELECT id, case_id, verb, asked, asked_by, asked_at, ends_at, agreed, answered_by, answered_at, reason
FROM second_look WHERE case_id = $1 ORDER BY asked_at DESC, id;

-- name: waiting_looks
-- Acts that wait for a second person at $1, asked by somebody other than $2, the first to end first, $3 at most.
SELECT id, case_id, verb, asked, asked_by, asked_at, ends_at, agreed, answered_by, answered_at, reason
FROM second_look WHERE agreed IS NULL AND ends_at > $1 AND asked_by <> $2 ORDER BY ends_at, id LIMIT $3;

-- name: put_task
-- A task of a case, new, taken, left, done or open again.
INSERT INTO case_task (id, case_id, title, role, owner, due_at, made_at, made_by, done_at, done_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET
    owner = excluded.owner, done_at = excluded.done_at, done_by = excluded.done_by;

-- name: case_tasks
-- Tasks of a case, those due first first.
SELECT id, case_id, title, role, owner, due_at, made_at, made_by, done_at, done_by FROM case_task
WHERE case_id = $1 ORDER BY due_at NULLS LAST, id;

-- name: put_draft
-- What somebody has begun to write.
INSERT INTO case_draft (case_id, staff, sealed, version, saved_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (case_id, staff) DO UPDATE SET
    sealed = excluded.sealed, version = excluded.version, saved_at = excluded.saved_at;

-- name: find_draft
-- What somebody has begun to write since $3.
SELECT case_id, staff, sealed, version, saved_at FROM case_draft
WHERE case_id = $1 AND staff = $2 AND saved_at >= $3;

-- name: drop_drafts
-- A draft that is done with, and those nobody touched since $3.
DELETE FROM case_draft WHERE (case_id = $1 AND staff = $2) OR saved_at < $3;

-- name: put_presence
-- Somebody has a case before them.
INSERT INTO case_presence (case_id, staff, doing, seen_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id, staff) DO UPDATE SET doing = excluded.doing, seen_at = excluded.seen_at;

-- name: drop_presences
-- Who was not there since $2 is forgotten.
DELETE FROM case_presence WHERE case_id = $1 AND seen_at < $2;

-- name: case_presences
-- Who has a case before them.
SELECT case_id, staff, doing, seen_at FROM case_presence WHERE case_id = $1 ORDER BY staff;

-- name: put_cause
-- The cause of a case that closes.
INSERT INTO case_cause (case_id, closed_at, cause, account, merchant, system, fix_owner, fix_due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: count_causes
-- How often a cause closed other cases than $1 of the same account, merchant or system since $6.
SELECT
    count(DISTINCT case_id) FILTER (WHERE account = $3) AS account,
    count(DISTINCT case_id) FILTER (WHERE merchant = $4) AS merchant,
    count(DISTINCT case_id) FILTER (WHERE system = $5) AS system
FROM case_cause
WHERE cause = $2 AND case_id <> $1 AND closed_at >= $6
    AND (account = $3 OR merchant = $4 OR system = $5);

-- name: case_traits
-- What a case ($1) is compared by, and up to $6 open cases since $5 of its account, person or category.
WITH near AS (
    (SELECT c.id, c.account, c.person, c.opened_at, 0 AS place FROM case_file AS c WHERE c.id = $1)
    UNION ALL
    (SELECT c.id, c.account, c.person, c.opened_at, 1 FROM case_file AS c
        WHERE c.id <> $1 AND c.merged_into IS NULL AND c.stage <> 'closed' AND c.updated_at >= $5
            AND (c.account = $2 OR c.person = $3 OR c.category = $4)
        ORDER BY (c.account = $2 OR c.person = $3) DESC NULLS LAST, c.updated_at DESC LIMIT $6)
)
SELECT n.id, n.account, n.person,
    coalesce(
        (SELECT m.masked FROM message AS m WHERE m.case_id = n.id AND m.direction = 'in' ORDER BY m.at, m.id LIMIT 1),
        ''
    ) AS words,
    coalesce(
        (SELECT array_agg(convert_from(o.body, 'UTF8')) FROM (
            SELECT body FROM operation WHERE account = n.account AND occurred_at >= n.opened_at - interval '3 days'
                AND occurred_at <= n.opened_at ORDER BY occurred_at DESC LIMIT 20) AS o),
        '{}'
    ) AS bodies
FROM near AS n ORDER BY n.place, n.id;

-- name: ids_of_numbers
-- The ids of cases by number.
SELECT number, id FROM case_file WHERE number = ANY ($1::text[]);

-- name: numbers_of_ids
-- The numbers of cases by id.
SELECT id, number FROM case_file WHERE id = ANY ($1::text[]);
