-- +goose Up
-- The import that the interaction an invitation follows came with; '' = none.
-- Taken back, it asks nobody.
ALTER TABLE invitations ADD COLUMN import TEXT NOT NULL DEFAULT '';
