-- The registry of official channels: every version that was ever signed, for good.

CREATE TABLE official_version (
    number integer PRIMARY KEY CHECK (number > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    issued text NOT NULL CHECK (issued <> ''),
    signed text NOT NULL CHECK (signed <> ''),
    at timestamptz NOT NULL
);
COMMENT ON TABLE official_version IS 'Versions of the registry of official channels, each as it was signed; a fact of the journal stands beside each.';
COMMENT ON COLUMN official_version.number IS 'Its number, from 1, without a gap.';
COMMENT ON COLUMN official_version.sha256 IS 'SHA-256 of the registry as canonical JSON.';
COMMENT ON COLUMN official_version.issued IS 'The day that it says of itself.';
COMMENT ON COLUMN official_version.signed IS 'The compact JWS as it was published.';
COMMENT ON COLUMN official_version.at IS 'Since when it is published here.';
CREATE TRIGGER official_version_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON official_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE official_version ENABLE ALWAYS TRIGGER official_version_is_a_record;
GRANT SELECT, INSERT ON official_version TO countermand_app;
GRANT SELECT ON official_version TO countermand_reader;
