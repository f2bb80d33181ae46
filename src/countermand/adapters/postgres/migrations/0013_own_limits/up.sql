-- Holders place orders on their own account without an incident; raises of their limits wait in a table.

ALTER TABLE standing_order
    DROP CONSTRAINT standing_order_is_sound,
    ADD CONSTRAINT standing_order_is_sound CHECK (
        num_nonnulls(account, person) <= 1 AND (amount_minor IS NULL) = (currency IS NULL)
        AND (ends_at IS NULL OR ends_at >= placed_at)
        AND (incident IS NOT NULL OR (account IS NOT NULL AND (kind = 'freeze' OR code IN ('own_limit', 'own_mandate'))))
    );
COMMENT ON COLUMN standing_order.incident IS 'The incident it belongs to; NULL for the account''s own freeze and for what its holder ordered.';

CREATE TABLE limit_raise (
    id text PRIMARY KEY CHECK (id <> ''),
    account text NOT NULL CHECK (account <> ''),
    standing_order text NOT NULL REFERENCES standing_order (id),
    amount_minor bigint CHECK (amount_minor >= 0),
    currency text,
    confirmation text NOT NULL REFERENCES confirmation (id),
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL CHECK (asked_by <> ''),
    binds_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'bound', 'cancelled')),
    ended_at timestamptz,
    ended_by text,
    why text,
    CONSTRAINT limit_raise_is_sound CHECK (
        (amount_minor IS NULL) = (currency IS NULL) AND binds_at > asked_at
        AND (state = 'waiting') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
        AND (state = 'cancelled') = (why IS NOT NULL) AND (state <> 'bound' OR ended_at >= binds_at)
    )
);
CREATE UNIQUE INDEX limit_raise_one_waits ON limit_raise (account) WHERE state = 'waiting';
CREATE UNIQUE INDEX limit_raise_confirmation ON limit_raise (confirmation);
CREATE INDEX limit_raise_order ON limit_raise (standing_order);
COMMENT ON TABLE limit_raise IS 'Higher limits that holders have asked for on their own account: each waits before it binds.';
COMMENT ON COLUMN limit_raise.id IS 'Id of the raise; its timer goes by it.';
COMMENT ON COLUMN limit_raise.account IS 'Whose limit.';
COMMENT ON COLUMN limit_raise.standing_order IS 'The standing order with the limit that it is to take the place of.';
COMMENT ON COLUMN limit_raise.amount_minor IS 'The new limit for one operation, in minor units; NULL takes the limit away.';
COMMENT ON COLUMN limit_raise.currency IS 'ISO 4217 currency of that amount.';
COMMENT ON COLUMN limit_raise.confirmation IS 'The proof that the holder asked; one proof serves one raise.';
COMMENT ON COLUMN limit_raise.asked_at IS 'When it was asked for.';
COMMENT ON COLUMN limit_raise.asked_by IS 'Id of the key that relayed it.';
COMMENT ON COLUMN limit_raise.binds_at IS 'From when it binds, if nothing cancels it; later if a device or credential changes meanwhile.';
COMMENT ON COLUMN limit_raise.state IS 'waiting, bound or cancelled.';
COMMENT ON COLUMN limit_raise.ended_at IS 'When it was bound or cancelled.';
COMMENT ON COLUMN limit_raise.ended_by IS 'Who did that; clock where its time had come.';
COMMENT ON COLUMN limit_raise.why IS 'Why it was cancelled: asked, lowered, replaced, contained.';

CREATE TABLE mandate (
    account text NOT NULL CHECK (account <> ''),
    id text NOT NULL CHECK (id <> ''),
    payee text NOT NULL CHECK (payee <> ''),
    amount_minor bigint CHECK (amount_minor >= 0),
    currency text,
    told_at timestamptz NOT NULL,
    told_by text NOT NULL CHECK (told_by <> ''),
    PRIMARY KEY (account, id),
    CONSTRAINT mandate_is_sound CHECK ((amount_minor IS NULL) = (currency IS NULL))
);
COMMENT ON TABLE mandate IS 'What the institution tells of automatic debits; others are known from their operations.';
COMMENT ON COLUMN mandate.account IS 'Whose account is debited.';
COMMENT ON COLUMN mandate.id IS 'The institution''s id, the attribute `mandate` of its operations.';
COMMENT ON COLUMN mandate.payee IS 'Who collects, as the holder knows them.';
COMMENT ON COLUMN mandate.amount_minor IS 'The most that is collected at a time, in minor units.';
COMMENT ON COLUMN mandate.currency IS 'ISO 4217 currency of that amount.';
COMMENT ON COLUMN mandate.told_at IS 'When this was told.';
COMMENT ON COLUMN mandate.told_by IS 'Id of the key that told it.';

CREATE UNIQUE INDEX standing_order_one_own_limit ON standing_order (account)
    WHERE code = 'own_limit' AND lifted_at IS NULL;
CREATE UNIQUE INDEX standing_order_one_own_mandate ON standing_order (account, named)
    WHERE code = 'own_mandate' AND lifted_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON limit_raise, mandate TO countermand_app;
GRANT SELECT ON limit_raise, mandate TO countermand_reader;
