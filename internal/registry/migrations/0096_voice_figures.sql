-- +goose Up
-- Figures of many texts are read from an index alone: rows are long.
CREATE INDEX voices_figures ON voices (worded, at, sentiment, language, platform, touchpoint);
