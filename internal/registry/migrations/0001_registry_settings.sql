-- +goose Up
-- One row a setting: the company (JSON), the installation's secret, and the like.
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
