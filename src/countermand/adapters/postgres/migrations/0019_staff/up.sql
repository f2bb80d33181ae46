-- Who works at the desk, and what they leave beside the cases: looks at covered texts, tasks, drafts, causes.

ALTER TABLE api_key ADD COLUMN staff text CHECK (staff <> '');
ALTER TABLE api_key ADD COLUMN roles text[] NOT NULL DEFAULT '{}';
ALTER TABLE api_key ADD CONSTRAINT api_key_roles_are_somebodys CHECK ((staff IS NULL) = (roles = '{}'));
COMMENT ON COLUMN api_key.staff IS 'Whose personal key it is, where it is one.';
COMMENT ON COLUMN api_key.roles IS 'What they act as with it.';
GRANT SELECT (staff, roles) ON api_key TO countermand_reader;

CREATE TABLE staff_member (
    name text PRIMARY KEY CHECK (name <> ''),
    team text,
    skills text[] NOT NULL,
    languages text[] NOT NULL,
    cases_max integer NOT NULL CHECK (cases_max >= 0),
    own text[] NOT NULL,
    away_until timestamptz,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL CHECK (changed_by <> '')
);
COMMENT ON TABLE staff_member IS 'What assigning cases needs to know of the people at the desk.';
COMMENT ON COLUMN staff_member.name IS 'The name on their keys, and with what they do.';
COMMENT ON COLUMN staff_member.team IS 'Their team.';
COMMENT ON COLUMN staff_member.skills IS 'Categories that they handle, or any.';
COMMENT ON COLUMN staff_member.languages IS 'Languages that they answer in.';
COMMENT ON COLUMN staff_member.cases_max IS 'How many open cases they get at once.';
COMMENT ON COLUMN staff_member.own IS 'Accounts and person handles of themselves and their kin: never their cases.';
COMMENT ON COLUMN staff_member.away_until IS 'Until when they get none.';
COMMENT ON COLUMN staff_member.changed_at IS 'When this was last changed.';
COMMENT ON COLUMN staff_member.changed_by IS 'By whom.';

CREATE TABLE disclosure (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    message_id text NOT NULL REFERENCES message (id),
    field text NOT NULL CHECK (field IN ('public', 'contact', 'financial', 'biometric', 'third_party')),
    purpose text NOT NULL CHECK (purpose <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    viewer text NOT NULL CHECK (viewer <> ''),
    approved_by text CHECK (approved_by <> viewer),
    glass text,
    at timestamptz NOT NULL
);
CREATE INDEX disclosure_case ON disclosure (case_id, at);
CREATE TRIGGER disclosure_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER disclosure_is_a_record;
COMMENT ON TABLE disclosure IS 'Each time that somebody saw a text of a case as it was; the customer can read it.';
COMMENT ON COLUMN disclosure.id IS 'Its name.';
COMMENT ON COLUMN disclosure.case_id IS 'In which case.';
COMMENT ON COLUMN disclosure.message_id IS 'Which message.';
COMMENT ON COLUMN disclosure.field IS 'Which class of data they asked for.';
COMMENT ON COLUMN disclosure.purpose IS 'What for.';
COMMENT ON COLUMN disclosure.reason IS 'Why, in their words, personal numbers masked.';
COMMENT ON COLUMN disclosure.viewer IS 'Who.';
COMMENT ON COLUMN disclosure.approved_by IS 'Who agreed, where it needed two people.';
COMMENT ON COLUMN disclosure.glass IS 'The broken glass that it rests on, where it does.';
COMMENT ON COLUMN disclosure.at IS 'When.';

CREATE TABLE broken_glass (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    staff text NOT NULL CHECK (staff <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at <= begun_at + interval '15 minutes'),
    reviewed_at timestamptz,
    reviewed_by text CHECK (reviewed_by <> staff),
    justified boolean,
    finding text,
    CONSTRAINT broken_glass_reviewed_whole CHECK (
        (reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (justified IS NULL)
    )
);
CREATE INDEX broken_glass_case ON broken_glass (case_id, staff, ends_at);
COMMENT ON TABLE broken_glass IS 'Each time that somebody opened a case beyond their role, for 15 minutes, and what a second person found.';
COMMENT ON COLUMN broken_glass.id IS 'Its name.';
COMMENT ON COLUMN broken_glass.case_id IS 'Which case.';
COMMENT ON COLUMN broken_glass.staff IS 'Who.';
COMMENT ON COLUMN broken_glass.reason IS 'Why, in their words, personal numbers masked.';
COMMENT ON COLUMN broken_glass.begun_at IS 'From when.';
COMMENT ON COLUMN broken_glass.ends_at IS 'Until when.';
COMMENT ON COLUMN broken_glass.reviewed_at IS 'When somebody else looked at it.';
COMMENT ON COLUMN broken_glass.reviewed_by IS 'Who.';
COMMENT ON COLUMN broken_glass.justified IS 'Whether it was needed.';
COMMENT ON COLUMN broken_glass.finding IS 'What they found.';

CREATE TABLE second_look (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    verb text NOT NULL CHECK (verb <> ''),
    asked bytea NOT NULL,
    asked_by text NOT NULL CHECK (asked_by <> ''),
    asked_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    agreed boolean,
    answered_by text CHECK (answered_by <> asked_by),
    answered_at timestamptz,
    reason text,
    CONSTRAINT second_look_answered_whole CHECK (
        (agreed IS NULL) = (answered_by IS NULL) AND (agreed IS NULL) = (answered_at IS NULL)
    )
);
CREATE INDEX second_look_case ON second_look (case_id, asked_at);
COMMENT ON TABLE second_look IS 'Acts that two people must agree on: asked by one, done when another one agrees.';
COMMENT ON COLUMN second_look.id IS 'Its name.';
COMMENT ON COLUMN second_look.case_id IS 'In which case.';
COMMENT ON COLUMN second_look.verb IS 'What kind of act.';
COMMENT ON COLUMN second_look.asked IS 'The act as it was asked for, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN second_look.asked_by IS 'Who wants it.';
COMMENT ON COLUMN second_look.asked_at IS 'Since when.';
COMMENT ON COLUMN second_look.ends_at IS 'Until when it can be agreed to.';
COMMENT ON COLUMN second_look.agreed IS 'Whether the second person agreed; NULL while nobody answered.';
COMMENT ON COLUMN second_look.answered_by IS 'The second person.';
COMMENT ON COLUMN second_look.answered_at IS 'When they answered.';
COMMENT ON COLUMN second_look.reason IS 'Why, in their words, personal numbers masked.';

CREATE TABLE case_task (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL REFERENCES case_file (id),
    title text NOT NULL CHECK (title <> ''),
    role text,
    owner text,
    due_at timestamptz,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CHECK (made_by <> ''),
    done_at timestamptz,
    done_by text,
    CONSTRAINT case_task_done_whole CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE INDEX case_task_case ON case_task (case_id);
CREATE INDEX case_task_open ON case_task (owner, due_at) WHERE done_at IS NULL;
COMMENT ON TABLE case_task IS 'What is to be done in a case, by whom and by when.';
COMMENT ON COLUMN case_task.id IS 'Its name.';
COMMENT ON COLUMN case_task.case_id IS 'In which case.';
COMMENT ON COLUMN case_task.title IS 'What, personal numbers masked.';
COMMENT ON COLUMN case_task.role IS 'Which role does it.';
COMMENT ON COLUMN case_task.owner IS 'Who does it.';
COMMENT ON COLUMN case_task.due_at IS 'By when.';
COMMENT ON COLUMN case_task.made_at IS 'When it was set.';
COMMENT ON COLUMN case_task.made_by IS 'By whom.';
COMMENT ON COLUMN case_task.done_at IS 'When it was done.';
COMMENT ON COLUMN case_task.done_by IS 'By whom.';

CREATE TABLE case_draft (
    case_id text NOT NULL REFERENCES case_file (id),
    staff text NOT NULL CHECK (staff <> ''),
    sealed bytea NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, staff)
);
COMMENT ON TABLE case_draft IS 'What somebody has begun to write; theirs alone, for a week.';
COMMENT ON COLUMN case_draft.case_id IS 'In which case.';
COMMENT ON COLUMN case_draft.staff IS 'Whose.';
COMMENT ON COLUMN case_draft.sealed IS 'The text, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN case_draft.version IS 'The version of the case that they had before them.';
COMMENT ON COLUMN case_draft.saved_at IS 'When it was kept.';

CREATE UNLOGGED TABLE case_presence (
    case_id text NOT NULL,
    staff text NOT NULL CHECK (staff <> ''),
    doing text NOT NULL CHECK (doing IN ('reading', 'writing')),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, staff)
);
COMMENT ON TABLE case_presence IS 'Who has a case before them now; of a minute ago is gone. Lost in a crash, and nothing with it.';
COMMENT ON COLUMN case_presence.case_id IS 'Which case.';
COMMENT ON COLUMN case_presence.staff IS 'Who.';
COMMENT ON COLUMN case_presence.doing IS 'Reading or writing.';
COMMENT ON COLUMN case_presence.seen_at IS 'When they were last there.';

CREATE TABLE case_cause (
    case_id text NOT NULL REFERENCES case_file (id),
    closed_at timestamptz NOT NULL,
    cause text NOT NULL CHECK (cause <> ''),
    account text,
    merchant text,
    system text,
    fix_owner text,
    fix_due_at timestamptz,
    fixed_at timestamptz,
    fixed_by text,
    PRIMARY KEY (case_id, closed_at)
);
CREATE INDEX case_cause_account ON case_cause (account, cause, closed_at) WHERE account IS NOT NULL;
CREATE INDEX case_cause_merchant ON case_cause (merchant, cause, closed_at) WHERE merchant IS NOT NULL;
CREATE INDEX case_cause_system ON case_cause (system, cause, closed_at) WHERE system IS NOT NULL;
COMMENT ON TABLE case_cause IS 'Why what was complained of could happen, where, and who puts an end to it.';
COMMENT ON COLUMN case_cause.case_id IS 'Of which case.';
COMMENT ON COLUMN case_cause.closed_at IS 'When it was closed with this cause; closed again, it has another one.';
COMMENT ON COLUMN case_cause.cause IS 'The root cause.';
COMMENT ON COLUMN case_cause.account IS 'The account it happened to.';
COMMENT ON COLUMN case_cause.merchant IS 'The merchant it lies with.';
COMMENT ON COLUMN case_cause.system IS 'The system it lies with.';
COMMENT ON COLUMN case_cause.fix_owner IS 'Who removes the cause.';
COMMENT ON COLUMN case_cause.fix_due_at IS 'By when.';
COMMENT ON COLUMN case_cause.fixed_at IS 'When it was removed.';
COMMENT ON COLUMN case_cause.fixed_by IS 'By whom.';


GRANT SELECT, INSERT, UPDATE ON staff_member, broken_glass, second_look, case_task, case_cause TO countermand_app;
GRANT SELECT, INSERT ON disclosure TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON case_draft, case_presence TO countermand_app;
GRANT SELECT ON
    staff_member, disclosure, broken_glass, second_look, case_task, case_draft, case_presence, case_cause
    TO countermand_reader;
