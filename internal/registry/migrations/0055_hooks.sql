-- +goose Up
-- What verifies and understands the webhooks of a source. mapping: '' = that of
-- the preset. The secret stands as it is: a signature cannot be checked against
-- a hash of it. former is valid as well until former_until.
CREATE TABLE hooks (
    source       TEXT PRIMARY KEY REFERENCES sources (id),
    preset       TEXT NOT NULL,
    mapping      TEXT NOT NULL,
    secret       TEXT NOT NULL,
    former       TEXT NOT NULL,
    former_until BIGINT NOT NULL
);

-- Deliveries that were taken: the key tells a repetition, the last of them
-- stand on the source's page.
CREATE TABLE hook_deliveries (
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    topic       TEXT NOT NULL,
    events      BIGINT NOT NULL,
    note        TEXT NOT NULL,
    PRIMARY KEY (source, key)
);
CREATE INDEX hook_deliveries_received ON hook_deliveries (source, received_at);
