-- name: append_fact
-- One fact of the journal.
INSERT INTO journal (at, kind, subject, body, trace_id) VALUES ($1, $2, $3, $4, $5);

-- name: append_facts
-- Facts of the journal ($1 rows, their numbers not yet given), in their order.
INSERT INTO journal (at, kind, subject, body, trace_id)
SELECT at, kind, subject, body, trace_id FROM unnest($1::journal[]);
