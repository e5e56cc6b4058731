-- +goose Up
-- Who is asked, when and after what: body is JSON.
CREATE TABLE invite_rules (
    id         TEXT PRIMARY KEY,
    active     BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    body       TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- How far the ledger was followed: when the door took what was read last.
CREATE TABLE invite_follow (
    id       BIGINT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Each decision to ask somebody or not, for a while; their numbers for good.
CREATE TABLE invite_decisions (
    rule       TEXT NOT NULL,
    event      TEXT NOT NULL,
    person     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    invitation TEXT NOT NULL,
    PRIMARY KEY (rule, event)
);
CREATE INDEX invite_decisions_at ON invite_decisions (at);
CREATE INDEX invite_decisions_event ON invite_decisions (event);
CREATE TABLE invite_tally (
    rule   TEXT NOT NULL,
    day    TEXT NOT NULL,
    reason TEXT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (rule, day, reason)
);

-- Invitations. asked_at: when the person is, or will be, asked; 0 = it never
-- reached them.
CREATE TABLE invitations (
    id          TEXT PRIMARY KEY,
    rule        TEXT NOT NULL,
    event       TEXT NOT NULL,
    person      TEXT NOT NULL,
    who         TEXT NOT NULL,
    contact     TEXT NOT NULL,
    channel     TEXT NOT NULL,
    survey      TEXT NOT NULL,
    about       TEXT NOT NULL,
    shop        TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    product_id  TEXT NOT NULL,
    language    TEXT NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    planned_at  BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    asked_at    BIGINT NOT NULL,
    sent_at     BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL,
    closed_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    remind_at   BIGINT NOT NULL
);
CREATE INDEX invitations_state ON invitations (state, due_at);
CREATE INDEX invitations_planned ON invitations (planned_at);
CREATE INDEX invitations_expires ON invitations (expires_at);

-- By which names, as keyed hashes, somebody was asked: two people who turn out
-- to be one were asked once each.
CREATE TABLE invitation_keys (
    key        TEXT NOT NULL,
    invitation TEXT NOT NULL,
    PRIMARY KEY (key, invitation)
);
CREATE INDEX invitation_keys_invitation ON invitation_keys (invitation);

-- Who does not want to be asked, by the same hashes.
CREATE TABLE invite_refusals (
    key TEXT PRIMARY KEY,
    at  BIGINT NOT NULL,
    how TEXT NOT NULL
);

-- What happened and the log does not have yet.
CREATE TABLE invite_untold (
    id         TEXT PRIMARY KEY,
    invitation TEXT NOT NULL,
    name       TEXT NOT NULL,
    at         BIGINT NOT NULL
);

-- Messages for the gateway of text messages.
CREATE TABLE invite_posts (
    id         TEXT PRIMARY KEY,
    invitation TEXT NOT NULL,
    phone      TEXT NOT NULL,
    text       TEXT NOT NULL,
    tries      BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    until_at   BIGINT NOT NULL
);
CREATE INDEX invite_posts_due ON invite_posts (next_at);
