-- What holders say of their devices, and when they last looked; whoever takes one off ends its sessions without an incident.
ALTER TABLE session_revocation ALTER COLUMN incident DROP NOT NULL;
ALTER TABLE session_revocation DROP CONSTRAINT session_revocation_is_about_something;
ALTER TABLE session_revocation ADD CONSTRAINT session_revocation_is_about_something CHECK (
    num_nonnulls(account, person) > 0 AND num_nonnulls(session, device) <= 1
    AND num_nonnulls(session, device, begun_before) > 0 AND (session IS NULL OR begun_before IS NULL)
) NOT VALID;
ALTER TABLE session_revocation VALIDATE CONSTRAINT session_revocation_is_about_something;
COMMENT ON COLUMN session_revocation.incident IS 'The incident that ended them; NULL: their holder did.';
COMMENT ON COLUMN session_revocation.device IS '… every session on this device, or those on it begun before that instant; or …';

CREATE TABLE holder_device (
    account text NOT NULL CHECK (account <> ''),
    device text NOT NULL CHECK (device <> ''),
    name text CHECK (name <> ''),
    removed_at timestamptz,
    PRIMARY KEY (account, device)
);
COMMENT ON TABLE holder_device IS 'What holders say of their devices; a device without a row was named and removed by nobody.';
COMMENT ON COLUMN holder_device.account IS 'Whose device.';
COMMENT ON COLUMN holder_device.device IS 'The institution''s fingerprint of it.';
COMMENT ON COLUMN holder_device.name IS 'What its holder calls it.';
COMMENT ON COLUMN holder_device.removed_at IS 'When they last took it off; it may have come back since.';

CREATE TABLE holder_check (
    account text PRIMARY KEY CHECK (account <> ''),
    looked_at timestamptz
);
COMMENT ON TABLE holder_check IS 'Holders who are asked to look at their devices every so often.';
COMMENT ON COLUMN holder_check.account IS 'Whose list.';
COMMENT ON COLUMN holder_check.looked_at IS 'When they last said that all of them are theirs; NULL: never.';

GRANT SELECT, INSERT, UPDATE ON holder_device, holder_check TO countermand_app;
GRANT SELECT (account, device, removed_at) ON holder_device TO countermand_reader;
GRANT SELECT ON holder_check TO countermand_reader;
