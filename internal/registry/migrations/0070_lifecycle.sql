-- +goose Up
-- By which rules people are at which stage of the relationship: every set there
-- ever was, with who made it and when. The highest version is in force.
CREATE TABLE lifecycle_rules (
    version BIGINT PRIMARY KEY,
    rules   TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
