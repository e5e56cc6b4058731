-- +goose Up
-- What somebody decided about a rule that opens follow-ups. Rules without a row
-- are as designed. settings: JSON.
CREATE TABLE followup_rules (
    key        TEXT PRIMARY KEY,
    settings   TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Voices that need somebody. Times are microseconds, 0 = not yet. scale and
-- score: of the answer that opened it, '' = it was none. told: the owner, and
-- whom it was passed on to, were told.
CREATE TABLE followups (
    id           TEXT PRIMARY KEY,
    rule         TEXT NOT NULL,
    voice        TEXT NOT NULL,
    person       TEXT NOT NULL,
    said_at      BIGINT NOT NULL,
    why          TEXT NOT NULL,
    scale        TEXT NOT NULL,
    score        DOUBLE PRECISION NOT NULL,
    opened_at    BIGINT NOT NULL,
    owner        TEXT NOT NULL,
    due_at       BIGINT NOT NULL,
    late_to      TEXT NOT NULL,
    late_at      BIGINT NOT NULL,
    told         SMALLINT NOT NULL,
    closed_at    BIGINT NOT NULL,
    closed_by    TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    UNIQUE (rule, voice)
);
CREATE INDEX followups_open ON followups (closed_at, due_at);
CREATE INDEX followups_person ON followups (person, rule, opened_at);
CREATE INDEX followups_told ON followups (told);

-- What was done about each, for ever: opened, assigned, late, noted, closed,
-- reopened.
CREATE TABLE followup_steps (
    id       TEXT PRIMARY KEY,
    followup TEXT NOT NULL,
    at       BIGINT NOT NULL,
    who      TEXT NOT NULL,
    name     TEXT NOT NULL,
    what     TEXT NOT NULL,
    text     TEXT NOT NULL
);
CREATE INDEX followup_steps_of ON followup_steps (followup, at);

-- Voices that a rule spoke for and that opened nothing, and why.
CREATE TABLE followup_passed (
    rule     TEXT NOT NULL,
    voice    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    why      TEXT NOT NULL,
    followup TEXT NOT NULL,
    PRIMARY KEY (rule, voice)
);

-- Up to which voice the rules looked: one row.
CREATE TABLE followup_head (
    one    SMALLINT PRIMARY KEY,
    number BIGINT NOT NULL
);
