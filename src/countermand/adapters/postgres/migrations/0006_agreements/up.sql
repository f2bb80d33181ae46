-- What people agreed to: approvals of operations by staff, and consent to the use of data.

CREATE TABLE approver (
    name text PRIMARY KEY CHECK (name <> ''),
    roles text[] NOT NULL CHECK (cardinality(roles) > 0),
    named_at timestamptz NOT NULL,
    named_by text NOT NULL CHECK (named_by <> '' AND named_by <> name)
);
COMMENT ON TABLE approver IS 'Who may approve operations, and in which roles; nobody names themselves.';
COMMENT ON COLUMN approver.name IS 'The name of their key.';
COMMENT ON COLUMN approver.roles IS 'The roles they hold.';
COMMENT ON COLUMN approver.named_at IS 'When they were named.';
COMMENT ON COLUMN approver.named_by IS 'Who named them.';


CREATE TABLE delegation (
    id text PRIMARY KEY CHECK (id <> ''),
    principal text NOT NULL CHECK (principal <> ''),
    delegate text NOT NULL CHECK (delegate <> ''),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT delegation_is_sound CHECK (until > since AND principal <> delegate)
);
CREATE INDEX delegation_delegate ON delegation (delegate, until);
COMMENT ON TABLE delegation IS 'Who acts for whom, from when to when.';
COMMENT ON COLUMN delegation.id IS 'Its id.';
COMMENT ON COLUMN delegation.principal IS 'In whose roles.';
COMMENT ON COLUMN delegation.delegate IS 'Who acts.';
COMMENT ON COLUMN delegation.since IS 'From when.';
COMMENT ON COLUMN delegation.until IS 'Until before when; ended early, it is moved here.';
COMMENT ON COLUMN delegation.made_at IS 'When it was made.';


CREATE TABLE approval (
    operation text NOT NULL REFERENCES hold (operation),
    person text NOT NULL CHECK (person <> ''),
    on_behalf_of text CHECK (on_behalf_of <> person),
    level smallint NOT NULL CHECK (level >= 0),
    verdict text NOT NULL CHECK (verdict IN ('approve', 'refuse')),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL,
    PRIMARY KEY (operation, person)
);
CREATE UNIQUE INDEX approval_counts_once ON approval (operation, coalesce(on_behalf_of, person));
COMMENT ON TABLE approval IS 'What approvers said; one word of one person about one operation, their delegates included.';
COMMENT ON COLUMN approval.operation IS 'The operation on hold.';
COMMENT ON COLUMN approval.person IS 'Who spoke.';
COMMENT ON COLUMN approval.on_behalf_of IS 'For whom they acted, where by delegation.';
COMMENT ON COLUMN approval.level IS 'At which level of the chain, from 0.';
COMMENT ON COLUMN approval.verdict IS 'What they said.';
COMMENT ON COLUMN approval.reason IS 'Why.';
COMMENT ON COLUMN approval.at IS 'When.';
CREATE TRIGGER approval_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON approval
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE approval ENABLE ALWAYS TRIGGER approval_is_a_record;


CREATE TABLE data_consent (
    id text PRIMARY KEY CHECK (id <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    purpose text NOT NULL CHECK (purpose <> ''),
    recipient text NOT NULL,
    statement text NOT NULL CHECK (statement <> ''),
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    shown text NOT NULL CHECK (shown <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    given_at timestamptz NOT NULL,
    given_by text NOT NULL CHECK (given_by <> ''),
    withdrawn_at timestamptz,
    withdrawn_by text,
    CONSTRAINT data_consent_is_withdrawn_whole CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL OR withdrawn_at >= given_at)
    )
);
CREATE UNIQUE INDEX data_consent_one_in_force ON data_consent (subject, purpose, recipient) WHERE withdrawn_at IS NULL;
CREATE INDEX data_consent_subject ON data_consent (subject, given_at);
COMMENT ON TABLE data_consent IS 'Consent to the use of data, purpose by purpose; withdrawn, it stays on record.';
COMMENT ON COLUMN data_consent.id IS 'Its id.';
COMMENT ON COLUMN data_consent.subject IS 'The account or person who gave it.';
COMMENT ON COLUMN data_consent.purpose IS 'What the data may be used for.';
COMMENT ON COLUMN data_consent.recipient IS 'Who gets the data; empty where nobody else does.';
COMMENT ON COLUMN data_consent.statement IS 'What was put before them, id@version.';
COMMENT ON COLUMN data_consent.language IS 'In which language.';
COMMENT ON COLUMN data_consent.shown IS 'Exactly what was displayed.';
COMMENT ON COLUMN data_consent.digest IS 'SHA-256 of what was displayed.';
COMMENT ON COLUMN data_consent.given_at IS 'When it was given.';
COMMENT ON COLUMN data_consent.given_by IS 'Which key relayed it.';
COMMENT ON COLUMN data_consent.withdrawn_at IS 'Since when it counts no more.';
COMMENT ON COLUMN data_consent.withdrawn_by IS 'Which key relayed the withdrawal.';


GRANT SELECT, INSERT, UPDATE ON approver, delegation, data_consent TO countermand_app;
GRANT DELETE ON approver TO countermand_app;
GRANT SELECT, INSERT ON approval TO countermand_app;
GRANT SELECT ON approver, delegation, approval, data_consent TO countermand_reader;
