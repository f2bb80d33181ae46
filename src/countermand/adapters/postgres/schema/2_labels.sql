CREATE TABLE label (
    seq bigint NOT NULL,
    id text NOT NULL,
    operation_id text NOT NULL,
    fraud boolean NOT NULL,
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    trace_id text,
    CONSTRAINT label_pkey PRIMARY KEY (id),
    CONSTRAINT label_is_sound CHECK (
        seq > 0 AND id <> '' AND operation_id <> '' AND source <> '' AND recorded_by <> ''
    )
);
CREATE UNIQUE INDEX label_seq ON label (seq);
CREATE INDEX label_operation ON label (operation_id, seq);
COMMENT ON TABLE label IS 'What became known later about an operation; the last label of an operation is the one that counts; append only.';
COMMENT ON COLUMN label.seq IS 'Order of writing, one with operation.seq: known to every operation with a higher number, to none before.';
COMMENT ON COLUMN label.id IS 'Id of the label.';
COMMENT ON COLUMN label.operation_id IS 'The operation it is about; the server checks that it was decided.';
COMMENT ON COLUMN label.fraud IS 'Whether it was fraud.';
COMMENT ON COLUMN label.source IS 'Who says so: a dispute, a chargeback, a file.';
COMMENT ON COLUMN label.occurred_at IS 'When the operation happened, as recorded with it.';
COMMENT ON COLUMN label.known_at IS 'When the label became known, as the institution says.';
COMMENT ON COLUMN label.recorded_at IS 'When it reached us, by our clock.';
COMMENT ON COLUMN label.recorded_by IS 'Name of the key or the person that sent it.';
COMMENT ON COLUMN label.trace_id IS 'W3C trace id of the request, where it had one.';

CREATE TRIGGER label_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON label
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE label ENABLE ALWAYS TRIGGER label_is_a_record;


GRANT SELECT, INSERT ON label TO countermand_app;
GRANT SELECT ON label TO countermand_reader;
