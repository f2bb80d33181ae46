-- What a limit got back is a fact about the account, behind the same guard as every other.

ALTER TABLE account
    ADD COLUMN given_back jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN profiled boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN account.given_back IS 'Held amounts that took no effect after all, newest last: operation, kind, minor units, currency, microseconds UTC.';
COMMENT ON COLUMN account.profiled IS 'False where the institution has said nothing about the account and an ended hold alone made it known.';
