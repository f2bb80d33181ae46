-- Clocks of cases: the calendars they were reckoned by, where each stands, who had the ball, and what was not met.

CREATE TABLE calendar (
    id text NOT NULL CHECK (id <> ''),
    version text NOT NULL CHECK (version ~ '^[0-9a-f]{16}$'),
    terms jsonb NOT NULL,
    source text NOT NULL,
    provisional_from date,
    is_current boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL CHECK (recorded_by <> ''),
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX calendar_one_is_current ON calendar (id) WHERE is_current;
COMMENT ON TABLE calendar IS 'Every version of every calendar that a clock was reckoned by.';
COMMENT ON COLUMN calendar.id IS 'Which calendar.';
COMMENT ON COLUMN calendar.version IS 'Sixteen hex digits of the digest of its terms.';
COMMENT ON COLUMN calendar.terms IS 'All it says: zone, years, days of rest, closed and worked days, opening hours.';
COMMENT ON COLUMN calendar.source IS 'Who published it.';
COMMENT ON COLUMN calendar.provisional_from IS 'From this day on it is expected and not yet published.';
COMMENT ON COLUMN calendar.is_current IS 'Whether new reckonings use it; one version of each does.';
COMMENT ON COLUMN calendar.recorded_at IS 'When this version came.';
COMMENT ON COLUMN calendar.recorded_by IS 'Who brought it.';

CREATE TABLE clock (
    id text PRIMARY KEY CHECK (id <> ''),
    case_id text NOT NULL CHECK (case_id <> ''),
    policy text NOT NULL CHECK (policy <> ''),
    policy_version text NOT NULL CHECK (policy_version <> ''),
    calendar text NOT NULL,
    calendar_version text NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'legal', 'stage', 'service', 'promise', 'money', 'evidence_ttl', 'peer', 'snooze'
    )),
    owner text NOT NULL CHECK (owner <> ''),
    started_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'paused', 'met', 'breached', 'cancelled', 'waived')),
    due_at timestamptz NOT NULL,
    warn_at timestamptz[] NOT NULL,
    warned smallint NOT NULL CHECK (warned >= 0),
    provisional boolean NOT NULL,
    extensions jsonb NOT NULL,
    ended_at timestamptz,
    ended_by text[] NOT NULL,
    why text,
    FOREIGN KEY (calendar, calendar_version) REFERENCES calendar (id, version),
    CONSTRAINT clock_is_sound CHECK (
        due_at > started_at AND warned <= cardinality(warn_at)
        AND (state IN ('running', 'paused')) = (ended_at IS NULL)
        AND (state <> 'waived' OR cardinality(ended_by) = 2)
        AND (state NOT IN ('cancelled', 'waived') OR why IS NOT NULL)
    )
);
CREATE UNIQUE INDEX clock_starts_once ON clock (case_id, policy, started_at);
CREATE INDEX clock_live ON clock (id) WHERE state IN ('running', 'paused');
COMMENT ON TABLE clock IS 'Every deadline of every case, and what became of it.';
COMMENT ON COLUMN clock.id IS 'Id of the clock; its timer goes by it.';
COMMENT ON COLUMN clock.case_id IS 'Whose deadline.';
COMMENT ON COLUMN clock.policy IS 'Which rule of which pack.';
COMMENT ON COLUMN clock.policy_version IS 'The version of the pack it was last reckoned by.';
COMMENT ON COLUMN clock.calendar IS 'Which calendar it goes by.';
COMMENT ON COLUMN clock.calendar_version IS 'The version of it that gave this due instant; later ones that give the same are not written.';
COMMENT ON COLUMN clock.kind IS 'Whose demand it stands for.';
COMMENT ON COLUMN clock.owner IS 'Who answers for it.';
COMMENT ON COLUMN clock.started_at IS 'The event that started it: the receipt of a first message, not the making of a case.';
COMMENT ON COLUMN clock.state IS 'Where it stands.';
COMMENT ON COLUMN clock.due_at IS 'When it is due; while it is paused, when it would be if it ran again at once.';
COMMENT ON COLUMN clock.warn_at IS 'When the shares of its time are used at which it warns.';
COMMENT ON COLUMN clock.warned IS 'How many of those warnings were given.';
COMMENT ON COLUMN clock.provisional IS 'Whether it touches days that are not published yet.';
COMMENT ON COLUMN clock.extensions IS 'More time that was granted: which, how much, when, by whom, why, and how it was told.';
COMMENT ON COLUMN clock.ended_at IS 'When it was met, breached, cancelled or waived.';
COMMENT ON COLUMN clock.ended_by IS 'Who did that; two where it was waived.';
COMMENT ON COLUMN clock.why IS 'Why it was cancelled or waived.';

CREATE TABLE clock_span (
    clock text NOT NULL REFERENCES clock (id),
    number smallint NOT NULL CHECK (number >= 0),
    ball text NOT NULL CHECK (ball IN (
        'desk', 'forensics', 'customer', 'peer_bank', 'merchant', 'police', 'insurer', 'regulator', 'system'
    )),
    begins_at timestamptz NOT NULL,
    ends_at timestamptz CHECK (ends_at >= begins_at),
    reason text NOT NULL,
    PRIMARY KEY (clock, number)
);
COMMENT ON TABLE clock_span IS 'Who had the ball while a clock ran; its rule says whether that paused it.';
COMMENT ON COLUMN clock_span.clock IS 'Which clock.';
COMMENT ON COLUMN clock_span.number IS 'Place in the order of its spans.';
COMMENT ON COLUMN clock_span.ball IS 'Who had to act.';
COMMENT ON COLUMN clock_span.begins_at IS 'Since when.';
COMMENT ON COLUMN clock_span.ends_at IS 'Until when; NULL while they still have it.';
COMMENT ON COLUMN clock_span.reason IS 'What was waited for.';

CREATE TABLE breach (
    clock text PRIMARY KEY REFERENCES clock (id),
    case_id text NOT NULL,
    policy text NOT NULL,
    due_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL CHECK (noted_at >= due_at),
    owner text NOT NULL,
    cause text NOT NULL CHECK (cause <> ''),
    made_good_at timestamptz CHECK (made_good_at >= due_at)
);
CREATE INDEX breach_noted ON breach (noted_at);
COMMENT ON TABLE breach IS 'Deadlines that were not met: who answers for it, and why.';
COMMENT ON COLUMN breach.clock IS 'Which clock.';
COMMENT ON COLUMN breach.case_id IS 'Of which case.';
COMMENT ON COLUMN breach.policy IS 'Which rule.';
COMMENT ON COLUMN breach.due_at IS 'When it was due.';
COMMENT ON COLUMN breach.noted_at IS 'When that was noted.';
COMMENT ON COLUMN breach.owner IS 'Who answered for it then.';
COMMENT ON COLUMN breach.cause IS 'Code of the cause: with whom the ball was, or what was found out since.';
COMMENT ON COLUMN breach.made_good_at IS 'When it was done after all.';

GRANT SELECT, INSERT, UPDATE ON calendar, clock, clock_span, breach TO countermand_app;
GRANT SELECT ON calendar, clock, clock_span, breach TO countermand_reader;
