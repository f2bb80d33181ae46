-- What waits on its way to an account is found by who is to receive it.
CREATE INDEX hold_payee ON hold (counterparty, placed_at) WHERE state IN ('open', 'released') AND institution IS NULL;
