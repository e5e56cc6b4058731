-- +goose Up
-- Every identifier ever seen, under the id of the person that would stand on it.
CREATE TABLE identifiers (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    value     TEXT NOT NULL,
    state     BIGINT NOT NULL DEFAULT 0,
    person_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX identifiers_value ON identifiers (value);
CREATE INDEX identifiers_person ON identifiers (person_id);

-- Every exact set of identifiers that was seen together, and whose it is.
-- torn: its identifiers belong to different people (suspected duplicates).
CREATE TABLE subjects (
    id        TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    torn      BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX subjects_person ON subjects (person_id);
CREATE TABLE subject_identifiers (
    identifier TEXT NOT NULL,
    subject    TEXT NOT NULL,
    PRIMARY KEY (identifier, subject)
);
CREATE INDEX subject_identifiers_subject ON subject_identifiers (subject);

-- Alias calls and human decisions, for ever; undoing is one too.
CREATE TABLE decisions (
    id       TEXT PRIMARY KEY,
    action   TEXT NOT NULL,
    a        TEXT NOT NULL DEFAULT '',
    a_kind   TEXT NOT NULL DEFAULT '',
    a_value  TEXT NOT NULL DEFAULT '',
    b        TEXT NOT NULL DEFAULT '',
    b_kind   TEXT NOT NULL DEFAULT '',
    b_value  TEXT NOT NULL DEFAULT '',
    target   TEXT NOT NULL DEFAULT '',
    taken_by TEXT NOT NULL DEFAULT '',
    taken_at BIGINT NOT NULL
);
CREATE INDEX decisions_a ON decisions (a);
CREATE INDEX decisions_b ON decisions (b);
CREATE INDEX decisions_target ON decisions (target);

-- The outbox: which subjects changed person, for the ledger.
CREATE TABLE moves (
    number    BIGINT PRIMARY KEY,
    subject   TEXT NOT NULL,
    was       TEXT NOT NULL,
    person_id TEXT NOT NULL
);

-- What subjects said of themselves: the latest value of each trait and consent.
CREATE TABLE traits (
    subject TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    at      BIGINT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (subject, name)
);
CREATE TABLE consents (
    subject TEXT NOT NULL,
    purpose TEXT NOT NULL,
    given   BOOLEAN NOT NULL,
    at      BIGINT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (subject, purpose)
);

-- One row a person: the essential data, derived from the tables above. digest: of
-- the row and its search terms, to tell whether they changed.
CREATE TABLE people (
    id           TEXT PRIMARY KEY,
    known        BOOLEAN NOT NULL,
    name         TEXT NOT NULL DEFAULT '',
    first_name   TEXT NOT NULL DEFAULT '',
    last_name    TEXT NOT NULL DEFAULT '',
    email        TEXT NOT NULL DEFAULT '',
    phone        TEXT NOT NULL DEFAULT '',
    language     TEXT NOT NULL DEFAULT '',
    country      TEXT NOT NULL DEFAULT '',
    birthday     TEXT NOT NULL DEFAULT '',
    loyalty_card TEXT NOT NULL DEFAULT '',
    handle       TEXT NOT NULL DEFAULT '',
    digest       TEXT NOT NULL DEFAULT ''
);
-- Beginnings to search by: words of the name, identifiers.
CREATE TABLE people_terms (
    term      TEXT NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (term, person_id)
);
CREATE INDEX people_terms_person ON people_terms (person_id);
