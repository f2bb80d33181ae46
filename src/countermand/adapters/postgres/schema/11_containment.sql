-- Containment: incidents, whom orders bind besides accounts, ended sessions, what people must look at.

CREATE TABLE incident (
    id text PRIMARY KEY CHECK (id <> ''),
    key text NOT NULL CHECK (key <> ''),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    source text NOT NULL CHECK (source IN ('customer', 'desk', 'rule', 'police')),
    account text,
    person text,
    code text NOT NULL CHECK (code <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    tier smallint NOT NULL CHECK (tier BETWEEN 1 AND 3),
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    reference text,
    follows text REFERENCES incident (id),
    placed_at timestamptz NOT NULL,
    placed_by text NOT NULL CHECK (placed_by <> ''),
    state text NOT NULL CHECK (state IN ('contained', 'lifting', 'closed')),
    grade smallint NOT NULL DEFAULT 0 CHECK (grade BETWEEN 0 AND 3),
    closed_at timestamptz,
    shown jsonb NOT NULL,
    CONSTRAINT incident_key UNIQUE (placed_by, key),
    CONSTRAINT incident_is_sound CHECK (
        (state = 'closed') = (closed_at IS NOT NULL) AND ended_at >= began_at
    )
);
CREATE INDEX incident_account ON incident (account) WHERE account IS NOT NULL;
CREATE INDEX incident_person ON incident (person) WHERE person IS NOT NULL;
CREATE INDEX incident_follows ON incident (follows) WHERE follows IS NOT NULL;
COMMENT ON TABLE incident IS 'One containment: who said what, and everything that was stopped at once because of it.';
COMMENT ON COLUMN incident.id IS 'Id of the incident.';
COMMENT ON COLUMN incident.key IS 'Idempotency key of the request; one for each who asks.';
COMMENT ON COLUMN incident.digest IS 'SHA-256 of the request''s canonical form: tells a retry from a reused key.';
COMMENT ON COLUMN incident.source IS 'Who asked: customer, desk, rule or police.';
COMMENT ON COLUMN incident.account IS 'The account it is about.';
COMMENT ON COLUMN incident.person IS 'The person it is about, who need not have an account.';
COMMENT ON COLUMN incident.code IS 'Why, a word of vocabulary/orders.';
COMMENT ON COLUMN incident.reason IS 'Why, in the words of who asked.';
COMMENT ON COLUMN incident.tier IS 'How grave: tier 3 has a review task.';
COMMENT ON COLUMN incident.began_at IS 'Start of the time in which it is said to have happened.';
COMMENT ON COLUMN incident.ended_at IS 'End of that time.';
COMMENT ON COLUMN incident.reference IS 'Case number of the authority, for a police stop.';
COMMENT ON COLUMN incident.follows IS 'The incident it follows from; an upheld appeal lifts them together.';
COMMENT ON COLUMN incident.placed_at IS 'When it was contained.';
COMMENT ON COLUMN incident.placed_by IS 'Id of the key or the person that asked.';
COMMENT ON COLUMN incident.state IS 'contained, lifting (some of it was lifted), or closed.';
COMMENT ON COLUMN incident.grade IS 'The highest grade that was lifted; 0 is none.';
COMMENT ON COLUMN incident.closed_at IS 'When it was given back whole; a review may go on until its own end.';
COMMENT ON COLUMN incident.shown IS 'What was answered; a retry gets it again.';


CREATE TABLE standing_subject (
    key text PRIMARY KEY CHECK (key <> ''),
    handle uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    guard bigint NOT NULL DEFAULT 1 CHECK (guard > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE standing_subject IS 'Whom, besides accounts, standing orders are or were on: persons, and everybody.';
COMMENT ON COLUMN standing_subject.key IS 'As standing_order.subject; it begins with a control character, as no account does.';
COMMENT ON COLUMN standing_subject.handle IS 'Random handle that stands for the person in the journal.';
COMMENT ON COLUMN standing_subject.guard IS 'Grows with every change of an order; a server reads the orders again when its copy has another.';
COMMENT ON COLUMN standing_subject.updated_at IS 'When an order last changed.';


CREATE TABLE evidence_request (
    incident text PRIMARY KEY REFERENCES incident (id),
    account text,
    person text,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    operations text[] NOT NULL,
    requested_at timestamptz NOT NULL,
    taken_at timestamptz
);
CREATE INDEX evidence_request_open ON evidence_request (requested_at) WHERE taken_at IS NULL;
COMMENT ON TABLE evidence_request IS 'What must be kept as it was when an incident was contained; written with the containment.';
COMMENT ON COLUMN evidence_request.incident IS 'The incident.';
COMMENT ON COLUMN evidence_request.account IS 'Whose account.';
COMMENT ON COLUMN evidence_request.person IS 'Or which person''s identity.';
COMMENT ON COLUMN evidence_request.began_at IS 'Start of the time to be kept.';
COMMENT ON COLUMN evidence_request.ended_at IS 'End of that time.';
COMMENT ON COLUMN evidence_request.operations IS 'The recorded operations of that time, newest first.';
COMMENT ON COLUMN evidence_request.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN evidence_request.taken_at IS 'When the snapshot was taken; NULL while it is owed.';


CREATE TABLE session_revocation (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident text REFERENCES incident (id),
    account text,
    person text,
    session text,
    device text,
    begun_before timestamptz,
    revoked_at timestamptz NOT NULL,
    CONSTRAINT session_revocation_is_about_something CHECK (
        num_nonnulls(account, person) > 0 AND num_nonnulls(session, device) <= 1
        AND num_nonnulls(session, device, begun_before) > 0 AND (session IS NULL OR begun_before IS NULL)
    )
);
CREATE INDEX session_revocation_account ON session_revocation (account) WHERE account IS NOT NULL;
CREATE INDEX session_revocation_person ON session_revocation (person) WHERE person IS NOT NULL;
COMMENT ON TABLE session_revocation IS 'Sessions that were ended; lifting an order does not bring one back.';
COMMENT ON COLUMN session_revocation.seq IS 'Order of writing: the place in the feed; concurrent writers may commit out of order.';
COMMENT ON COLUMN session_revocation.incident IS 'The incident that ended them; NULL: their holder did.';
COMMENT ON COLUMN session_revocation.account IS 'Sessions on this account.';
COMMENT ON COLUMN session_revocation.person IS 'Or sessions of this person.';
COMMENT ON COLUMN session_revocation.session IS 'This session; or …';
COMMENT ON COLUMN session_revocation.device IS '… every session on this device, or those on it begun before that instant; or …';
COMMENT ON COLUMN session_revocation.begun_before IS '… every session begun before this.';
COMMENT ON COLUMN session_revocation.revoked_at IS 'Since when.';


CREATE TABLE review_task (
    id text PRIMARY KEY CHECK (id <> ''),
    kind text NOT NULL CHECK (kind <> ''),
    tier smallint NOT NULL CHECK (tier BETWEEN 1 AND 3),
    about text NOT NULL CHECK (about <> ''),
    incident text REFERENCES incident (id),
    account text,
    person text,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    done_by text,
    CONSTRAINT review_task_once UNIQUE (kind, about),
    CONSTRAINT review_task_ends_whole CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE INDEX review_task_open ON review_task (due_at, id) WHERE done_at IS NULL;
COMMENT ON TABLE review_task IS 'What a person must look at.';
COMMENT ON COLUMN review_task.id IS 'Id of the task.';
COMMENT ON COLUMN review_task.kind IS 'What is to be done, a word of containment/alerts.';
COMMENT ON COLUMN review_task.tier IS 'How urgent; 3 is the highest.';
COMMENT ON COLUMN review_task.about IS 'The operation or the incident it is about.';
COMMENT ON COLUMN review_task.incident IS 'The incident it belongs to.';
COMMENT ON COLUMN review_task.account IS 'The account it is about.';
COMMENT ON COLUMN review_task.person IS 'The person it is about.';
COMMENT ON COLUMN review_task.created_at IS 'When it arose.';
COMMENT ON COLUMN review_task.due_at IS 'By when somebody must have looked.';
COMMENT ON COLUMN review_task.done_at IS 'When it was done.';
COMMENT ON COLUMN review_task.done_by IS 'Who did it.';


CREATE TABLE alert_place (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL
);
COMMENT ON TABLE alert_place IS 'Up to which operation alerts were raised.';
COMMENT ON COLUMN alert_place.only_row IS 'Always true; as the primary key it allows one row.';
COMMENT ON COLUMN alert_place.seq IS 'Number of the last operation that was looked at.';

CREATE VIEW order_in_force AS
SELECT id, subject, incident, placed_at, jsonb_build_object(
    'id', id, 'measure', kind, 'account', account, 'person', person, 'values', named,
    'begun_before', (extract(epoch FROM begun_before) * 1000000)::bigint,
    'amount_limit', CASE WHEN amount_minor IS NOT NULL
        THEN jsonb_build_object('minor', amount_minor, 'currency', currency) END,
    'code', code, 'placed_at', (extract(epoch FROM placed_at) * 1000000)::bigint, 'placed_by', placed_by,
    'ends_at', (extract(epoch FROM ends_at) * 1000000)::bigint, 'incident', incident
) AS body, kind = 'freeze' AND incident IS NULL AS plain
FROM standing_order
WHERE lifted_at IS NULL;
COMMENT ON VIEW order_in_force IS 'Orders that were not lifted, as one value each; plain: a freeze of the account''s own door.';

ALTER TABLE standing_order ADD CONSTRAINT standing_order_incident_fkey FOREIGN KEY (incident) REFERENCES incident (id);


GRANT SELECT, INSERT, UPDATE ON incident, standing_subject, evidence_request, review_task, alert_place TO countermand_app;
GRANT SELECT, INSERT ON session_revocation TO countermand_app;
GRANT SELECT ON order_in_force TO countermand_app;
GRANT SELECT ON
    incident, standing_subject, evidence_request, session_revocation, review_task, alert_place, order_in_force
    TO countermand_reader;
