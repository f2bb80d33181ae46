-- name: name_approver
-- Give a person ($1) these roles ($2) in place of those before; when ($3), by whom ($4).
INSERT INTO approver (name, roles, named_at, named_by) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET roles = excluded.roles, named_at = excluded.named_at, named_by = excluded.named_by;

-- name: remove_approver
-- Take a person's ($1) roles away.
DELETE FROM approver WHERE name = $1 RETURNING name;

-- name: all_approvers
-- Everybody who may approve.
SELECT name, roles FROM approver ORDER BY name;

-- name: add_delegation
-- One person acts for another: id, principal, delegate, since, until, when it was made.
INSERT INTO delegation (id, principal, delegate, since, until, made_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: end_delegations
-- End what a principal ($1) delegated to somebody ($2), from $3 on.
UPDATE delegation SET until = greatest(since + interval '1 microsecond', $3)
WHERE principal = $1 AND delegate = $2 AND until > $3 RETURNING id;

-- name: delegations_at
-- The delegations in force at an instant ($1).
SELECT principal, delegate, since, until FROM delegation WHERE since <= $1 AND until > $1;

-- name: approvals_of
-- What was said about operations ($1), in order.
SELECT operation, level, person, on_behalf_of, verdict, reason, at FROM approval
WHERE operation = ANY($1::text[]) ORDER BY level, at, person;

-- name: add_approval
-- What one person said: operation, level, person, on behalf of, verdict, reason, when.
INSERT INTO approval (operation, level, person, on_behalf_of, verdict, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: holds_awaiting_approval
-- Holds that lack an approval and run out later than $3, placed behind ($1, $2), the oldest first, up to $4 of them.
SELECT h.*, o.body, a.type AS account_type
FROM hold AS h JOIN operation AS o ON o.id = h.operation LEFT JOIN account AS a ON a.id = h.account
WHERE h.state = 'open' AND 'approval' = ANY (h.needs) AND NOT 'approval' = ANY (h.met)
    AND (h.placed_at, h.operation) > ($1, $2) AND h.expires_at > $3
ORDER BY h.placed_at, h.operation LIMIT $4;

-- name: give_data_consent
-- Consent to a use of data; where the same is in force already, nothing changes.
INSERT INTO data_consent (id, subject, purpose, recipient, statement, language, shown, digest, given_at, given_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (subject, purpose, recipient) WHERE withdrawn_at IS NULL DO NOTHING RETURNING id;

-- name: withdraw_data_consent
-- Withdraw what a subject ($1) agreed to for a purpose ($2), for one recipient or (NULL) all ($3): when ($4), by whom ($5).
UPDATE data_consent SET withdrawn_at = greatest($4, given_at), withdrawn_by = $5
WHERE subject = $1 AND purpose = $2 AND ($3::text IS NULL OR recipient = $3) AND withdrawn_at IS NULL
RETURNING *;

-- name: data_consents
-- Everything a subject ($1) agreed to, newest first.
SELECT * FROM data_consent WHERE subject = $1 ORDER BY given_at DESC, id DESC LIMIT 500;
