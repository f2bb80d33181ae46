-- What a request has done under its idempotency key, and to whom cases were opened for a time.

CREATE TABLE kept_act (
    actor text NOT NULL CHECK (actor <> ''),
    key text NOT NULL CHECK (key <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    token text NOT NULL CHECK (token <> ''),
    begun_at timestamptz NOT NULL,
    status smallint,
    answer bytea,
    PRIMARY KEY (actor, key),
    CONSTRAINT kept_act_is_answered_whole CHECK ((status IS NULL) = (answer IS NULL))
);
CREATE INDEX kept_act_begun_at ON kept_act (begun_at);
COMMENT ON TABLE kept_act IS 'Idempotency keys, each written by the transaction that did the act.';
COMMENT ON COLUMN kept_act.actor IS 'Who sent it: every key belongs to one name.';
COMMENT ON COLUMN kept_act.key IS 'The key.';
COMMENT ON COLUMN kept_act.digest IS 'SHA-256 of what was asked: method, path, parameters, body.';
COMMENT ON COLUMN kept_act.token IS 'Which attempt did it.';
COMMENT ON COLUMN kept_act.begun_at IS 'When; after seven days the key is free.';
COMMENT ON COLUMN kept_act.status IS 'Status of the answer; NULL: done, and the answer was lost.';
COMMENT ON COLUMN kept_act.answer IS 'The answer, sealed.';
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_act TO countermand_app;
GRANT SELECT ON kept_act TO countermand_reader;

CREATE TABLE case_grant (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    staff text NOT NULL CHECK (staff <> ''),
    purpose text NOT NULL CHECK (purpose <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    given_at timestamptz NOT NULL,
    given_by text NOT NULL CHECK (given_by <> '' AND given_by <> staff),
    ends_at timestamptz NOT NULL CHECK (ends_at > given_at AND ends_at <= given_at + interval '90 days'),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT case_grant_is_ended_whole CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX case_grant_case ON case_grant (case_id, staff, ends_at);
COMMENT ON TABLE case_grant IS 'Cases opened to a regulator, a peer or an auditor for a time, masked and read only.';
COMMENT ON COLUMN case_grant.id IS 'Its name.';
COMMENT ON COLUMN case_grant.case_id IS 'Which case.';
COMMENT ON COLUMN case_grant.staff IS 'To whom: the name on their key.';
COMMENT ON COLUMN case_grant.purpose IS 'What for.';
COMMENT ON COLUMN case_grant.reason IS 'Why, personal numbers masked.';
COMMENT ON COLUMN case_grant.given_at IS 'From when.';
COMMENT ON COLUMN case_grant.given_by IS 'By whom.';
COMMENT ON COLUMN case_grant.ends_at IS 'Until when at most.';
COMMENT ON COLUMN case_grant.ended_at IS 'When it was taken back before that.';
COMMENT ON COLUMN case_grant.ended_by IS 'By whom.';
GRANT SELECT, INSERT, UPDATE ON case_grant TO countermand_app;
GRANT SELECT ON case_grant TO countermand_reader;
