-- +goose Up
-- How far the log has been woven into this book.
CREATE TABLE weave_head (
    id       BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash     TEXT NOT NULL
);
INSERT INTO weave_head (id, sequence, hash) VALUES (1, 0, '');

-- Who weaves, and until when unless it says so again.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);
