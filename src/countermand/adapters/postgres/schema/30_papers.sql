-- Papers: the maps of responsibilities that go with decisions of cases, and how the journal is found by time.

CREATE TABLE responsibility_map (
    case_id text NOT NULL REFERENCES case_file (id),
    seq integer NOT NULL CHECK (seq > 0),
    content bytea NOT NULL CHECK (octet_length(content) > 0),
    digest bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, seq),
    CONSTRAINT responsibility_map_is_what_was_digested CHECK (digest = sha256(content))
);
COMMENT ON TABLE responsibility_map IS 'Which control passed or failed, by whom, as it was known when a case was decided.';
COMMENT ON COLUMN responsibility_map.case_id IS 'Which case.';
COMMENT ON COLUMN responsibility_map.seq IS 'The event of the case that decided it; the fact of that event names the digest.';
COMMENT ON COLUMN responsibility_map.content IS 'The map as canonical JSON: ids, codes, instants, no personal data.';
COMMENT ON COLUMN responsibility_map.digest IS 'SHA-256 of the content.';
COMMENT ON COLUMN responsibility_map.made_at IS 'When it was made.';
CREATE TRIGGER responsibility_map_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON responsibility_map
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE responsibility_map ENABLE ALWAYS TRIGGER responsibility_map_is_a_record;

-- Lines come nearly in the order of their instants, so an index of a few pages finds them.
CREATE INDEX journal_at ON journal USING brin (at) WITH (pages_per_range = 32, autosummarize = on);

GRANT SELECT, INSERT ON responsibility_map TO countermand_app;
GRANT SELECT ON responsibility_map TO countermand_reader;
