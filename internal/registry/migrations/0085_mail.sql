-- +goose Up
-- E-mails to be sent, and for a while those that were: their text only until
-- then. A claimed one is due again when its claim ends.
CREATE TABLE mail_queue (
    id          TEXT PRIMARY KEY,
    reference   TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    name        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    html        TEXT NOT NULL,
    unsubscribe TEXT NOT NULL,
    fate        TEXT NOT NULL,
    tries       BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    queued_at   BIGINT NOT NULL,
    until_at    BIGINT NOT NULL,
    settled_at  BIGINT NOT NULL,
    reason      TEXT NOT NULL
);
CREATE INDEX mail_queue_due ON mail_queue (fate, next_at);
CREATE INDEX mail_queue_reference ON mail_queue (reference);
CREATE INDEX mail_queue_recipient ON mail_queue (recipient);

-- Addresses that take no mail, as keyed hashes: the hint is masked.
CREATE TABLE mail_suppressed (
    address TEXT PRIMARY KEY,
    hint    TEXT NOT NULL,
    why     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    at      BIGINT NOT NULL
);
