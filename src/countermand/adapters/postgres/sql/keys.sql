-- name: insert_key
-- A new key, unless its name is taken.
INSERT INTO api_key (id, name, digest, scopes, created_at, staff, roles) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) DO NOTHING RETURNING id;

-- name: lock_key
-- A key by name, held against a second revocation at the same time.
SELECT id, name, scopes, created_at, revoked_at, last_used_at, staff, roles FROM api_key WHERE name = $1 FOR UPDATE;

-- name: revoke_key
-- Refuse a key from now on.
UPDATE api_key SET revoked_at = $2 WHERE id = $1;

-- name: all_keys
-- Every key, by name.
SELECT id, name, digest, scopes, created_at, revoked_at, last_used_at, staff, roles FROM api_key ORDER BY name;

-- name: note_use
-- Remember about when keys were last used.
UPDATE api_key SET last_used_at = greatest(last_used_at, $2) WHERE id = ANY ($1::text[]);
