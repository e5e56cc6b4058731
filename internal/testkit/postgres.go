package testkit

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The variable that names a server to use instead of starting one: the URL of
// a role that may create databases.
const postgresVariable = "REGIA_TEST_POSTGRES"

// ownServer starts the one server of this test process at the first question.
// It is the one global of this package: tests have no common owner to hold it.
// The server stops by itself when the process ends, however it ends.
var ownServer = sync.OnceValues(func() (*PostgresServer, error) { return StartPostgres(context.Background()) })

// Postgres gives the URL of a fresh, empty UTF-8 database that sorts bytewise.
// It is dropped when the test ends. The server is the one that
// REGIA_TEST_POSTGRES names, or a private one started for this process.
func Postgres(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(postgresVariable)
	if admin == "" {
		server, err := ownServer()
		if errors.Is(err, ErrNoPostgres) {
			Missing(t, err.Error())
		}
		if err != nil {
			t.Fatalf("start PostgreSQL: %v", err)
		}
		admin = server.URL
	}
	name := "regia_" + strings.ToLower(rand.Text()[:16])
	adminExec(t, admin, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`)
	t.Cleanup(func() { adminExec(t, admin, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })

	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("%s is not a URL: %v", postgresVariable, err)
	}
	u.Path = "/" + name
	return u.String()
}

func adminExec(t testing.TB, admin, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatalf("reach the PostgreSQL for tests: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
