-- +goose Up
-- Every import there ever was, also those that only begin. Its id stands on all
-- that came with it, so that it can be taken back.
CREATE TABLE imports (
    id          TEXT PRIMARY KEY,
    state       TEXT NOT NULL,
    origin      TEXT NOT NULL,
    mapping     TEXT NOT NULL DEFAULT '',
    spec        TEXT NOT NULL DEFAULT '',
    form        TEXT NOT NULL DEFAULT '',
    source      TEXT NOT NULL DEFAULT '',
    files       TEXT NOT NULL DEFAULT '[]',
    started_by  TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL DEFAULT 0,
    rows_read   BIGINT NOT NULL DEFAULT 0,
    bytes_read  BIGINT NOT NULL DEFAULT 0,
    bytes_all   BIGINT NOT NULL DEFAULT 0,
    made        BIGINT NOT NULL DEFAULT 0,
    accepted    BIGINT NOT NULL DEFAULT 0,
    fresh       BIGINT NOT NULL DEFAULT -1,
    rejected    BIGINT NOT NULL DEFAULT 0,
    rejections  TEXT NOT NULL DEFAULT '[]',
    failure     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX imports_created ON imports (created_at);

-- Mappings that people saved, to be used again.
CREATE TABLE import_mappings (
    name     TEXT PRIMARY KEY,
    spec     TEXT NOT NULL,
    form     TEXT NOT NULL DEFAULT '',
    saved_by TEXT NOT NULL DEFAULT '',
    saved_at BIGINT NOT NULL
);
