-- A case says what each of its incidents stops, and is told when that was given back or has run out.
ALTER TABLE case_file DROP CONSTRAINT case_file_contained_check;
ALTER TABLE case_file ADD CONSTRAINT case_file_contained_check
    CHECK (contained IN ('none', 'ended', 'soft_hold', 'frozen', 'partial', 'lifted')) NOT VALID;
ALTER TABLE case_file VALIDATE CONSTRAINT case_file_contained_check;

CREATE INDEX case_event_incident ON case_event ((body ->> 'incident')) WHERE kind = 'contained';

-- What the fold of their events gives now: incidents in the order in which they came, each with its last word.
UPDATE case_file SET state = (state - 'incidents') || jsonb_build_object('held', found.held)
FROM (
    SELECT case_id, jsonb_agg(jsonb_build_array(incident, contained) ORDER BY since) AS held
    FROM (
        SELECT
            case_id,
            body ->> 'incident' AS incident,
            (array_agg(body ->> 'contained' ORDER BY seq DESC))[1] AS contained,
            min(seq) AS since
        FROM case_event
        WHERE kind = 'contained'
        GROUP BY case_id, body ->> 'incident'
    ) AS told
    GROUP BY case_id
) AS found
WHERE found.case_id = case_file.id;

-- What was lifted before anybody told the cases.
INSERT INTO timer (kind, ref, due_at)
SELECT DISTINCT 'incident_over', incident, now() FROM incident_lifting
ON CONFLICT DO NOTHING;
