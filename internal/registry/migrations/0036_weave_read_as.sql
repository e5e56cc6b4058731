-- +goose Up
-- As whose the blocks up to here were read: a replay must read them the same
-- way, whatever the company's settings are by then. '' = nothing was read yet.
ALTER TABLE weave_head ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE weave_head ADD COLUMN currency TEXT NOT NULL DEFAULT '';
