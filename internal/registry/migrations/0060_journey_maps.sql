-- +goose Up
-- Maps of journeys. version: the latest of journey_versions. removed: taken
-- away by somebody, who may put it back.
CREATE TABLE journey_maps (
    id      TEXT PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    removed BOOLEAN NOT NULL
);

-- Every version of every map, for ever. restores: the version that was brought
-- back; 0 = none. body: the map as JSON.
CREATE TABLE journey_versions (
    map      TEXT NOT NULL REFERENCES journey_maps (id),
    version  BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    saved_by TEXT NOT NULL,
    restores BIGINT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (map, version)
);
