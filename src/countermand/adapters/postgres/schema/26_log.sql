-- The transparency log: shards, keys, entries, tiles, checkpoints, and how far the journal is in it.

CREATE TABLE log_shard (
    id integer PRIMARY KEY CHECK (id > 0),
    origin text NOT NULL UNIQUE CHECK (origin <> ''),
    label text NOT NULL UNIQUE CHECK (label ~ '^[0-9]{4}(-[0-9]{1,4})?$'),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_size bigint CHECK (closed_size >= 0),
    CONSTRAINT log_shard_closed_whole CHECK ((closed_at IS NULL) = (closed_size IS NULL))
);
CREATE UNIQUE INDEX log_shard_open ON log_shard ((closed_at IS NULL)) WHERE closed_at IS NULL;
COMMENT ON TABLE log_shard IS 'The log in pieces, about one a year, each a tree of its own; one is open.';
COMMENT ON COLUMN log_shard.id IS 'Number in order of opening.';
COMMENT ON COLUMN log_shard.origin IS 'Name under which its checkpoints are signed.';
COMMENT ON COLUMN log_shard.label IS 'Last part of the origin, and of its address: the year, with a number from the second one in a year on.';
COMMENT ON COLUMN log_shard.opened_at IS 'When it was opened.';
COMMENT ON COLUMN log_shard.closed_at IS 'When it got its last entry; NULL while it is open.';
COMMENT ON COLUMN log_shard.closed_size IS 'How many of its entries count; those behind were never signed and stand in the next shard again.';

CREATE FUNCTION log_shard_closes_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL OR (NEW.id, NEW.origin, NEW.label, NEW.opened_at)
       IS DISTINCT FROM (OLD.id, OLD.origin, OLD.label, OLD.opened_at) THEN
        RAISE EXCEPTION 'a shard of the log is closed once, and nothing else of it changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION log_shard_closes_once() IS 'Refuses every change of a shard but its closing.';
CREATE TRIGGER log_shard_closes_once BEFORE UPDATE ON log_shard
    FOR EACH ROW EXECUTE FUNCTION log_shard_closes_once();
ALTER TABLE log_shard ENABLE ALWAYS TRIGGER log_shard_closes_once;
CREATE TRIGGER log_shard_is_a_record BEFORE DELETE OR TRUNCATE ON log_shard
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_shard ENABLE ALWAYS TRIGGER log_shard_is_a_record;

CREATE TABLE log_key (
    shard integer NOT NULL REFERENCES log_shard (id),
    key text NOT NULL CHECK (key <> ''),
    added_at timestamptz NOT NULL,
    PRIMARY KEY (shard, key)
);
COMMENT ON TABLE log_key IS 'Public keys that sign checkpoints of a shard. Whoever verifies gets them on another way.';
COMMENT ON COLUMN log_key.shard IS 'Which shard.';
COMMENT ON COLUMN log_key.key IS 'The key as a vkey (C2SP signed-note).';
COMMENT ON COLUMN log_key.added_at IS 'When it was first seen to sign.';
CREATE TRIGGER log_key_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON log_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_key ENABLE ALWAYS TRIGGER log_key_is_a_record;

-- Neither shard nor fact is a foreign key: one writer alone adds rows, in thousands, and `log audit` checks them.
CREATE TABLE log_entry (
    shard integer NOT NULL,
    index bigint NOT NULL CHECK (index >= 0),
    fact bigint NOT NULL,
    case_id text,
    case_seq integer CHECK (case_seq > 0),
    leaf bytea NOT NULL CHECK (length(leaf) = 32),
    body bytea NOT NULL CHECK (length(body) BETWEEN 1 AND 65535),
    PRIMARY KEY (shard, index),
    CONSTRAINT log_entry_once UNIQUE (fact, shard),
    CONSTRAINT log_entry_case_whole CHECK ((case_id IS NULL) = (case_seq IS NULL))
);
CREATE INDEX log_entry_case ON log_entry (case_id, case_seq) WHERE case_id IS NOT NULL;
COMMENT ON TABLE log_entry IS 'The entries of the log: the canonical bytes of each fact of the journal, in the order of the tree.';
COMMENT ON COLUMN log_entry.shard IS 'Which shard.';
COMMENT ON COLUMN log_entry.index IS 'Which leaf of its tree, from 0.';
COMMENT ON COLUMN log_entry.fact IS 'Number of the fact in the journal.';
COMMENT ON COLUMN log_entry.case_id IS 'Id of the case it is about, where it is about one.';
COMMENT ON COLUMN log_entry.case_seq IS 'Its number among the entries of that case, from 1 and without a gap.';
COMMENT ON COLUMN log_entry.leaf IS 'SHA-256 of a zero byte and the entry (RFC 6962).';
COMMENT ON COLUMN log_entry.body IS 'The entry as it stands in the log.';
CREATE TRIGGER log_entry_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_entry ENABLE ALWAYS TRIGGER log_entry_is_a_record;

CREATE TABLE log_tile (
    shard integer NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    number bigint NOT NULL CHECK (number >= 0),
    data bytea NOT NULL CHECK (length(data) BETWEEN 32 AND 8192 AND length(data) % 32 = 0),
    PRIMARY KEY (shard, level, number)
);
-- Hashes do not compress.
ALTER TABLE log_tile ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE log_tile IS 'The tree in tiles of up to 256 hashes (C2SP tlog-tiles); a partial tile is the beginning of the full one.';
COMMENT ON COLUMN log_tile.shard IS 'Which shard.';
COMMENT ON COLUMN log_tile.level IS 'Level of the tile; its hashes are those of the tree eight times as high.';
COMMENT ON COLUMN log_tile.number IS 'Number of the tile on its level, from 0.';
COMMENT ON COLUMN log_tile.data IS 'Its hashes, 32 bytes each.';

CREATE FUNCTION log_tile_only_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.shard, NEW.level, NEW.number) IS DISTINCT FROM (OLD.shard, OLD.level, OLD.number)
       OR substring(NEW.data FROM 1 FOR length(OLD.data)) <> OLD.data THEN
        RAISE EXCEPTION 'a tile of the log only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION log_tile_only_grows() IS 'Refuses to replace a tile by bytes that it is not the beginning of.';
CREATE TRIGGER log_tile_only_grows BEFORE UPDATE ON log_tile
    FOR EACH ROW EXECUTE FUNCTION log_tile_only_grows();
ALTER TABLE log_tile ENABLE ALWAYS TRIGGER log_tile_only_grows;
CREATE TRIGGER log_tile_is_a_record BEFORE DELETE OR TRUNCATE ON log_tile
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_tile ENABLE ALWAYS TRIGGER log_tile_is_a_record;

CREATE TABLE log_checkpoint (
    shard integer NOT NULL REFERENCES log_shard (id),
    size bigint NOT NULL CHECK (size > 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL CHECK (note <> ''),
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (shard, size)
);
-- Signatures do not compress.
ALTER TABLE log_checkpoint ALTER COLUMN note SET STORAGE EXTERNAL;
COMMENT ON TABLE log_checkpoint IS 'What the signer signed: the tree of a shard at one size. Of old ones the last of each hour stays, and all that outsiders signed.';
COMMENT ON COLUMN log_checkpoint.shard IS 'Which shard.';
COMMENT ON COLUMN log_checkpoint.size IS 'How many entries the tree has.';
COMMENT ON COLUMN log_checkpoint.root IS 'Root of the tree at that size.';
COMMENT ON COLUMN log_checkpoint.note IS 'The signed checkpoint (C2SP tlog-checkpoint).';
COMMENT ON COLUMN log_checkpoint.signed_at IS 'When its signatures came back, by our clock.';
CREATE TRIGGER log_checkpoint_is_a_record BEFORE UPDATE OR TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_checkpoint ENABLE ALWAYS TRIGGER log_checkpoint_is_a_record;

CREATE FUNCTION log_checkpoint_only_thins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF date_trunc('hour', OLD.signed_at, 'UTC') IS DISTINCT FROM (
        SELECT date_trunc('hour', later.signed_at, 'UTC') FROM public.log_checkpoint AS later
        WHERE later.shard = OLD.shard AND later.size > OLD.size ORDER BY later.size LIMIT 1
    ) OR EXISTS (
        SELECT FROM public.log_shard AS s WHERE s.id = OLD.shard AND (
            EXISTS (SELECT FROM public.log_cosignature AS w WHERE w.origin = s.origin AND w.size = OLD.size)
            OR EXISTS (SELECT FROM public.log_timestamp AS t WHERE t.origin = s.origin AND t.size = OLD.size)
            OR EXISTS (SELECT FROM public.log_anchor AS a WHERE a.origin = s.origin AND a.size = OLD.size)
        )
    ) THEN
        RAISE EXCEPTION 'a checkpoint goes where a later one of its hour stays and nobody outside signed it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION log_checkpoint_only_thins() IS 'Refuses to delete the last checkpoint of an hour, and any that a witness, an authority or a chain has.';
CREATE TRIGGER log_checkpoint_only_thins BEFORE DELETE ON log_checkpoint
    FOR EACH ROW EXECUTE FUNCTION log_checkpoint_only_thins();
ALTER TABLE log_checkpoint ENABLE ALWAYS TRIGGER log_checkpoint_only_thins;

CREATE TABLE log_position (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    head bigint NOT NULL CHECK (head >= 0),
    gaps int8multirange NOT NULL,
    refused text,
    refused_at timestamptz
);
COMMENT ON TABLE log_position IS 'How far the journal is in the log.';
COMMENT ON COLUMN log_position.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN log_position.head IS 'Facts numbered up to here are in the log, stand in gaps, or were never committed.';
COMMENT ON COLUMN log_position.gaps IS 'Numbers up to the head whose facts may still come.';
COMMENT ON COLUMN log_position.refused IS 'Why nothing is signed now: the code of the refusal; NULL while all is well.';
COMMENT ON COLUMN log_position.refused_at IS 'Since when.';
INSERT INTO log_position (head, gaps) VALUES (0, '{}');

GRANT SELECT, INSERT ON log_shard, log_key, log_entry, log_checkpoint TO countermand_app;
GRANT DELETE ON log_checkpoint TO countermand_app;
GRANT UPDATE (closed_at, closed_size) ON log_shard TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON log_tile TO countermand_app;
GRANT SELECT, UPDATE ON log_position TO countermand_app;
GRANT SELECT ON log_shard, log_key, log_entry, log_tile, log_checkpoint, log_position TO countermand_reader;
