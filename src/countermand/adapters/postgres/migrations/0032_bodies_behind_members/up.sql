-- Bodies behind members: who has not said whom they act for, and who acts for an admin, opens nothing.

CREATE FUNCTION opens_bodies() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT CASE split_part(said.member, ' ', 1)
        WHEN 'service' THEN true
        WHEN 'staff' THEN NOT 'admin' = ANY (string_to_array(split_part(said.member, ' ', 2), ','))
        ELSE false
    END
    FROM (SELECT coalesce(current_setting('countermand.member', true), '') AS member) AS said
$$;
COMMENT ON FUNCTION opens_bodies() IS
    'Whether this transaction acts for the service itself, or for staff who are no admins: countermand.member says so.';

-- Everything that was said or handed in is sealed under data keys; without their rows nothing of it opens.
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY data_key_is_read ON data_key FOR SELECT TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY data_key_is_made ON data_key FOR INSERT TO countermand_app WITH CHECK (true);
CREATE POLICY data_key_is_changed ON data_key FOR UPDATE TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY data_key_is_listed ON data_key FOR SELECT TO countermand_reader USING (true);

ALTER TABLE attachment ENABLE ROW LEVEL SECURITY;
CREATE POLICY attachment_is_read ON attachment FOR SELECT TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY attachment_is_made ON attachment FOR INSERT TO countermand_app WITH CHECK (true);
CREATE POLICY attachment_is_changed ON attachment FOR UPDATE TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY attachment_is_removed ON attachment FOR DELETE TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY attachment_is_listed ON attachment FOR SELECT TO countermand_reader USING (true);

ALTER TABLE case_draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_draft_is_theirs ON case_draft TO countermand_app USING ((SELECT opens_bodies()));
CREATE POLICY case_draft_is_listed ON case_draft FOR SELECT TO countermand_reader USING (true);
