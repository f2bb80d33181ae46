-- What holders say of their devices.

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
