-- name: append_fact
-- One fact of the journal.
INSERT INTO journal (at, kind, subject, body, trace_id) VALUES ($1, $2, $3, $4, $5);
