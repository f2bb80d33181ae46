-- Old checkpoints go but for the last of each hour and those that outsiders refer to; who may delete cannot delete more.
DROP TRIGGER log_checkpoint_is_a_record ON log_checkpoint;
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
COMMENT ON TABLE log_checkpoint IS 'What the signer signed: the tree of a shard at one size. Of old ones the last of each hour stays, and all that outsiders signed.';

CREATE INDEX log_anchor_size ON log_anchor (origin, size);
GRANT DELETE ON log_checkpoint TO countermand_app;
