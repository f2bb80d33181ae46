-- name: upsert_profile
-- A profile in place of the one before, with a new guard; no row where nothing differs. Another zone has other days.
INSERT INTO account AS kept (id, type, timezone, opened_at, home_ips, home_places, devices, traits, kyc_level, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET
    type = excluded.type, timezone = excluded.timezone, opened_at = excluded.opened_at,
    home_ips = excluded.home_ips, home_places = excluded.home_places, devices = excluded.devices,
    traits = excluded.traits, kyc_level = excluded.kyc_level,
    given_back = CASE WHEN kept.timezone IS DISTINCT FROM excluded.timezone THEN '[]' ELSE kept.given_back END,
    profiled = true, guard = kept.guard + 1, updated_at = excluded.updated_at
WHERE NOT kept.profiled OR (kept.type, kept.timezone, kept.opened_at, kept.home_ips, kept.home_places, kept.devices, kept.traits, kept.kyc_level)
    IS DISTINCT FROM (excluded.type, excluded.timezone, excluded.opened_at, excluded.home_ips, excluded.home_places,
        excluded.devices, excluded.traits, excluded.kyc_level)
RETURNING handle, guard;

-- name: find_account
-- All that is known about one account, its freeze and the other orders that were not lifted.
SELECT account.*, standing.id AS freeze_id, standing.reason AS freeze_reason, standing.placed_at AS freeze_placed_at,
    (SELECT jsonb_agg(o.body) FROM order_in_force AS o WHERE o.subject = account.id AND NOT o.plain) AS orders
FROM account
LEFT JOIN standing_order AS standing
    ON standing.account = account.id AND standing.kind = 'freeze' AND standing.incident IS NULL
    AND standing.lifted_at IS NULL
WHERE account.id = $1;

-- name: home_ips_of_all
-- Every address any profile names as usual, and whether some profile says nothing about its addresses.
SELECT (SELECT coalesce(array_agg(DISTINCT ip), '{}') FROM account, unnest(home_ips) AS ip) AS known,
    EXISTS (SELECT FROM account WHERE home_ips IS NULL) AS some_unknown;

-- name: devices_of_all
-- Every device any profile names, and whether some profile says nothing about its devices.
SELECT (SELECT coalesce(array_agg(DISTINCT device), '{}') FROM account, unnest(devices) AS device) AS known,
    EXISTS (SELECT FROM account WHERE devices IS NULL) AS some_unknown;
