-- How containments were given back: every lifting of an incident, with its orders, effects and devices.

CREATE TABLE incident_lifting (
    incident text NOT NULL REFERENCES incident (id),
    cause text NOT NULL CHECK (cause <> ''),
    kind text NOT NULL CHECK (kind IN ('grade', 'appeal', 'end', 'taken_back')),
    grade smallint CHECK (grade BETWEEN 1 AND 3),
    lifted_at timestamptz NOT NULL,
    lifted_by text NOT NULL CHECK (lifted_by <> ''),
    methods text[] NOT NULL,
    reason text,
    reference text,
    lifted text[] NOT NULL,
    placed text[] NOT NULL,
    effects text[] NOT NULL,
    devices jsonb NOT NULL,
    PRIMARY KEY (incident, cause),
    CONSTRAINT incident_lifting_is_sound CHECK ((kind = 'grade') = (grade IS NOT NULL))
);
COMMENT ON TABLE incident_lifting IS 'What was lifted of an incident, each time: who, when, which orders, and what others were told to do about it.';
COMMENT ON COLUMN incident_lifting.incident IS 'The incident.';
COMMENT ON COLUMN incident_lifting.cause IS 'What the ids of its effects begin with; an upheld appeal has one for all linked incidents.';
COMMENT ON COLUMN incident_lifting.kind IS 'grade (with proofs), appeal (it was upheld), end (an order reached its own end), or taken_back (by the desk).';
COMMENT ON COLUMN incident_lifting.grade IS 'Which grade.';
COMMENT ON COLUMN incident_lifting.lifted_at IS 'When.';
COMMENT ON COLUMN incident_lifting.lifted_by IS 'Id of the key or the person that lifted it; clock for an end.';
COMMENT ON COLUMN incident_lifting.methods IS 'How the holder proved who they are.';
COMMENT ON COLUMN incident_lifting.reason IS 'Why the appeal was upheld, or the freeze taken back, in the words of who decided it.';
COMMENT ON COLUMN incident_lifting.reference IS 'The case it was decided in.';
COMMENT ON COLUMN incident_lifting.lifted IS 'Ids of the orders that ended.';
COMMENT ON COLUMN incident_lifting.placed IS 'Ids of the orders that came in their place.';
COMMENT ON COLUMN incident_lifting.effects IS 'Ids of the effects in the outbox.';
COMMENT ON COLUMN incident_lifting.devices IS 'What became of each device that the incident took off, and what its holder must do.';

COMMENT ON COLUMN incident.reference IS 'What it answers or belongs to: a notice, a case; for a police stop the case number of the authority.';

GRANT SELECT, INSERT ON incident_lifting TO countermand_app;
GRANT SELECT ON incident_lifting TO countermand_reader;
