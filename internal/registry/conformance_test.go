package registry_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
)

// engines runs one test on every engine, each on a fresh registry.
func engines(t *testing.T, f func(t *testing.T, db *registry.DB, o registry.Options)) {
	t.Helper()
	run := func(name string, options func(t *testing.T) registry.Options) {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			f(t, open(t, o), o)
		})
	}
	run("sqlite", func(t *testing.T) registry.Options {
		return registry.Options{Path: filepath.Join(t.TempDir(), "with space & ?% #.db")}
	})
	run("postgres", func(t *testing.T) registry.Options { return registry.Options{URL: testkit.Postgres(t)} })
}

func open(t *testing.T, o registry.Options) *registry.DB {
	t.Helper()
	db, err := registry.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t *testing.T, db *registry.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWritesSerialise(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		exec(t, db, `CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)`)
		exec(t, db, `INSERT INTO counter VALUES (1, 0)`)
		const writers = 50
		errs := make(chan error, writers)
		for range writers {
			go func() {
				errs <- db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
					var n int64
					if err := tx.QueryRow(ctx, `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, `UPDATE counter SET n = $1 WHERE id = 1`, n+1)
					return err
				})
			}()
		}
		for range writers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := number(t, db, `SELECT n FROM counter`); n != writers {
			t.Errorf("counter is %d, want %d", n, writers)
		}
	})
}

func number(t *testing.T, db *registry.DB, query string, args ...any) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, query, args...).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Two writers that read what the other writes: neither may have missed the other.
func TestWriteSkewIsSeen(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		exec(t, db, `CREATE TABLE owners (name TEXT PRIMARY KEY, active BOOLEAN NOT NULL)`)
		exec(t, db, `INSERT INTO owners VALUES ('anna', TRUE), ('bruno', TRUE)`)
		var wait sync.WaitGroup
		for _, name := range []string{"anna", "bruno"} {
			wait.Go(func() {
				err := db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
					var n int
					if err := tx.QueryRow(ctx, `SELECT count(*) FROM owners WHERE active`).Scan(&n); err != nil {
						return err
					}
					if n < 2 {
						return nil // the last one stays
					}
					_, err := tx.Exec(ctx, `UPDATE owners SET active = FALSE WHERE name = $1`, name)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if n := number(t, db, `SELECT count(*) FROM owners WHERE active`); n != 1 {
			t.Errorf("%d owners left, want 1", n)
		}
	})
}

func TestReadIsASnapshot(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		exec(t, db, `CREATE TABLE things (id BIGINT PRIMARY KEY)`)
		var before, after int
		err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM things`).Scan(&before); err != nil {
				return err
			}
			exec(t, db, `INSERT INTO things VALUES (1)`)
			return tx.QueryRow(ctx, `SELECT count(*) FROM things`).Scan(&after)
		})
		if err != nil {
			t.Fatal(err)
		}
		if before != 0 || after != 0 {
			t.Errorf("saw %d then %d rows, want 0 and 0", before, after)
		}
		if n := number(t, db, `SELECT count(*) FROM things`); n != 1 {
			t.Errorf("the next read sees %d rows, want 1", n)
		}
	})
}

func TestReadCannotWrite(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM settings`)
			return err
		})
		if err == nil {
			t.Error("a read deleted rows")
		}
	})
}

func TestNothingIsKeptOfAFailure(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		exec(t, db, `CREATE TABLE things (id BIGINT PRIMARY KEY)`)
		insert := func(ctx context.Context, tx registry.Tx) {
			if _, err := tx.Exec(ctx, `INSERT INTO things VALUES (7)`); err != nil {
				t.Error(err)
			}
		}
		sorry := errors.New("sorry")
		err := db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error { insert(ctx, tx); return sorry })
		if !errors.Is(err, sorry) {
			t.Errorf("got %v, want the function's own error", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error { insert(ctx, tx); panic("oh") })
		}()
		cancelled, cancel := context.WithCancel(t.Context())
		err = db.Write(cancelled, func(ctx context.Context, tx registry.Tx) error { insert(ctx, tx); cancel(); return nil })
		if experience.CodeOf(err) != experience.Unavailable {
			t.Errorf("a cancelled write gives %v", err)
		}
		// The connection is free again, and nothing stayed.
		if n := number(t, db, `SELECT count(*) FROM things`); n != 0 {
			t.Errorf("%d rows stayed", n)
		}
		exec(t, db, `INSERT INTO things VALUES (7)`)
	})
}

func TestWriteInsideWriteIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		err := db.Write(t.Context(), func(ctx context.Context, _ registry.Tx) error {
			return db.Write(ctx, func(context.Context, registry.Tx) error { return nil })
		})
		if experience.CodeOf(err) != experience.Internal {
			t.Errorf("got %v", err)
		}
	})
}

func TestErrorsHaveCodes(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		exec(t, db, `CREATE TABLE parents (id BIGINT PRIMARY KEY, mail TEXT NOT NULL UNIQUE, n BIGINT CHECK (n > 0))`)
		exec(t, db, `CREATE TABLE children (id BIGINT PRIMARY KEY, parent BIGINT NOT NULL REFERENCES parents (id))`)
		exec(t, db, `INSERT INTO parents VALUES (1, 'a', 1)`)
		exec(t, db, `INSERT INTO children VALUES (1, 1)`)
		own := experience.Errorf(experience.Forbidden, "not you")
		cases := []struct {
			name string
			want experience.Code
			run  func(ctx context.Context, tx registry.Tx) error
		}{
			{"primary key", experience.Conflict, execute(`INSERT INTO parents VALUES (1, 'b', 1)`)},
			{"unique", experience.Conflict, execute(`INSERT INTO parents VALUES (2, 'a', 1)`)},
			{"no parent", experience.Conflict, execute(`INSERT INTO children VALUES (2, 9)`)},
			{"still has children", experience.Conflict, execute(`DELETE FROM parents WHERE id = 1`)},
			{"missing", experience.Invalid, execute(`INSERT INTO parents VALUES (2, NULL, 1)`)},
			{"check", experience.Invalid, execute(`INSERT INTO parents VALUES (2, 'b', 0)`)},
			{"no row", experience.NotFound, func(ctx context.Context, tx registry.Tx) error {
				var n int
				return tx.QueryRow(ctx, `SELECT 1 FROM parents WHERE id = 77`).Scan(&n)
			}},
			{"broken SQL", experience.Internal, execute(`SELEC`)},
			{"a room's own", experience.Forbidden, func(context.Context, registry.Tx) error { return own }},
			{"a room's own, wrapped", experience.Forbidden, func(context.Context, registry.Tx) error { return fmt.Errorf("save: %w", own) }},
		}
		for _, c := range cases {
			if got := experience.CodeOf(db.Write(t.Context(), c.run)); got != c.want {
				t.Errorf("%s: code %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func execute(query string) func(context.Context, registry.Tx) error {
	return func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, query)
		return err
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		type row struct {
			id      string
			text    string
			number  int64
			yes     bool
			maybe   *string
			further *experience.ID
		}
		exec(t, db, `CREATE TABLE kept (id TEXT PRIMARY KEY, text TEXT NOT NULL, number BIGINT NOT NULL,
			yes BOOLEAN NOT NULL DEFAULT FALSE, maybe TEXT, further TEXT)`)
		empty, id := "", experience.NewID()
		want := []row{
			{"a", "caffè ☕ 👩🏽‍🚀 'quoted' \"too\" \\ ; --", math.MaxInt64, true, nil, nil},
			{"b", "", math.MinInt64, false, &empty, &id},
			{"c", strings.Repeat("è", 100_000), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC).UnixMicro(), true, nil, nil},
			{"d", "line\nbreak\ttab", time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC).UnixMicro(), false, nil, nil},
		}
		for _, r := range want {
			exec(t, db, `INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6)`, r.id, r.text, r.number, r.yes, r.maybe, r.further)
		}
		var got []row
		err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			rows, err := tx.Query(ctx, `SELECT id, text, number, yes, maybe, further FROM kept ORDER BY id`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var r row
				if err := rows.Scan(&r.id, &r.text, &r.number, &r.yes, &r.maybe, &r.further); err != nil {
					return err
				}
				got = append(got, r)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(row{})); d != "" {
			t.Error(d)
		}
		if n := number(t, db, `SELECT count(*) FROM kept WHERE NOT yes`); n != 2 {
			t.Errorf("%d rows are not yes, want 2", n)
		}
		var back bool
		err = db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			return tx.QueryRow(ctx, `UPDATE kept SET yes = $1 WHERE id = $2 RETURNING yes`, true, "b").Scan(&back)
		})
		if err != nil || !back {
			t.Errorf("RETURNING gave %v, %v", back, err)
		}
	})
}

// Prefix ranges and ORDER BY go by bytes, also where the database's language
// would sort "è" beside "e" and capitals between the small letters.
func TestTextComparesBytewise(t *testing.T) {
	engines(t, comparesBytewise)
	t.Run("postgres that sorts as Italians do", func(t *testing.T) {
		o := registry.Options{URL: italianDatabase(t)}
		comparesBytewise(t, open(t, o), o)
	})
}

func italianDatabase(t *testing.T) string {
	t.Helper()
	admin := testkit.Postgres(t)
	pool, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	name := "regia_it_" + strings.ToLower(rand.Text()[:12])
	if _, err := pool.ExecContext(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'it' LOCALE 'C'`); err != nil {
		testkit.Missing(t, "this PostgreSQL has no ICU: "+err.Error())
	}
	t.Cleanup(func() {
		pool, err := sql.Open("pgx", admin)
		if err != nil {
			t.Error(err)
			return
		}
		defer pool.Close()
		if _, err := pool.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func comparesBytewise(t *testing.T, db *registry.DB, o registry.Options) {
	keys := []string{"B", "a", "ab", "ab-1", "abz", "ab\u00e8", "ab😀", "ac", "e", "z", "Ä", "è", "email:A@b.it", "email:a@b.it", "email:à@b.it"}
	exec(t, db, `CREATE TABLE keys (key TEXT PRIMARY KEY)`)
	for _, k := range keys {
		exec(t, db, `INSERT INTO keys VALUES ($1)`, k)
	}
	open(t, o) // the second opening puts right the table made meanwhile
	got := texts(t, db, `SELECT key FROM keys ORDER BY key`)
	want := slices.Sorted(slices.Values(keys))
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, prefix := range []string{"ab", "email:", "e", "è"} {
		end := prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1)
		if !validText(end) {
			end = "é"
		}
		var want []string
		for _, k := range slices.Sorted(slices.Values(keys)) {
			if k >= prefix && k < end {
				want = append(want, k)
			}
		}
		if d := cmp.Diff(want, texts(t, db, `SELECT key FROM keys WHERE key >= $1 AND key < $2 ORDER BY key`, prefix, end)); d != "" {
			t.Errorf("prefix %q: %s", prefix, d)
		}
	}
}

func validText(s string) bool { return strings.ToValidUTF8(s, "") == s }

func texts(t *testing.T, db *registry.DB, query string, args ...any) (out []string) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOpeningAgainKeepsEverything(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, o registry.Options) {
		company := experience.DefaultCompany()
		company.Name, company.StaffEmails = "Bottega 'Aurora' ☀", []string{"@aurora.example"}
		if got, err := db.Company(t.Context()); err != nil || got.TimeZone != "Europe/Rome" {
			t.Errorf("before it is saved the company is %+v, %v", got, err)
		}
		if err := db.SaveCompany(t.Context(), company); err != nil {
			t.Fatal(err)
		}
		secret, err := db.Secret(t.Context())
		if err != nil || len(secret) != 32 {
			t.Fatalf("secret of %d bytes, %v", len(secret), err)
		}
		again := open(t, o)
		if got, err := again.Company(t.Context()); err != nil || cmp.Diff(company, got) != "" {
			t.Errorf("company came back as %+v, %v", got, err)
		}
		if got, err := again.Secret(t.Context()); err != nil || !slices.Equal(got, secret) {
			t.Errorf("the secret changed, %v", err)
		}
		if err := again.Integrity(t.Context()); err != nil {
			t.Error(err)
		}
		if again.Version(t.Context()) == "" || again.Engine() == "" {
			t.Error("no engine or version")
		}
	})
}

func TestManyMayOpenAtOnce(t *testing.T) {
	url := testkit.Postgres(t)
	secrets := make(chan string, 6)
	for range cap(secrets) {
		go func() {
			db, err := registry.Open(t.Context(), registry.Options{URL: url})
			if err != nil {
				t.Error(err)
				secrets <- ""
				return
			}
			defer db.Close()
			s, err := db.Secret(t.Context())
			if err != nil {
				t.Error(err)
			}
			secrets <- string(s)
		}()
	}
	first := <-secrets
	for range cap(secrets) - 1 {
		if s := <-secrets; s != first {
			t.Error("two nodes have two secrets")
		}
	}
}
