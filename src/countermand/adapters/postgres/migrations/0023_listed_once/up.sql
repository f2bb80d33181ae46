-- Listing a case is planned once for a connection: a plan for one case is good for any, and making one takes longer
-- than carrying it out.
ALTER FUNCTION list_cases(text[]) SET plan_cache_mode = force_generic_plan;

-- A case that this transaction has written is listed at its end in any case, so not now as well.
CREATE OR REPLACE FUNCTION list_cases_of_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text[] := ARRAY(
        SELECT DISTINCT one.case_id FROM changed AS one
        WHERE NOT EXISTS (
            SELECT FROM case_file AS c WHERE c.id = one.case_id AND c.xmin = pg_current_xact_id()::xid
        )
        ORDER BY one.case_id
    );
BEGIN
    IF cardinality(wanted) > 0 THEN
        PERFORM list_cases(wanted);
    END IF;
    RETURN NULL;
END $$;
