package testkit_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"regia/internal/testkit"
)

func TestPostgresGivesFreshDatabases(t *testing.T) {
	ctx := context.Background()
	connect := func(url string) *pgx.Conn {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(ctx) })
		return conn
	}
	a, b := connect(testkit.Postgres(t)), connect(testkit.Postgres(t))
	for _, conn := range []*pgx.Conn{a, b} {
		if _, err := conn.Exec(ctx, `CREATE TABLE t (x TEXT)`); err != nil {
			t.Fatalf("the database is not a fresh one: %v", err)
		}
	}
	var encoding, collation, zone string
	err := a.QueryRow(ctx, `SELECT pg_encoding_to_char(encoding), datcollate, current_setting('TimeZone')
		FROM pg_database WHERE datname = current_database()`).Scan(&encoding, &collation, &zone)
	if err != nil || encoding != "UTF8" || collation != "C" || zone != "UTC" {
		t.Fatalf("got %s, %s, %s, %v; want UTF8, C, UTC", encoding, collation, zone, err)
	}
}
