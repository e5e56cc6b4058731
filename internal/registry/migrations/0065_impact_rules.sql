-- +goose Up
-- What somebody decided about a rule of impact: switched off, or of a weight of
-- their own (NULL: fitted on answers). Rules without a row are as designed.
CREATE TABLE impact_rules (
    key        TEXT PRIMARY KEY,
    off        SMALLINT NOT NULL,
    weight     DOUBLE PRECISION,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
