-- The whole schema as it stands after all migrations; a test holds the two equal. Roles exist already.

CREATE TABLE migration (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL CHECK (name <> ''),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migration IS 'The migrations this database has had.';
COMMENT ON COLUMN migration.number IS 'Number of the migration.';
COMMENT ON COLUMN migration.name IS 'Its name.';
COMMENT ON COLUMN migration.sha256 IS 'SHA-256 of its up.sql as it was applied.';
COMMENT ON COLUMN migration.applied_at IS 'When it was applied.';


-- Two tables are the record of what happened; nobody rewrites them, their owner included.
CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'rows of table "%" are a record: % is refused, for every role', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Append a new fact that corrects the earlier one.';
END
$$;
COMMENT ON FUNCTION refuse_rewriting() IS 'Refuses UPDATE, DELETE and TRUNCATE on the tables that are a record.';

-- Servers keep lists, keys, the live policy and profiles in memory; this tells them which to read again.
CREATE FUNCTION announce_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('countermand', json_build_object('table', TG_TABLE_NAME)::text);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION announce_change() IS 'Notifies channel "countermand" with the name of the changed table and nothing else.';


CREATE TABLE policy_version (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    version text NOT NULL CHECK (version <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    source jsonb NOT NULL CHECK (jsonb_typeof(source) = 'object'),
    recorded_at timestamptz NOT NULL,
    UNIQUE (name, version)
);
COMMENT ON TABLE policy_version IS 'Every policy that was ever drafted or live, whole, so that any past decision replays.';
COMMENT ON COLUMN policy_version.id IS 'Short number used by the rows of operation.';
COMMENT ON COLUMN policy_version.name IS 'Name of the policy folder.';
COMMENT ON COLUMN policy_version.version IS 'Version given by its authors; one name and version is recorded once.';
COMMENT ON COLUMN policy_version.digest IS 'SHA-256 over the canonical form of the source.';
COMMENT ON COLUMN policy_version.source IS 'The files: relative file name -> text.';
COMMENT ON COLUMN policy_version.recorded_at IS 'When it was recorded.';

CREATE TRIGGER policy_version_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE policy_version ENABLE ALWAYS TRIGGER policy_version_is_a_record;


CREATE TABLE policy_live (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    policy_id integer NOT NULL REFERENCES policy_version (id)
);
COMMENT ON TABLE policy_live IS 'The policy that decides now: at most one row.';
COMMENT ON COLUMN policy_live.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN policy_live.policy_id IS 'The live policy version.';

CREATE TRIGGER policy_live_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_live
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE operation (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    account text NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    body_digest bytea NOT NULL,
    body bytea NOT NULL,
    decision_id text NOT NULL,
    outcome smallint NOT NULL,
    policy_id integer NOT NULL REFERENCES policy_version (id),
    facts bytea NOT NULL,
    observation bytea NOT NULL,
    standing bytea NOT NULL,
    answer bytea NOT NULL,
    trace_id text,
    CONSTRAINT operation_pkey PRIMARY KEY (id),
    CONSTRAINT operation_is_sound CHECK (
        octet_length(body_digest) = 32 AND outcome BETWEEN 0 AND 4
        AND id <> '' AND account <> '' AND kind <> '' AND decision_id <> ''
    )
);
CREATE UNIQUE INDEX operation_seq ON operation (seq);
CREATE UNIQUE INDEX operation_decision_id ON operation (decision_id);
CREATE INDEX operation_account_occurred_at ON operation (account, occurred_at DESC);
COMMENT ON TABLE operation IS 'Every operation with its decision and all that the decision was made from; append only.';
COMMENT ON COLUMN operation.seq IS 'Order of writing; may have gaps, and concurrent writers may commit out of order.';
COMMENT ON COLUMN operation.id IS 'The institution''s id of the operation, also its idempotency key.';
COMMENT ON COLUMN operation.account IS 'The institution''s id of the account.';
COMMENT ON COLUMN operation.kind IS 'Kind of operation, a word of vocabulary/operations.';
COMMENT ON COLUMN operation.occurred_at IS 'When it happened, as the institution says.';
COMMENT ON COLUMN operation.received_at IS 'When it reached us, by our clock.';
COMMENT ON COLUMN operation.body_digest IS 'SHA-256 of the canonical form of the request body: tells a retry from a reused id.';
COMMENT ON COLUMN operation.body IS 'The canonical form of the request body, JSON in UTF-8.';
COMMENT ON COLUMN operation.decision_id IS 'Id of the decision; time-ordered, so that its index grows at one end.';
COMMENT ON COLUMN operation.outcome IS '0 allow, 1 challenge, 2 hold, 3 approve, 4 deny.';
COMMENT ON COLUMN operation.policy_id IS 'The policy version that decided.';
COMMENT ON COLUMN operation.facts IS 'The facts the rules saw, MessagePack.';
COMMENT ON COLUMN operation.observation IS 'What this operation adds to the windows of later ones, MessagePack.';
COMMENT ON COLUMN operation.standing IS 'The standing orders and limits it met, MessagePack.';
COMMENT ON COLUMN operation.answer IS 'The answer''s bytes, sent again on a retry.';
COMMENT ON COLUMN operation.trace_id IS 'W3C trace id of the request, where it had one.';

CREATE TRIGGER operation_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON operation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE operation ENABLE ALWAYS TRIGGER operation_is_a_record;


CREATE TABLE account (
    id text PRIMARY KEY CHECK (id <> ''),
    handle uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    type text,
    timezone text,
    opened_at timestamptz,
    home_ips text[],
    home_places text[],
    devices text[],
    traits text[],
    kyc_level smallint,
    guard bigint NOT NULL DEFAULT 1 CHECK (guard > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 85);
COMMENT ON TABLE account IS 'What the institution says about an account. NULL is unknown; an empty array is known to be none.';
COMMENT ON COLUMN account.id IS 'The institution''s id of the account.';
COMMENT ON COLUMN account.handle IS 'Random handle that stands for the account in the journal.';
COMMENT ON COLUMN account.type IS 'Account type, the key of the limits in a policy.';
COMMENT ON COLUMN account.timezone IS 'IANA name of the zone in which the account''s day begins.';
COMMENT ON COLUMN account.opened_at IS 'When the account was opened.';
COMMENT ON COLUMN account.home_ips IS 'Usual addresses, each in its canonical form.';
COMMENT ON COLUMN account.home_places IS 'Usual places.';
COMMENT ON COLUMN account.devices IS 'Ids of the bound devices.';
COMMENT ON COLUMN account.traits IS 'Traits that call for care, such as student or elderly.';
COMMENT ON COLUMN account.kyc_level IS 'How well the institution knows the customer; higher is better.';
COMMENT ON COLUMN account.guard IS 'Grows with every change of profile or standing order; a server reads the account again when its copy has another.';
COMMENT ON COLUMN account.updated_at IS 'When the row last changed.';

CREATE TRIGGER account_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE standing_order (
    id text PRIMARY KEY CHECK (id <> ''),
    account text NOT NULL CHECK (account <> ''),
    kind text NOT NULL CHECK (kind IN ('freeze')),
    reason text NOT NULL CHECK (reason <> ''),
    placed_at timestamptz NOT NULL,
    placed_by text NOT NULL CHECK (placed_by <> ''),
    lifted_at timestamptz,
    lifted_by text,
    CONSTRAINT standing_order_is_lifted_whole CHECK (
        (lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL OR lifted_at >= placed_at)
    )
);
CREATE UNIQUE INDEX standing_order_one_active_freeze ON standing_order (account)
    WHERE kind = 'freeze' AND lifted_at IS NULL;
CREATE INDEX standing_order_account ON standing_order (account, placed_at);
COMMENT ON TABLE standing_order IS 'Orders that bind every decision on an account from their commit until they are lifted.';
COMMENT ON COLUMN standing_order.id IS 'Id of the order.';
COMMENT ON COLUMN standing_order.account IS 'The account it binds; the account need not be known.';
COMMENT ON COLUMN standing_order.kind IS 'What it orders.';
COMMENT ON COLUMN standing_order.reason IS 'Why, in the words of who placed it.';
COMMENT ON COLUMN standing_order.placed_at IS 'From when it binds.';
COMMENT ON COLUMN standing_order.placed_by IS 'Id of the key or the person that placed it.';
COMMENT ON COLUMN standing_order.lifted_at IS 'Until when it bound; NULL while it binds.';
COMMENT ON COLUMN standing_order.lifted_by IS 'Id of the key or the person that lifted it.';


CREATE TABLE list_entry (
    list text NOT NULL CHECK (list <> ''),
    value text NOT NULL CHECK (value <> ''),
    source text NOT NULL CHECK (source <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    expires_at timestamptz NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CHECK (added_by <> ''),
    PRIMARY KEY (list, value),
    CONSTRAINT list_entry_expires_later CHECK (expires_at > added_at)
);
COMMENT ON TABLE list_entry IS 'Entries of the lists that rules ask; each says from where, why, and until when.';
COMMENT ON COLUMN list_entry.list IS 'Name of the list.';
COMMENT ON COLUMN list_entry.value IS 'The listed value.';
COMMENT ON COLUMN list_entry.source IS 'Who says so.';
COMMENT ON COLUMN list_entry.reason IS 'Why it is listed.';
COMMENT ON COLUMN list_entry.expires_at IS 'When it stops to count; no entry is for ever.';
COMMENT ON COLUMN list_entry.added_at IS 'When it was added.';
COMMENT ON COLUMN list_entry.added_by IS 'Id of the key or the person that added it.';

CREATE TRIGGER list_entry_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON list_entry
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE api_key (
    id text PRIMARY KEY CHECK (id <> ''),
    name text NOT NULL UNIQUE CHECK (name <> ''),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz
);
COMMENT ON TABLE api_key IS 'Keys of the institution''s systems; only a digest is kept.';
COMMENT ON COLUMN api_key.id IS 'Public id of the key.';
COMMENT ON COLUMN api_key.name IS 'Name given at creation.';
COMMENT ON COLUMN api_key.digest IS 'SHA-256 of the secret (256 random bits, so no slow hash is needed).';
COMMENT ON COLUMN api_key.scopes IS 'What the key may do.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key.revoked_at IS 'Since when it is refused; NULL while it is good.';
COMMENT ON COLUMN api_key.last_used_at IS 'About when it was last used; written now and then, not announced.';

CREATE TRIGGER api_key_is_announced
    AFTER INSERT OR UPDATE OF name, digest, scopes, revoked_at OR DELETE OR TRUNCATE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE journal (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    subject uuid,
    body json NOT NULL,
    trace_id text
);
COMMENT ON TABLE journal IS 'The facts of every change, in the transaction of the change; append only, no personal data.';
COMMENT ON COLUMN journal.seq IS 'Order of writing; may have gaps, and concurrent writers may commit out of order.';
COMMENT ON COLUMN journal.at IS 'When it happened, by our clock.';
COMMENT ON COLUMN journal.kind IS 'Name of the fact, a word of vocabulary/facts.';
COMMENT ON COLUMN journal.subject IS 'Random handle of whom it is about, where it is about somebody.';
COMMENT ON COLUMN journal.body IS 'The fact: ids, handles, codes and numbers. Kept as the bytes that were written.';
COMMENT ON COLUMN journal.trace_id IS 'W3C trace id of what caused it, where there was one.';

CREATE TRIGGER journal_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_is_a_record;


CREATE TABLE server_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL CHECK (epoch > 0),
    taken_at timestamptz NOT NULL
);
COMMENT ON TABLE server_epoch IS 'Who may write decisions: a server that finds a later epoch than its own was replaced and stops.';
COMMENT ON COLUMN server_epoch.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN server_epoch.epoch IS 'Grows by one with every server that takes over.';
COMMENT ON COLUMN server_epoch.taken_at IS 'When the present server took over.';


GRANT USAGE ON SCHEMA public TO countermand_app, countermand_reader;

GRANT SELECT, INSERT ON operation, journal, policy_version TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON policy_live, standing_order, api_key, server_epoch TO countermand_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON account, list_entry TO countermand_app;
GRANT SELECT ON migration TO countermand_app;

GRANT SELECT ON
    operation, journal, policy_version, policy_live, account, standing_order, list_entry, server_epoch, migration
    TO countermand_reader;
GRANT SELECT (id, name, scopes, created_at, revoked_at, last_used_at) ON api_key TO countermand_reader;


CREATE TABLE label (
    seq bigint NOT NULL,
    id text NOT NULL,
    operation_id text NOT NULL,
    fraud boolean NOT NULL,
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    trace_id text,
    CONSTRAINT label_pkey PRIMARY KEY (id),
    CONSTRAINT label_is_sound CHECK (
        seq > 0 AND id <> '' AND operation_id <> '' AND source <> '' AND recorded_by <> ''
    )
);
CREATE UNIQUE INDEX label_seq ON label (seq);
CREATE INDEX label_operation ON label (operation_id, seq);
COMMENT ON TABLE label IS 'What became known later about an operation; the last label of an operation is the one that counts; append only.';
COMMENT ON COLUMN label.seq IS 'Order of writing, one with operation.seq: known to every operation with a higher number, to none before.';
COMMENT ON COLUMN label.id IS 'Id of the label.';
COMMENT ON COLUMN label.operation_id IS 'The operation it is about; the server checks that it was decided.';
COMMENT ON COLUMN label.fraud IS 'Whether it was fraud.';
COMMENT ON COLUMN label.source IS 'Who says so: a dispute, a chargeback, a file.';
COMMENT ON COLUMN label.occurred_at IS 'When the operation happened, as recorded with it.';
COMMENT ON COLUMN label.known_at IS 'When the label became known, as the institution says.';
COMMENT ON COLUMN label.recorded_at IS 'When it reached us, by our clock.';
COMMENT ON COLUMN label.recorded_by IS 'Name of the key or the person that sent it.';
COMMENT ON COLUMN label.trace_id IS 'W3C trace id of the request, where it had one.';

CREATE TRIGGER label_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON label
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE label ENABLE ALWAYS TRIGGER label_is_a_record;


GRANT SELECT, INSERT ON label TO countermand_app;
GRANT SELECT ON label TO countermand_reader;


CREATE TABLE policy_publication (
    policy_id integer PRIMARY KEY REFERENCES policy_version (id),
    state text NOT NULL CHECK (state IN (
        'checked', 'proposed', 'approved', 'scheduled', 'live', 'superseded', 'rolled_back', 'rejected', 'withdrawn'
    )),
    author text NOT NULL CHECK (author <> ''),
    proposer text CHECK (proposer <> ''),
    approver text CHECK (approver <> ''),
    start_at timestamptz,
    going_back boolean NOT NULL DEFAULT false,
    lists_seen jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(lists_seen) = 'object'),
    warm_until timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT policy_publication_has_four_eyes CHECK (approver NOT IN (author, proposer)),
    CONSTRAINT policy_publication_has_a_start CHECK ((state = 'scheduled') = (start_at IS NOT NULL)),
    CONSTRAINT policy_publication_goes_back CHECK (state = 'scheduled' OR NOT going_back)
);
CREATE UNIQUE INDEX policy_publication_one_live ON policy_publication (state) WHERE state = 'live';
CREATE UNIQUE INDEX policy_publication_one_scheduled ON policy_publication (going_back) WHERE state = 'scheduled';
COMMENT ON TABLE policy_publication IS 'Where each recorded policy stands on its way; at most one is live, one is to follow, one is to go back to.';
COMMENT ON COLUMN policy_publication.policy_id IS 'The policy version.';
COMMENT ON COLUMN policy_publication.state IS 'Where it stands.';
COMMENT ON COLUMN policy_publication.author IS 'Name of the key that drafted it, or of the part of the product that recorded it.';
COMMENT ON COLUMN policy_publication.proposer IS 'Name of the key that proposed it.';
COMMENT ON COLUMN policy_publication.approver IS 'Name of the key that approved it: never the author''s or the proposer''s.';
COMMENT ON COLUMN policy_publication.start_at IS 'From when it is to decide, while it is scheduled.';
COMMENT ON COLUMN policy_publication.going_back IS 'Whether it is scheduled to take back what is live now.';
COMMENT ON COLUMN policy_publication.lists_seen IS 'The lists it asks and how many entries each had, when it was approved or last decided.';
COMMENT ON COLUMN policy_publication.warm_until IS 'Until when a server keeps it ready after it was replaced.';
COMMENT ON COLUMN policy_publication.updated_at IS 'When this row last changed.';

CREATE TRIGGER policy_publication_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_publication
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE policy_step (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_id integer NOT NULL REFERENCES policy_version (id),
    at timestamptz NOT NULL,
    step text NOT NULL CHECK (step <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    text text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object')
);
CREATE INDEX policy_step_policy_id ON policy_step (policy_id, seq);
COMMENT ON TABLE policy_step IS 'Every step of every policy on its way, with who took it and what they said; append only.';
COMMENT ON COLUMN policy_step.seq IS 'Order of writing.';
COMMENT ON COLUMN policy_step.policy_id IS 'The policy version.';
COMMENT ON COLUMN policy_step.at IS 'When, by our clock.';
COMMENT ON COLUMN policy_step.step IS 'What was done, such as propose.';
COMMENT ON COLUMN policy_step.actor IS 'Name of the key, or "server" for what the server did by itself.';
COMMENT ON COLUMN policy_step.text IS 'Why, in the words of who did it.';
COMMENT ON COLUMN policy_step.details IS 'What else belongs to the step: codes, numbers, labels.';

CREATE TRIGGER policy_step_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE policy_step ENABLE ALWAYS TRIGGER policy_step_is_a_record;


CREATE TABLE policy_canary (
    id text PRIMARY KEY CHECK (id <> ''),
    policy_id integer NOT NULL REFERENCES policy_version (id),
    share_permille smallint NOT NULL CHECK (share_permille BETWEEN 1 AND 500),
    salt text NOT NULL CHECK (salt <> ''),
    guardrails jsonb NOT NULL CHECK (jsonb_typeof(guardrails) = 'object'),
    state text NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'promoted')),
    reason text NOT NULL,
    figures jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(figures) = 'object'),
    started_at timestamptz NOT NULL,
    started_by text NOT NULL CHECK (started_by <> ''),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT policy_canary_is_ended_whole CHECK (
        (state = 'running') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
    )
);
CREATE UNIQUE INDEX policy_canary_one_running ON policy_canary (state) WHERE state = 'running';
COMMENT ON TABLE policy_canary IS 'Policies that decide for a share of the accounts, under guardrails; at most one at a time.';
COMMENT ON COLUMN policy_canary.id IS 'Id of the canary.';
COMMENT ON COLUMN policy_canary.policy_id IS 'The policy that is tried.';
COMMENT ON COLUMN policy_canary.share_permille IS 'Of a thousand accounts, for how many it decides.';
COMMENT ON COLUMN policy_canary.salt IS 'Mixed into the hash that picks the accounts, so that each canary picks others.';
COMMENT ON COLUMN policy_canary.guardrails IS 'The limits that were declared at its start.';
COMMENT ON COLUMN policy_canary.state IS 'Whether it decides, or how it ended; paused is by itself.';
COMMENT ON COLUMN policy_canary.reason IS 'Why it is in that state.';
COMMENT ON COLUMN policy_canary.figures IS 'What was counted when it ended.';
COMMENT ON COLUMN policy_canary.started_at IS 'Since when it may decide.';
COMMENT ON COLUMN policy_canary.started_by IS 'Name of the key that started it.';
COMMENT ON COLUMN policy_canary.ended_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN policy_canary.ended_by IS 'Name of the key that ended it, or "server".';

CREATE TRIGGER policy_canary_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON policy_canary
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


GRANT SELECT, INSERT ON policy_step TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON policy_publication, policy_canary TO countermand_app;
GRANT SELECT ON policy_publication, policy_step, policy_canary TO countermand_reader;


CREATE TABLE shadow (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    policy text NOT NULL CHECK (policy <> ''),
    currency text NOT NULL CHECK (currency <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    source jsonb NOT NULL CHECK (jsonb_typeof(source) = 'object'),
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CHECK (added_by <> ''),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused')),
    reason text,
    detail jsonb,
    seq_first bigint NOT NULL CHECK (seq_first >= 0),
    position bigint NOT NULL,
    operations bigint NOT NULL DEFAULT 0 CHECK (operations >= 0),
    CONSTRAINT shadow_position_is_sound CHECK (position >= seq_first),
    CONSTRAINT shadow_pause_has_reason CHECK ((state = 'paused') = (reason IS NOT NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE shadow IS 'Candidate policies that are evaluated beside the live one and decide nothing.';
COMMENT ON COLUMN shadow.id IS 'Short number used by the results.';
COMMENT ON COLUMN shadow.name IS 'Name under which people ask for it.';
COMMENT ON COLUMN shadow.policy IS 'Name and version of the candidate, name@version.';
COMMENT ON COLUMN shadow.currency IS 'Currency of the candidate; amounts of its results are minor units of it.';
COMMENT ON COLUMN shadow.digest IS 'SHA-256 over the canonical form of the source.';
COMMENT ON COLUMN shadow.source IS 'The candidate''s files: relative file name -> text.';
COMMENT ON COLUMN shadow.added_at IS 'When it was added.';
COMMENT ON COLUMN shadow.added_by IS 'Id of the key or the person that added it.';
COMMENT ON COLUMN shadow.state IS 'running or paused.';
COMMENT ON COLUMN shadow.reason IS 'Code of the reason of a pause; NULL while it runs.';
COMMENT ON COLUMN shadow.detail IS 'What belongs to the reason: names and numbers, no personal data.';
COMMENT ON COLUMN shadow.seq_first IS 'It follows the operations behind this number.';
COMMENT ON COLUMN shadow.position IS 'Number of the last operation it has seen; written in the transaction of the results.';
COMMENT ON COLUMN shadow.operations IS 'How many operations it has evaluated.';

CREATE TRIGGER shadow_is_announced AFTER INSERT OR UPDATE OF state OR DELETE OR TRUNCATE ON shadow
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();


CREATE TABLE shadow_chunk (
    shadow_id integer NOT NULL REFERENCES shadow (id) ON DELETE CASCADE,
    seq_first bigint NOT NULL,
    seq_last bigint NOT NULL,
    received_first timestamptz NOT NULL,
    received_last timestamptz NOT NULL,
    operations integer NOT NULL CHECK (operations > 0),
    outcomes jsonb NOT NULL,
    rules jsonb NOT NULL,
    verdicts bytea NOT NULL,
    PRIMARY KEY (shadow_id, seq_first),
    CONSTRAINT shadow_chunk_is_sound CHECK (seq_last >= seq_first AND received_last >= received_first)
) WITH (fillfactor = 50);
COMMENT ON TABLE shadow_chunk IS 'What a candidate would have answered, about a thousand operations a row.';
COMMENT ON COLUMN shadow_chunk.shadow_id IS 'The candidate.';
COMMENT ON COLUMN shadow_chunk.seq_first IS 'Number of the first operation in it.';
COMMENT ON COLUMN shadow_chunk.seq_last IS 'Number of the last operation in it.';
COMMENT ON COLUMN shadow_chunk.received_first IS 'When the earliest of them reached us.';
COMMENT ON COLUMN shadow_chunk.received_last IS 'When the latest of them reached us.';
COMMENT ON COLUMN shadow_chunk.operations IS 'How many operations.';
COMMENT ON COLUMN shadow_chunk.outcomes IS 'By "live>candidate" (numbers of outcomes): operations, those with an amount, sum of the amounts.';
COMMENT ON COLUMN shadow_chunk.rules IS 'By rule: fired in the live policy only, in both, in the candidate only.';
COMMENT ON COLUMN shadow_chunk.verdicts IS 'Outcome, score and rules of each operation, packed: see adapters/postgres/shadow_chunks.';


CREATE TABLE shadow_difference (
    shadow_id integer NOT NULL REFERENCES shadow (id) ON DELETE CASCADE,
    seq bigint NOT NULL,
    live smallint NOT NULL CHECK (live BETWEEN 0 AND 4),
    candidate smallint NOT NULL CHECK (candidate BETWEEN 0 AND 4),
    PRIMARY KEY (shadow_id, seq),
    CONSTRAINT shadow_difference_is_one CHECK (live <> candidate)
);
COMMENT ON TABLE shadow_difference IS 'The operations to which a candidate would have given another outcome.';
COMMENT ON COLUMN shadow_difference.shadow_id IS 'The candidate.';
COMMENT ON COLUMN shadow_difference.seq IS 'Number of the operation.';
COMMENT ON COLUMN shadow_difference.live IS 'The outcome it got: 0 allow, 1 challenge, 2 hold, 3 approve, 4 deny.';
COMMENT ON COLUMN shadow_difference.candidate IS 'The outcome the candidate would have given.';


GRANT SELECT, INSERT, UPDATE, DELETE ON shadow, shadow_chunk, shadow_difference TO countermand_app;
GRANT SELECT ON shadow, shadow_chunk, shadow_difference TO countermand_reader;
