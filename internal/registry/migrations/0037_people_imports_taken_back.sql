-- +goose Up
-- Imports that were taken back: nothing of them counts, whenever it comes.
CREATE TABLE imports_taken_back (
    id       BYTEA NOT NULL PRIMARY KEY,
    taken_at BIGINT NOT NULL
);

-- The import that a decision (an alias call) came with; NULL: it came live.
ALTER TABLE decisions ADD COLUMN import_id BYTEA;
CREATE INDEX decisions_import ON decisions (import_id) WHERE import_id IS NOT NULL;

-- Subjects that went with an import, and whose they were last: should one come
-- again, the ledger is told of its move, as of any other.
CREATE TABLE forgotten_subjects (
    subject   BYTEA NOT NULL PRIMARY KEY,
    person_id BYTEA NOT NULL
);
