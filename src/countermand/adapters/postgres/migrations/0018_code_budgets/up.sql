-- An account and an address have an hourly budget of one-time codes each.
CREATE TABLE code_budget (
    budget text PRIMARY KEY CHECK (budget <> ''),
    sent bigint[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 85);
COMMENT ON TABLE code_budget IS 'When one-time codes left in the last hour, by account and by address; a row without recent ones may go.';
COMMENT ON COLUMN code_budget.budget IS 'What the codes count for: an account, the keyed digest of an address, or the strangers of either.';
COMMENT ON COLUMN code_budget.sent IS 'Instants in microseconds UTC, the oldest first.';

GRANT SELECT, INSERT, UPDATE, DELETE ON code_budget TO countermand_app;
GRANT SELECT ON code_budget TO countermand_reader;
