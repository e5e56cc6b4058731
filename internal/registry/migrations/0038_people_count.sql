-- +goose Up
-- How many people there are, and of how many of them something is known: one
-- row, kept in the transactions that change people. Counting half a million
-- takes longer than the page that shows it.
CREATE TABLE people_count (
    people BIGINT NOT NULL,
    known  BIGINT NOT NULL
);
INSERT INTO people_count (people, known)
SELECT count(*), coalesce(sum(CASE WHEN known THEN 1 ELSE 0 END), 0) FROM people;
