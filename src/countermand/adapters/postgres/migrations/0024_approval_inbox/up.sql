-- What the desk still owed: an inbox of approvals.

CREATE INDEX hold_awaits_approval ON hold (placed_at, operation)
    WHERE state = 'open' AND 'approval' = ANY (needs) AND NOT 'approval' = ANY (met);
