-- +goose Up
-- Which of several Regia reads what people say, and until when: one row.
CREATE TABLE voice_turn (
    one        BIGINT PRIMARY KEY,
    holder     TEXT NOT NULL,
    until_at   BIGINT NOT NULL
);
INSERT INTO voice_turn (one, holder, until_at) VALUES (1, '', 0);
