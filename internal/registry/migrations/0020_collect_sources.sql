-- +goose Up
-- What may send interactions, and with which key. A source is never deleted,
-- only disabled: the ledger's rows name it.
CREATE TABLE sources (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    channel    TEXT NOT NULL,
    write_key  TEXT NOT NULL,
    disabled   BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sources_write_key ON sources (write_key) WHERE write_key <> '';

-- The last events of each source that the front door refused, and why. No
-- values are kept, only the shape of the event.
CREATE TABLE rejections (
    source      TEXT NOT NULL,
    number      BIGINT NOT NULL,
    rejected_at BIGINT NOT NULL,
    class       TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    excerpt     TEXT NOT NULL,
    PRIMARY KEY (source, number)
);
