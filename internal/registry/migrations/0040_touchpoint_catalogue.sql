-- +goose Up
-- The catalogue as a whole: its version rises with every change; defaults is
-- the version of the default catalogue it has taken over.
CREATE TABLE touchpoint_catalogue (
    id       BIGINT PRIMARY KEY,
    version  BIGINT NOT NULL,
    defaults BIGINT NOT NULL
);
INSERT INTO touchpoint_catalogue (id, version, defaults) VALUES (1, 0, 0);

-- Where people meet the company. own: made here; edited: a default that people
-- changed, which no upgrade touches again.
CREATE TABLE touchpoints (
    key            TEXT PRIMARY KEY,
    name_it        TEXT NOT NULL,
    name_en        TEXT NOT NULL,
    description_it TEXT NOT NULL,
    description_en TEXT NOT NULL,
    channel        TEXT NOT NULL,
    digital        BOOLEAN NOT NULL,
    ownership      TEXT NOT NULL,
    stage          TEXT NOT NULL,
    department     TEXT NOT NULL,
    place          BIGINT NOT NULL,
    retired        BOOLEAN NOT NULL,
    own            BOOLEAN NOT NULL,
    edited         BOOLEAN NOT NULL
);

-- Which events belong to which. removed: a default that people took away; it
-- stays, so that an upgrade does not bring it back.
CREATE TABLE touchpoint_bindings (
    id         TEXT PRIMARY KEY,
    touchpoint TEXT NOT NULL REFERENCES touchpoints (key),
    source     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    conditions TEXT NOT NULL,
    own        BOOLEAN NOT NULL,
    place      BIGINT NOT NULL,
    removed    BOOLEAN NOT NULL
);
CREATE INDEX touchpoint_bindings_touchpoint ON touchpoint_bindings (touchpoint);

-- What each version changed. names: lower-case event names whose touchpoint may
-- have changed, a JSON array; '' = any of them.
CREATE TABLE touchpoint_changes (
    version    BIGINT PRIMARY KEY,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    names      TEXT NOT NULL
);
