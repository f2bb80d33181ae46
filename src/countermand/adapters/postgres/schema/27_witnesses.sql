-- What outsiders say of the log: cosignatures of witnesses, time stamps, anchors in a public chain.

CREATE TABLE log_cosignature (
    origin text NOT NULL CHECK (origin <> ''),
    size bigint NOT NULL CHECK (size > 0),
    witness text NOT NULL CHECK (witness <> ''),
    lines text NOT NULL CHECK (lines <> ''),
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (origin, witness, size)
);
-- Signatures do not compress.
ALTER TABLE log_cosignature ALTER COLUMN lines SET STORAGE EXTERNAL;
CREATE INDEX log_cosignature_size ON log_cosignature (origin, size);
COMMENT ON TABLE log_cosignature IS 'What witnesses signed under checkpoints of the log.';
COMMENT ON COLUMN log_cosignature.origin IS 'Which log, by the name under which it signs.';
COMMENT ON COLUMN log_cosignature.size IS 'How many entries the tree has.';
COMMENT ON COLUMN log_cosignature.witness IS 'Which witness, by its name in the trust policy.';
COMMENT ON COLUMN log_cosignature.lines IS 'Its signature lines, verified (C2SP tlog-cosignature).';
COMMENT ON COLUMN log_cosignature.kept_at IS 'When they came, by our clock.';
CREATE TRIGGER log_cosignature_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON log_cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_cosignature ENABLE ALWAYS TRIGGER log_cosignature_is_a_record;

CREATE TABLE log_timestamp (
    origin text NOT NULL CHECK (origin <> ''),
    size bigint NOT NULL CHECK (size > 0),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    token bytea NOT NULL CHECK (length(token) > 0),
    stamped_at timestamptz NOT NULL,
    accuracy_micros bigint NOT NULL CHECK (accuracy_micros >= 0),
    serial text NOT NULL,
    policy text NOT NULL,
    authority text NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (origin, size)
);
ALTER TABLE log_timestamp ALTER COLUMN token SET STORAGE EXTERNAL;
COMMENT ON TABLE log_timestamp IS 'Time-stamp tokens of checkpoints (RFC 3161), each checked before it was kept.';
COMMENT ON COLUMN log_timestamp.origin IS 'Which log, by the name under which it signs.';
COMMENT ON COLUMN log_timestamp.size IS 'How many entries the tree has.';
COMMENT ON COLUMN log_timestamp.digest IS 'SHA-256 of the checkpoint''s note as we signed it.';
COMMENT ON COLUMN log_timestamp.token IS 'The token as the authority sent it (DER).';
COMMENT ON COLUMN log_timestamp.stamped_at IS 'The time it says.';
COMMENT ON COLUMN log_timestamp.accuracy_micros IS 'How exact that is, in microseconds; 0 where it does not say.';
COMMENT ON COLUMN log_timestamp.serial IS 'The token''s number, in decimal.';
COMMENT ON COLUMN log_timestamp.policy IS 'The authority''s policy it was made under (OID).';
COMMENT ON COLUMN log_timestamp.authority IS 'Whom the certificate that signed it names.';
COMMENT ON COLUMN log_timestamp.kept_at IS 'When it was kept, by our clock.';
CREATE TRIGGER log_timestamp_is_a_record BEFORE UPDATE OR DELETE OR TRUNCATE ON log_timestamp
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE log_timestamp ENABLE ALWAYS TRIGGER log_timestamp_is_a_record;

CREATE TABLE log_anchor (
    chain text NOT NULL CHECK (chain <> ''),
    reference text NOT NULL CHECK (reference <> ''),
    origin text NOT NULL CHECK (origin <> ''),
    size bigint NOT NULL CHECK (size > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    state text NOT NULL CHECK (state IN ('pending', 'mined', 'final', 'lost')),
    block bigint CHECK (block >= 0),
    block_time bigint CHECK (block_time >= 0),
    confirmations bigint NOT NULL CHECK (confirmations >= 0),
    evidence jsonb NOT NULL,
    sent_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (chain, reference),
    CONSTRAINT log_anchor_mined_whole CHECK ((block IS NULL) = (block_time IS NULL))
);
CREATE INDEX log_anchor_newest ON log_anchor (origin, sent_at);
CREATE INDEX log_anchor_size ON log_anchor (origin, size);
CREATE INDEX log_anchor_unsettled ON log_anchor (checked_at) WHERE state <> 'final';
COMMENT ON TABLE log_anchor IS 'Digests of checkpoints that were written into a public chain, and how firmly they stand there.';
COMMENT ON COLUMN log_anchor.chain IS 'Which chain (CAIP-2).';
COMMENT ON COLUMN log_anchor.reference IS 'The transaction''s hash.';
COMMENT ON COLUMN log_anchor.origin IS 'Which log, by the name under which it signs.';
COMMENT ON COLUMN log_anchor.size IS 'How many entries the tree has.';
COMMENT ON COLUMN log_anchor.digest IS 'SHA-256 of the checkpoint''s note as we signed it, in hex.';
COMMENT ON COLUMN log_anchor.state IS 'pending, mined, final, or lost: the chain does not have it.';
COMMENT ON COLUMN log_anchor.block IS 'Number of its block; NULL until it is in one.';
COMMENT ON COLUMN log_anchor.block_time IS 'The block''s time, in seconds since 1970.';
COMMENT ON COLUMN log_anchor.confirmations IS 'How many blocks stand on it, its own included.';
COMMENT ON COLUMN log_anchor.evidence IS 'Transaction, receipt and block header, as the node told them.';
COMMENT ON COLUMN log_anchor.sent_at IS 'When it was sent.';
COMMENT ON COLUMN log_anchor.checked_at IS 'When it was last looked up.';

GRANT SELECT, INSERT ON log_cosignature, log_timestamp TO countermand_app;
GRANT SELECT, INSERT, UPDATE ON log_anchor TO countermand_app;
GRANT SELECT ON log_cosignature, log_timestamp, log_anchor TO countermand_reader;
