-- name: put_effects
-- Write effects into the outbox, in this order; one that is there already (by its id) is left as it is.
INSERT INTO effect (id, port, action, lane, subject, body, trace_id, placed_at, due_at, alarm_at, state)
SELECT id, port, action, lane, subject, body, trace_id, placed_at, due_at, alarm_at, 'pending'
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[], $7::text[], $8::timestamptz[],
    $9::timestamptz[], $10::timestamptz[]
) WITH ORDINALITY AS new (id, port, action, lane, subject, body, trace_id, placed_at, due_at, alarm_at, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING;

-- name: claim_effects
-- Take up to $3 effects of these ports ($4) due at $1 whose lane is free, until $2; nobody else tries them before.
UPDATE effect SET due_at = $2, attempts = attempts + 1
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM effect AS mine
    WHERE state = 'pending' AND due_at <= $1 AND port = ANY($4::text[]) AND (lane IS NULL OR NOT EXISTS (
        SELECT FROM effect AS earlier
        WHERE earlier.lane = mine.lane AND earlier.port = mine.port AND earlier.seq < mine.seq
            AND earlier.state = 'pending'
    ))
    ORDER BY due_at LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING *;

-- name: withdraw_effect
-- Take an effect ($1) back that nobody has tried yet ($2 when): from then on nobody will.
UPDATE effect SET state = 'failed', ended_at = $2, answer = '{"withdrawn": true}'
WHERE id = $1 AND state = 'pending' AND attempts = 0
RETURNING id;

-- name: end_effects
-- Write what became of effects ($1 ids, $2 states, $3 ended at or NULL, $4 answers, $5 due again at).
UPDATE effect SET state = new.state, ended_at = new.ended_at, answer = new.answer, due_at = new.due_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::jsonb[], $5::timestamptz[])
    AS new (id, state, ended_at, answer, due_at)
WHERE effect.id = new.id AND effect.state = 'pending';

-- name: late_effects
-- Pending effects of these ports ($3) whose alarm is due at $1, up to $2, taken off the alarm's list.
UPDATE effect SET alarm_at = NULL
WHERE id IN (
    SELECT id FROM effect WHERE state = 'pending' AND alarm_at <= $1 AND port = ANY($3::text[])
    ORDER BY alarm_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING *;

-- name: effect_next_due
-- When the next effect of these ports ($1) is due after an instant ($2), NULL where there is none.
SELECT min(due_at) FROM effect WHERE state = 'pending' AND port = ANY($1::text[]) AND due_at > $2;

-- name: effect_of_id
-- One effect by its id ($1).
SELECT * FROM effect WHERE id = $1;
