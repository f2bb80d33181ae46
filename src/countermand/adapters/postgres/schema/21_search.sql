-- Finding cases: the list of the desk with its nearest clocks, words and hidden values, saved queues, webhooks.

CREATE INDEX message_words ON message USING gin (words);
CREATE INDEX message_at ON message (at, id);

CREATE TABLE message_value (
    digest bytea NOT NULL CHECK (octet_length(digest) = 16),
    case_id text NOT NULL REFERENCES case_file (id),
    kind text NOT NULL CHECK (kind <> ''),
    message_id text NOT NULL CHECK (message_id <> ''),
    PRIMARY KEY (digest, case_id, kind)
);
COMMENT ON TABLE message_value IS 'Numbers and addresses that masking hid in messages, to be found by who knows them whole; never the value.';
COMMENT ON COLUMN message_value.digest IS 'HMAC-SHA256 of the value in one form, its first 16 bytes, under a key of the vault.';
COMMENT ON COLUMN message_value.case_id IS 'In which case it was said.';
COMMENT ON COLUMN message_value.kind IS 'What masking took it for.';
COMMENT ON COLUMN message_value.message_id IS 'The message in which it was said first.';

CREATE TABLE case_listed (
    case_id text PRIMARY KEY REFERENCES case_file (id),
    open boolean NOT NULL,
    slot integer NOT NULL,
    risk text NOT NULL,
    unproven boolean NOT NULL,
    due_at timestamptz NOT NULL,
    clock text,
    overdue boolean NOT NULL,
    warned boolean NOT NULL,
    stage text NOT NULL,
    ball text NOT NULL,
    contained text NOT NULL,
    category text NOT NULL,
    channel text NOT NULL,
    owner text,
    team text,
    account text,
    person text,
    heard_at timestamptz NOT NULL,
    snoozed_until timestamptz,
    tags text[] NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX case_listed_queue ON case_listed (slot, risk, unproven, due_at, case_id) WHERE open;
CREATE INDEX case_listed_owner ON case_listed (owner) WHERE open AND owner IS NOT NULL;
CREATE INDEX case_listed_team ON case_listed (team) WHERE open AND team IS NOT NULL;
CREATE INDEX case_listed_account ON case_listed (account) WHERE account IS NOT NULL;
CREATE INDEX case_listed_person ON case_listed (person) WHERE person IS NOT NULL;
CREATE INDEX case_listed_heard ON case_listed (heard_at, case_id);
CREATE INDEX case_listed_tags ON case_listed USING gin (tags) WHERE tags <> '{}';
CREATE INDEX case_listed_overdue ON case_listed (due_at) WHERE open AND overdue;
CREATE INDEX case_listed_warned ON case_listed (due_at) WHERE open AND warned;
CREATE INDEX case_listed_snoozed ON case_listed (snoozed_until) WHERE open AND snoozed_until IS NOT NULL;
COMMENT ON TABLE case_listed IS 'What lists and queues ask of each case, narrow and in order; the triggers below keep it.';
COMMENT ON COLUMN case_listed.case_id IS 'Which case.';
COMMENT ON COLUMN case_listed.open IS 'Neither closed nor part of another one.';
COMMENT ON COLUMN case_listed.slot IS 'The quarter of an hour of due_at since 1970: cases of one slot are equally near.';
COMMENT ON COLUMN case_listed.risk IS 'P0 to P3: first within a slot.';
COMMENT ON COLUMN case_listed.unproven IS 'False goes first at equal risk: whoever has proven who they are waits less.';
COMMENT ON COLUMN case_listed.due_at IS 'Of its nearest clock that runs or was missed, or promise that waits; without any, when it was first heard.';
COMMENT ON COLUMN case_listed.clock IS 'The rule of that clock, or promise. and the code of what was promised.';
COMMENT ON COLUMN case_listed.overdue IS 'A clock was missed and is not made good.';
COMMENT ON COLUMN case_listed.warned IS 'A clock that runs has warned.';
COMMENT ON COLUMN case_listed.stage IS 'How far it is.';
COMMENT ON COLUMN case_listed.ball IS 'Who has to move next.';
COMMENT ON COLUMN case_listed.contained IS 'What the containment came to.';
COMMENT ON COLUMN case_listed.category IS 'What it is about.';
COMMENT ON COLUMN case_listed.channel IS 'Through which channel it was opened.';
COMMENT ON COLUMN case_listed.owner IS 'Who handles it.';
COMMENT ON COLUMN case_listed.team IS 'Which team does.';
COMMENT ON COLUMN case_listed.account IS 'The account it is about.';
COMMENT ON COLUMN case_listed.person IS 'Or the person.';
COMMENT ON COLUMN case_listed.heard_at IS 'When its first message was heard, in whatever channel.';
COMMENT ON COLUMN case_listed.snoozed_until IS 'Until then queues do not show it.';
COMMENT ON COLUMN case_listed.tags IS 'Its tags.';

-- The row is locked before anything is read, so that of two writers the later one has seen the earlier one. It is
-- planned once: a plan for one case is good for any, and making one takes longer than carrying it out.
CREATE FUNCTION list_cases(wanted text[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM case_listed WHERE case_id = ANY(wanted) ORDER BY case_id FOR UPDATE;
    INSERT INTO case_listed (
        case_id, open, slot, risk, unproven, due_at, clock, overdue, warned, stage, ball, contained, category,
        channel, owner, team, account, person, heard_at, snoozed_until, tags
    )
    SELECT
        c.id, c.stage <> 'closed' AND c.merged_into IS NULL,
        floor(extract(epoch FROM coalesce(near.due_at, heard.at)) / 900)::integer,
        c.risk, c.state ->> 'standing' <> 'proven', coalesce(near.due_at, heard.at), near.clock,
        coalesce(near.overdue, false), coalesce(near.warned, false),
        c.stage, c.ball, c.contained, c.category, c.state ->> 'channel', c.owner, c.team, c.account, c.person,
        heard.at, 'epoch'::timestamptz + (c.state ->> 'snoozed_until')::bigint * interval '1 microsecond',
        ARRAY(SELECT jsonb_array_elements_text(coalesce(c.state -> 'tags', '[]')) ORDER BY 1)
    FROM case_file AS c
    CROSS JOIN LATERAL (
        SELECT 'epoch'::timestamptz + (c.state ->> 'first_at')::bigint * interval '1 microsecond' AS at
    ) AS heard
    CROSS JOIN LATERAL (
        SELECT
            min(due.at) AS due_at, (array_agg(due.name ORDER BY due.at, due.id))[1] AS clock,
            bool_or(due.overdue) AS overdue, bool_or(due.warned) AS warned
        FROM (
            SELECT
                k.id, k.policy AS name, k.due_at AS at, k.state = 'breached' AS overdue,
                k.state = 'running' AND k.warned > 0 AS warned
            FROM clock AS k
            WHERE k.case_id = c.id AND (
                k.state IN ('running', 'paused') OR (k.state = 'breached' AND NOT EXISTS (
                    SELECT FROM breach AS b WHERE b.clock = k.id AND b.made_good_at IS NOT NULL
                ))
            )
            UNION ALL
            SELECT p.id, 'promise.' || p.code, p.due_at, false, false
            FROM promise AS p WHERE p.case_id = c.id AND p.kept_at IS NULL
        ) AS due
    ) AS near
    WHERE c.id = ANY(wanted)
    ON CONFLICT (case_id) DO UPDATE SET
        open = excluded.open, slot = excluded.slot, risk = excluded.risk, unproven = excluded.unproven,
        due_at = excluded.due_at, clock = excluded.clock, overdue = excluded.overdue,
        warned = excluded.warned, stage = excluded.stage, ball = excluded.ball,
        contained = excluded.contained, category = excluded.category, channel = excluded.channel,
        owner = excluded.owner, team = excluded.team, account = excluded.account, person = excluded.person,
        heard_at = excluded.heard_at, snoozed_until = excluded.snoozed_until, tags = excluded.tags;
END $$;

CREATE FUNCTION list_case_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM list_cases(ARRAY[NEW.id]);
    RETURN NULL;
END $$;

-- A case that this transaction has written is listed at its end in any case, so not now as well.
CREATE FUNCTION list_cases_of_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- At the end of the transaction: by then all clocks of the case are locked, so that nobody waits in a circle.
CREATE CONSTRAINT TRIGGER case_file_is_listed AFTER INSERT OR UPDATE ON case_file
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION list_case_file();
CREATE TRIGGER clock_added_is_listed AFTER INSERT ON clock
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_cases_of_clocks();
CREATE TRIGGER clock_changed_is_listed AFTER UPDATE ON clock
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_cases_of_clocks();
CREATE TRIGGER promise_made_is_listed AFTER INSERT ON promise
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_cases_of_clocks();
CREATE TRIGGER promise_kept_is_listed AFTER UPDATE ON promise
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_cases_of_clocks();
CREATE TRIGGER breach_made_good_is_listed AFTER UPDATE ON breach
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_cases_of_clocks();

CREATE TABLE queue_view (
    staff text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    filter jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CHECK (made_by <> ''),
    PRIMARY KEY (staff, name)
);
COMMENT ON TABLE queue_view IS 'Filters over the list of cases that somebody saved under a name.';
COMMENT ON COLUMN queue_view.staff IS 'Whose it is; empty: everybody''s.';
COMMENT ON COLUMN queue_view.name IS 'Its name.';
COMMENT ON COLUMN queue_view.filter IS 'What it lets through.';
COMMENT ON COLUMN queue_view.made_at IS 'When it was saved last.';
COMMENT ON COLUMN queue_view.made_by IS 'By whom.';

CREATE TABLE webhook (
    name text PRIMARY KEY CHECK (name <> ''),
    url text NOT NULL CHECK (url <> ''),
    events text[] NOT NULL CHECK (events <> '{}'),
    secret bytea NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CHECK (made_by <> ''),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    disabled_at timestamptz,
    CONSTRAINT webhook_fails_whole CHECK ((failures = 0) = (failing_since IS NULL))
);
COMMENT ON TABLE webhook IS 'Which of the institution''s systems is told of events of cases, and where.';
COMMENT ON COLUMN webhook.name IS 'Its name.';
COMMENT ON COLUMN webhook.url IS 'Where events are posted.';
COMMENT ON COLUMN webhook.events IS 'Kinds of events that it is told.';
COMMENT ON COLUMN webhook.secret IS 'The secret it checks signatures with, AES-256-GCM under the vault''s key.';
COMMENT ON COLUMN webhook.made_at IS 'When it was last set.';
COMMENT ON COLUMN webhook.made_by IS 'By whom.';
COMMENT ON COLUMN webhook.failures IS 'Attempts in a row that came to nothing.';
COMMENT ON COLUMN webhook.failing_since IS 'When the first of them was.';
COMMENT ON COLUMN webhook.disabled_at IS 'Since when it is no longer told anything.';
CREATE INDEX effect_of_webhook ON effect ((body ->> 'webhook'), seq) WHERE port = 'webhooks';

GRANT SELECT, INSERT ON message_value TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON case_listed TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_view, webhook TO countermand_app;
GRANT SELECT ON message_value, case_listed, queue_view, webhook TO countermand_reader;
