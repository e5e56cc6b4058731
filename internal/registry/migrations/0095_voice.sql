-- +goose Up
-- What people said, a row each: a text, an answer on a scale, or both. The text
-- itself stands in the ledger alone. Labels are those that hold: what the models
-- told (reading, JSON), corrected by hand. urgency, effort and politeness: -9 =
-- nobody knows. person: as of the last look, '' = nobody known. Times are
-- microseconds. number: in which order Regia heard them, never used twice.
CREATE TABLE voices (
    id          TEXT PRIMARY KEY,
    number      BIGINT NOT NULL UNIQUE,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    person      TEXT NOT NULL,
    name        TEXT NOT NULL,
    source      TEXT NOT NULL,
    touchpoint  TEXT NOT NULL,
    platform    TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    scale       TEXT NOT NULL,
    score       DOUBLE PRECISION NOT NULL,
    worded      SMALLINT NOT NULL,
    language    TEXT NOT NULL,
    sentiment   TEXT NOT NULL,
    confidence  DOUBLE PRECISION NOT NULL,
    urgency     SMALLINT NOT NULL,
    effort      SMALLINT NOT NULL,
    politeness  SMALLINT NOT NULL,
    reading     TEXT NOT NULL,
    model       TEXT NOT NULL
);
CREATE INDEX voices_at ON voices (worded, at, id);
CREATE INDEX voices_sentiment ON voices (worded, sentiment, at, id);
CREATE INDEX voices_received ON voices (received_at);
CREATE INDEX voices_person ON voices (person, at);
CREATE INDEX voices_model ON voices (worded, model);

-- What texts are about; at and sentiment as in voices.
CREATE TABLE voice_topics (
    voice      TEXT NOT NULL,
    topic      TEXT NOT NULL,
    at         BIGINT NOT NULL,
    sentiment  TEXT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (voice, topic)
);
CREATE INDEX voice_topics_topic ON voice_topics (topic, at);
CREATE INDEX voice_topics_at ON voice_topics (at, topic, sentiment);

-- What somebody put right, kept for ever. aspect: sentiment, urgency, language,
-- or topic, of which value says + or - and the topic. was: what the models had
-- told. undone_at 0 = it holds.
CREATE TABLE voice_corrections (
    id         TEXT PRIMARY KEY,
    voice      TEXT NOT NULL,
    aspect     TEXT NOT NULL,
    value      TEXT NOT NULL,
    was        TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    made_name  TEXT NOT NULL,
    made_at    BIGINT NOT NULL,
    undone_by  TEXT NOT NULL,
    undone_at  BIGINT NOT NULL
);
CREATE INDEX voice_corrections_voice ON voice_corrections (voice);

-- How far the ledger was read: one row.
CREATE TABLE voice_head (
    one         SMALLINT PRIMARY KEY,
    sequence    BIGINT NOT NULL,
    move        BIGINT NOT NULL,
    catalogue   BIGINT NOT NULL,
    interactions BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    whole_at    BIGINT NOT NULL,
    last_number BIGINT NOT NULL
);
