-- +goose Up
-- The company's own topics: each version of what it changed about Regia's own
-- (JSON), the latest holds. what: renamed, words, added, off, on, whole,
-- restored (then of says which version); topic: the key it is about, or ''.
CREATE TABLE voice_trees (
    version   BIGINT PRIMARY KEY,
    changes   TEXT NOT NULL,
    what      TEXT NOT NULL,
    topic     TEXT NOT NULL,
    of        BIGINT NOT NULL,
    made_by   TEXT NOT NULL,
    made_name TEXT NOT NULL,
    made_at   BIGINT NOT NULL
);

-- Themes that somebody threw away: texts they fit are not suggested again.
-- words: JSON. undone_at 0 = it holds.
CREATE TABLE voice_themes (
    id        TEXT PRIMARY KEY,
    words     TEXT NOT NULL,
    made_by   TEXT NOT NULL,
    made_name TEXT NOT NULL,
    made_at   BIGINT NOT NULL,
    undone_by TEXT NOT NULL,
    undone_at BIGINT NOT NULL
);
