-- Facts tell what rows became; whoever replays them finds them by what they are about.

CREATE TABLE telling (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since timestamptz NOT NULL,
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE telling IS 'How facts of the journal tell of rows.';
COMMENT ON COLUMN telling.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN telling.since IS 'What began before this was not told from its beginning on.';
COMMENT ON COLUMN telling.key IS 'From this come the salts of what facts bind of rows without showing it.';
CREATE TRIGGER telling_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON telling
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE telling ENABLE ALWAYS TRIGGER telling_is_a_record;
INSERT INTO telling (since, key)
VALUES (now(), sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

CREATE FUNCTION journal_about(body json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(body ->> 'case', body ->> 'raise', body ->> 'order', body ->> 'operation', body ->> 'incident')
$$;
COMMENT ON FUNCTION journal_about(json) IS 'What a fact is about: a case, or else a raise, an order, an operation, an incident.';

-- Decisions are by far the most facts, and nothing but a pass over all of them asks for theirs.
CREATE INDEX journal_about ON journal (journal_about(body)) WHERE kind <> 'operation.decided';
CREATE INDEX journal_subject ON journal (subject) WHERE kind <> 'operation.decided' AND subject IS NOT NULL;

GRANT SELECT ON telling TO countermand_app;
GRANT SELECT (only_row, since) ON telling TO countermand_reader;
