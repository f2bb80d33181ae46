-- The evidence vault: data keys, exhibits and who touched them, uploads, legal holds, tombstones, tokens.

CREATE TABLE data_key (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    subject text NOT NULL CHECK (subject <> ''),
    about text NOT NULL CHECK (about IN ('holder', 'third_party')),
    wrapped bytea,
    service text NOT NULL CHECK (service <> ''),
    key_name text NOT NULL CHECK (key_name <> ''),
    created_at timestamptz NOT NULL,
    shredded_at timestamptz,
    CONSTRAINT data_key_is_there_or_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX data_key_one_lives ON data_key (case_id, about) WHERE shredded_at IS NULL;
CREATE INDEX data_key_subject ON data_key (subject);
COMMENT ON TABLE data_key IS 'One key for each person and case, wrapped by the key service: what is sealed with it ends with it.';
COMMENT ON COLUMN data_key.id IS 'Its name; it stands before everything that it seals.';
COMMENT ON COLUMN data_key.case_id IS 'Of which case.';
COMMENT ON COLUMN data_key.subject IS 'Random handle of whose it is; the case itself where the record knows nobody.';
COMMENT ON COLUMN data_key.about IS 'holder: of the person the case is about; third_party: of others in it.';
COMMENT ON COLUMN data_key.wrapped IS 'The key under a key-encryption key; NULL once shredded.';
COMMENT ON COLUMN data_key.service IS 'Which key service wrapped it.';
COMMENT ON COLUMN data_key.key_name IS 'Under which of its keys.';
COMMENT ON COLUMN data_key.created_at IS 'When it was made.';
COMMENT ON COLUMN data_key.shredded_at IS 'When it was destroyed.';

CREATE TABLE exhibit (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    data_key text NOT NULL REFERENCES data_key (id),
    kind text NOT NULL CHECK (kind <> ''),
    about text NOT NULL CHECK (about IN ('holder', 'third_party')),
    name text NOT NULL,
    declared text NOT NULL CHECK (declared <> ''),
    sniffed text NOT NULL CHECK (sniffed <> ''),
    lies boolean NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    plain_digest bytea CHECK (octet_length(plain_digest) = 32),
    object bytea NOT NULL CHECK (octet_length(object) = 32),
    object_size bigint NOT NULL CHECK (object_size > 0),
    scan text NOT NULL CHECK (scan IN ('clean', 'infected', 'unscanned')),
    standing text NOT NULL CHECK (standing IN ('kept', 'quarantined', 'shredded')),
    origin bytea NOT NULL,
    captured_at timestamptz NOT NULL,
    captured_by text NOT NULL CHECK (captured_by <> ''),
    derived_from text REFERENCES exhibit (id),
    attachment text,
    CONSTRAINT exhibit_of_attachment UNIQUE (attachment)
);
CREATE INDEX exhibit_case ON exhibit (case_id, captured_at, id);
CREATE INDEX exhibit_data_key ON exhibit (data_key);
CREATE INDEX exhibit_object ON exhibit (object);
COMMENT ON TABLE exhibit IS 'Pieces of evidence; their bytes are in the object store, sealed.';
COMMENT ON COLUMN exhibit.id IS 'Its name.';
COMMENT ON COLUMN exhibit.case_id IS 'Of which case.';
COMMENT ON COLUMN exhibit.data_key IS 'Under which data key it is sealed.';
COMMENT ON COLUMN exhibit.kind IS 'What it shows.';
COMMENT ON COLUMN exhibit.about IS 'Whose data it holds above all.';
COMMENT ON COLUMN exhibit.name IS 'What its file was called, with personal numbers masked.';
COMMENT ON COLUMN exhibit.declared IS 'What it was said to be, as a media type.';
COMMENT ON COLUMN exhibit.sniffed IS 'What its bytes show that it is.';
COMMENT ON COLUMN exhibit.lies IS 'Both do not fit each other.';
COMMENT ON COLUMN exhibit.size IS 'How many bytes it has.';
COMMENT ON COLUMN exhibit.plain_digest IS 'SHA-256 of its bytes, computed here on arrival; NULL once shredded.';
COMMENT ON COLUMN exhibit.object IS 'SHA-256 of the sealed bytes: the name of the object.';
COMMENT ON COLUMN exhibit.object_size IS 'How many sealed bytes there are.';
COMMENT ON COLUMN exhibit.scan IS 'What the virus scanner said.';
COMMENT ON COLUMN exhibit.standing IS 'kept, quarantined (given to nobody) or shredded.';
COMMENT ON COLUMN exhibit.origin IS 'Who sent it, from which device and address, and how it was captured: sealed under the data key.';
COMMENT ON COLUMN exhibit.captured_at IS 'When it arrived whole.';
COMMENT ON COLUMN exhibit.captured_by IS 'Who brought it, by the name that stands in the journal.';
COMMENT ON COLUMN exhibit.derived_from IS 'The exhibit it was made from.';
COMMENT ON COLUMN exhibit.attachment IS 'The attachment of a message that it is.';

CREATE TABLE custody_event (
    exhibit text NOT NULL REFERENCES exhibit (id),
    seq integer NOT NULL CHECK (seq > 0),
    touch text NOT NULL CHECK (touch <> ''),
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    body jsonb NOT NULL,
    PRIMARY KEY (exhibit, seq)
);
CREATE TRIGGER custody_event_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON custody_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE custody_event ENABLE ALWAYS TRIGGER custody_event_is_a_record;
COMMENT ON TABLE custody_event IS 'Every touch of every exhibit, in order; append only.';
COMMENT ON COLUMN custody_event.exhibit IS 'Which exhibit.';
COMMENT ON COLUMN custody_event.seq IS 'Its place in the chain, without a gap.';
COMMENT ON COLUMN custody_event.touch IS 'What was done.';
COMMENT ON COLUMN custody_event.at IS 'When.';
COMMENT ON COLUMN custody_event.actor IS 'Who did it.';
COMMENT ON COLUMN custody_event.body IS 'The rest: ids, codes and numbers, no personal data.';

CREATE TABLE upload (
    id text PRIMARY KEY CHECK (id <> ''),
    token bytea NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    case_id text NOT NULL REFERENCES case_file (id),
    data_key text NOT NULL REFERENCES data_key (id),
    kind text NOT NULL CHECK (kind <> ''),
    about text NOT NULL CHECK (about IN ('holder', 'third_party')),
    declared text NOT NULL CHECK (declared <> ''),
    wanted bytea NOT NULL,
    length bigint NOT NULL CHECK (length > 0),
    "offset" bigint NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    exhibit text REFERENCES exhibit (id),
    CONSTRAINT upload_within_its_length CHECK ("offset" BETWEEN 0 AND length)
);
CREATE INDEX upload_over ON upload (ends_at, id) WHERE exhibit IS NULL;
CREATE INDEX upload_data_key ON upload (data_key);
COMMENT ON TABLE upload IS 'Uploads that may be cut and go on where they were (tus 1.0).';
COMMENT ON COLUMN upload.id IS 'Its name.';
COMMENT ON COLUMN upload.token IS 'SHA-256 of what its sender shows to go on.';
COMMENT ON COLUMN upload.case_id IS 'For which case.';
COMMENT ON COLUMN upload.data_key IS 'Under which data key its parts are sealed.';
COMMENT ON COLUMN upload.kind IS 'What it will show.';
COMMENT ON COLUMN upload.about IS 'Whose data it will hold above all.';
COMMENT ON COLUMN upload.declared IS 'What it is said to be, as a media type.';
COMMENT ON COLUMN upload.wanted IS 'Name and origin, sealed under the data key.';
COMMENT ON COLUMN upload.length IS 'How many bytes are to come in all.';
COMMENT ON COLUMN upload."offset" IS 'How many of them are safe.';
COMMENT ON COLUMN upload.actor IS 'Who sends it.';
COMMENT ON COLUMN upload.begun_at IS 'When it began.';
COMMENT ON COLUMN upload.ends_at IS 'When it is forgotten unless it is whole.';
COMMENT ON COLUMN upload.exhibit IS 'The exhibit that it became.';

CREATE TABLE upload_part (
    upload text NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    start bigint NOT NULL CHECK (start >= 0),
    size bigint NOT NULL CHECK (size > 0),
    object bytea NOT NULL CHECK (octet_length(object) = 32),
    PRIMARY KEY (upload, start)
);
CREATE INDEX upload_part_object ON upload_part (object);
COMMENT ON TABLE upload_part IS 'What is safe of uploads.';
COMMENT ON COLUMN upload_part.upload IS 'Of which upload.';
COMMENT ON COLUMN upload_part.start IS 'From which byte on.';
COMMENT ON COLUMN upload_part.size IS 'How many bytes.';
COMMENT ON COLUMN upload_part.object IS 'The object they are sealed in, by its SHA-256.';

CREATE TABLE legal_hold (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    reason text NOT NULL CHECK (reason <> ''),
    basis text NOT NULL,
    begun_at timestamptz NOT NULL,
    begun_by text NOT NULL CHECK (begun_by <> ''),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT legal_hold_ends_whole CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX legal_hold_case ON legal_hold (case_id);
COMMENT ON TABLE legal_hold IS 'What keeps a case from being erased beside its being open.';
COMMENT ON COLUMN legal_hold.id IS 'Its name.';
COMMENT ON COLUMN legal_hold.case_id IS 'On which case.';
COMMENT ON COLUMN legal_hold.reason IS 'Why: litigation, police, regulator, audit.';
COMMENT ON COLUMN legal_hold.basis IS 'The document it rests on, by its number, masked.';
COMMENT ON COLUMN legal_hold.begun_at IS 'Since when.';
COMMENT ON COLUMN legal_hold.begun_by IS 'Who laid it.';
COMMENT ON COLUMN legal_hold.ended_at IS 'When it was lifted.';
COMMENT ON COLUMN legal_hold.ended_by IS 'By whom.';

CREATE TABLE tombstone (
    data_key text PRIMARY KEY CHECK (data_key <> ''),
    case_id text NOT NULL CHECK (case_id <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> '')
);
CREATE TRIGGER tombstone_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON tombstone
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE tombstone ENABLE ALWAYS TRIGGER tombstone_is_a_record;
COMMENT ON TABLE tombstone IS 'Data keys that were destroyed; a file beside the database has the same, to be replayed after a restore.';
COMMENT ON COLUMN tombstone.data_key IS 'Which key.';
COMMENT ON COLUMN tombstone.case_id IS 'Of which case.';
COMMENT ON COLUMN tombstone.subject IS 'Random handle of whose it was, or the case.';
COMMENT ON COLUMN tombstone.at IS 'When.';
COMMENT ON COLUMN tombstone.actor IS 'Who destroyed it.';
COMMENT ON COLUMN tombstone.reason IS 'Why, in one word.';

CREATE TABLE instrument (
    token text PRIMARY KEY CHECK (token <> ''),
    merchant text NOT NULL CHECK (merchant <> ''),
    finder bytea NOT NULL CHECK (octet_length(finder) = 32),
    sealed bytea NOT NULL,
    masked text NOT NULL,
    made_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    CONSTRAINT instrument_one_token UNIQUE (merchant, finder)
);
CREATE INDEX instrument_used ON instrument (used_at);
COMMENT ON TABLE instrument IS 'Numbers of cards and accounts behind tokens, each good for one merchant.';
COMMENT ON COLUMN instrument.token IS 'What the merchant has instead of the number; drawn by chance.';
COMMENT ON COLUMN instrument.merchant IS 'For whom alone it is good.';
COMMENT ON COLUMN instrument.finder IS 'HMAC-SHA256 of merchant and number under a key of the vault: the same number gets the same token.';
COMMENT ON COLUMN instrument.sealed IS 'The number, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN instrument.masked IS 'Its last four digits.';
COMMENT ON COLUMN instrument.made_at IS 'When the token was made.';
COMMENT ON COLUMN instrument.used_at IS 'When it was used last; what nobody uses is forgotten.';

-- Destroying is the one thing that takes more than the app may do, so it is one function and nothing else.
CREATE FUNCTION destroy_data_keys(
    chosen text[], cases text[], subjects text[], instants timestamptz[], actors text[], reasons text[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whole text[];
BEGIN
    INSERT INTO tombstone (data_key, case_id, subject, at, actor, reason)
    SELECT * FROM unnest(chosen, cases, subjects, instants, actors, reasons)
    ON CONFLICT (data_key) DO NOTHING;
    UPDATE data_key SET wrapped = NULL, shredded_at = t.at
    FROM tombstone AS t WHERE t.data_key = data_key.id AND data_key.id = ANY(chosen) AND wrapped IS NOT NULL;
    UPDATE exhibit SET plain_digest = NULL, name = '', origin = '', standing = 'shredded'
    WHERE data_key = ANY(chosen);
    DELETE FROM upload WHERE data_key = ANY(chosen);
    whole := ARRAY(SELECT DISTINCT case_id FROM data_key WHERE id = ANY(chosen) AND about = 'holder');
    UPDATE message SET masked = '', sealed = '', words = '' WHERE case_id = ANY(whole);
    DELETE FROM message_value WHERE case_id = ANY(whole);
    UPDATE attachment SET name = '', sealed = '', digest = sha256('')
    WHERE message_id IN (SELECT id FROM message WHERE case_id = ANY(whole));
    UPDATE inbound SET sealed = '', sender = NULL, digest = sha256('') WHERE case_id = ANY(whole);
    UPDATE second_look SET asked = '' WHERE case_id = ANY(whole);
    DELETE FROM case_draft WHERE case_id = ANY(whole);
END $$;
COMMENT ON FUNCTION destroy_data_keys(text[], text[], text[], timestamptz[], text[], text[]) IS
    'Destroys data keys for good, with all that is read or found by their means; each leaves a tombstone.';
REVOKE ALL ON FUNCTION destroy_data_keys(text[], text[], text[], timestamptz[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_data_keys(text[], text[], text[], timestamptz[], text[], text[]) TO countermand_app;

GRANT SELECT, INSERT, UPDATE ON data_key, exhibit, legal_hold, instrument TO countermand_app;
GRANT SELECT, INSERT ON custody_event, tombstone TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON upload, upload_part TO countermand_app;
GRANT DELETE ON instrument TO countermand_app;
GRANT SELECT ON exhibit, custody_event, upload, upload_part, legal_hold, tombstone TO countermand_reader;
GRANT SELECT (id, case_id, subject, about, service, key_name, created_at, shredded_at) ON data_key TO countermand_reader;
GRANT SELECT (token, merchant, masked, made_at, used_at) ON instrument TO countermand_reader;
