-- +goose Up
-- What people decided about who an author elsewhere is. decision and undo: the
-- decisions about identity as they go to the log, JSON, undo '' while it stands;
-- told: the log has what is written here. shown: the author's name as it stood
-- on the page.
CREATE TABLE listen_matches (
    id       TEXT PRIMARY KEY,
    author   TEXT NOT NULL,
    person   TEXT NOT NULL,
    shown    TEXT NOT NULL,
    platform TEXT NOT NULL,
    decision TEXT NOT NULL,
    undo     TEXT NOT NULL,
    told     SMALLINT NOT NULL,
    made_at  BIGINT NOT NULL
);
CREATE INDEX listen_matches_author ON listen_matches (author);
CREATE INDEX listen_matches_told ON listen_matches (told);
