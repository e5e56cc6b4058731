-- +goose Up
-- Where Regia listens for what people say elsewhere, and how each post is.
-- config: JSON. secret: what a mailbox is opened with; it stands as it is, for
-- it is said to the other side. position: JSON, how far the post has read; it is
-- written only once the log has what came before it. A post that was removed
-- keeps its row, without secret, so that what it heard is known again.
CREATE TABLE listen_posts (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    source        TEXT NOT NULL,
    config        TEXT NOT NULL,
    secret        TEXT NOT NULL,
    every         BIGINT NOT NULL,
    paused        SMALLINT NOT NULL,
    removed       SMALLINT NOT NULL,
    made_by       TEXT NOT NULL,
    made_at       BIGINT NOT NULL,
    position      TEXT NOT NULL,
    last_look     BIGINT NOT NULL,
    last_new      BIGINT NOT NULL,
    next_look     BIGINT NOT NULL,
    not_before    BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    heard         BIGINT NOT NULL,
    left_out      BIGINT NOT NULL,
    failures      BIGINT NOT NULL,
    fault         TEXT NOT NULL,
    fault_detail  TEXT NOT NULL
);
CREATE INDEX listen_posts_next ON listen_posts (next_look);

-- What was heard already, by source and a hash of the platform's own id.
CREATE TABLE listen_heard (
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    PRIMARY KEY (source, key)
);
