-- +goose Up
-- What is asked. draft: what is being worked on, as JSON. version: published
-- last, 0 = never; what was published never changes.
CREATE TABLE surveys (
    key        TEXT PRIMARY KEY,
    draft      TEXT NOT NULL,
    status     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE survey_versions (
    survey     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    definition TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    made_at    BIGINT NOT NULL,
    PRIMARY KEY (survey, version)
);

-- What was answered, page by page. who: JSON of identifiers, kept only until
-- the answer is told. finished_at: 0 = not; settled_at: 0 = under way, nothing
-- is added afterwards; told: 1 = the log has it.
CREATE TABLE survey_responses (
    id          TEXT PRIMARY KEY,
    survey      TEXT NOT NULL,
    version     BIGINT NOT NULL,
    invitation  TEXT NOT NULL,
    channel     TEXT NOT NULL,
    language    TEXT NOT NULL,
    about       TEXT NOT NULL,
    shop        TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    product_id  TEXT NOT NULL,
    who         TEXT NOT NULL,
    answers     TEXT NOT NULL,
    texts       BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    settled_at  BIGINT NOT NULL,
    told        BIGINT NOT NULL
);
CREATE INDEX survey_responses_under_way ON survey_responses (changed_at) WHERE settled_at = 0;
CREATE INDEX survey_responses_untold ON survey_responses (settled_at) WHERE told = 0 AND settled_at > 0;
CREATE INDEX survey_responses_settled ON survey_responses (survey, settled_at, id);

-- Every score and every choice of the settled ones, for counting. item: of a
-- matrix. value: the score, or the key of the choice.
CREATE TABLE survey_answers (
    survey   TEXT NOT NULL,
    version  BIGINT NOT NULL,
    question TEXT NOT NULL,
    item     TEXT NOT NULL,
    scale    TEXT NOT NULL,
    value    TEXT NOT NULL,
    response TEXT NOT NULL,
    PRIMARY KEY (survey, version, question, item, scale, value, response)
);

-- How often the first page was looked at.
CREATE TABLE survey_opens (
    survey  TEXT NOT NULL,
    channel TEXT NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (survey, channel)
);
