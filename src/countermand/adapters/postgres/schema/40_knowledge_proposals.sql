-- Versions of articles that editors proposed in the console, and what somebody else said to each.

CREATE TABLE kb_proposal (
    id text PRIMARY KEY CHECK (id <> ''),
    article text NOT NULL CHECK (article <> ''),
    version integer NOT NULL CHECK (version > 0),
    body bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    source text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    state text NOT NULL CHECK (state IN ('proposed', 'published', 'rejected', 'withdrawn')),
    proposer text NOT NULL CHECK (proposer <> ''),
    proposed_at timestamptz NOT NULL,
    judge text CHECK (judge <> ''),
    judged_at timestamptz,
    words text,
    CONSTRAINT kb_proposal_is_judged_whole CHECK (
        (state = 'proposed') = (judge IS NULL) AND (judge IS NULL) = (judged_at IS NULL)
        AND (judge IS NULL) = (words IS NULL)
    ),
    CONSTRAINT kb_proposal_has_four_eyes CHECK (state NOT IN ('published', 'rejected') OR judge <> proposer)
);
CREATE UNIQUE INDEX kb_proposal_one_open ON kb_proposal (article) WHERE state = 'proposed';
CREATE UNIQUE INDEX kb_proposal_published ON kb_proposal (article, version) WHERE state = 'published';
CREATE INDEX kb_proposal_article ON kb_proposal (article, proposed_at);
COMMENT ON TABLE kb_proposal IS 'Versions of articles that were proposed in the console; one of an article waits at a time, and what is published was approved by somebody else.';
COMMENT ON COLUMN kb_proposal.id IS 'Id of the proposal.';
COMMENT ON COLUMN kb_proposal.article IS 'Id of the article.';
COMMENT ON COLUMN kb_proposal.version IS 'The number that it was proposed under.';
COMMENT ON COLUMN kb_proposal.body IS 'All of it, canonical JSON.';
COMMENT ON COLUMN kb_proposal.sha256 IS 'SHA-256 of the body.';
COMMENT ON COLUMN kb_proposal.source IS 'Where its figures come from, with the day; empty where it has none of its own.';
COMMENT ON COLUMN kb_proposal.reason IS 'Why it was proposed, in the words of who did.';
COMMENT ON COLUMN kb_proposal.state IS 'Whether it waits, counts, or was turned down or taken back.';
COMMENT ON COLUMN kb_proposal.proposer IS 'Who proposed it.';
COMMENT ON COLUMN kb_proposal.proposed_at IS 'When.';
COMMENT ON COLUMN kb_proposal.judge IS 'Who published or rejected it, never the proposer; or who took it back.';
COMMENT ON COLUMN kb_proposal.judged_at IS 'When.';
COMMENT ON COLUMN kb_proposal.words IS 'What they said to it.';

CREATE TRIGGER kb_proposal_is_announced AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kb_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

GRANT SELECT, INSERT ON kb_proposal TO countermand_app;
GRANT UPDATE (state, judge, judged_at, words) ON kb_proposal TO countermand_app;
GRANT SELECT ON kb_proposal TO countermand_reader;
