package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/app"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
)

var quiet = slog.New(slog.DiscardHandler)

// written makes a folder with events of people who sign in, not all woven.
func written(t *testing.T) app.Config {
	t.Helper()
	c := app.Config{Data: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0"}
	must(t, c.CreateFolder())
	a, err := app.Open(t.Context(), c, "test", quiet)
	must(t, err)
	var records []experience.Record
	for i := range 400 {
		e := experience.Event{MessageID: fmt.Sprint("m", i), Kind: experience.Track, Name: "Product Viewed", Time: start, AnonymousID: fmt.Sprint("visitor-", i%40)}
		if i > 200 && i%5 == 0 {
			e.UserID = fmt.Sprint("user-", i%20)
		}
		raw, err := json.Marshal(e)
		must(t, err)
		records = append(records, experience.Record{Source: "site", ReceivedAt: start, Event: raw})
	}
	records = append(records, records[7]) // a repetition
	for len(records) > 0 {
		n := min(50, len(records))
		must(t, a.Log.Append(t.Context(), records[:n]))
		records = records[n:]
	}
	must(t, a.Close())
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerify(t *testing.T) {
	inLedger := func(statement string) func(t *testing.T, c app.Config) {
		return func(t *testing.T, c app.Config) {
			l, err := ledger.Open(context.Background(), ledger.Options{Path: filepath.Join(c.Data, "ledger.duckdb")})
			must(t, err)
			rows, err := l.Query(context.Background(), statement)
			must(t, err)
			must(t, rows.Close())
			must(t, l.Close())
		}
	}
	inRegistry := func(statement string) func(t *testing.T, c app.Config) {
		return func(t *testing.T, c app.Config) {
			db, err := registry.Open(context.Background(), registry.Options{Path: filepath.Join(c.Data, "registry.db")})
			must(t, err)
			must(t, db.Write(context.Background(), func(ctx context.Context, tx registry.Tx) error {
				n, err := tx.Exec(ctx, statement)
				if n == 0 && err == nil {
					err = fmt.Errorf("%s changed nothing", statement)
				}
				return err
			}))
			must(t, db.Close())
		}
	}
	for _, x := range []struct {
		name   string
		damage func(t *testing.T, c app.Config)
		check  string // the first that is wrong; "": none
		want   string
	}{
		{"all is well", nil, "", ""},
		{"an event is lost", inLedger(`DELETE FROM hot_0 WHERE message_id = 'm33'`), "known again", "1 rows"},
		{"an event is lost and forgotten", func(t *testing.T, c app.Config) {
			inLedger(`DELETE FROM seen WHERE id IN (SELECT id FROM hot_0 WHERE message_id = 'm33')`)(t, c)
			inLedger(`DELETE FROM hot_0 WHERE message_id = 'm33'`)(t, c)
			inLedger(`UPDATE head SET row_count = row_count - 1`)(t, c)
		}, "log", "1 events of the log are not in the ledger"},
		{"an event counts twice", inLedger(`INSERT INTO hot_0 SELECT * FROM hot_0 WHERE message_id = 'm33'`), "each interaction once", "1 rows"},
		{"a row is somebody else's", inLedger(`UPDATE hot_0 SET person_id = uuid() WHERE message_id = 'm33'`), "whose rows", "1 rows belong to another person"},
		{"the registry forgot a subject", inRegistry(`DELETE FROM subjects WHERE id IN (SELECT id FROM subjects LIMIT 1)`), "whose rows", "and the registry nobody"},
		{"the head counts wrong", inLedger(`UPDATE head SET row_count = 7`), "interactions counted", "tells of 7 rows"},
		{"the registry is of another log", inRegistry(`UPDATE weave_head SET hash = 'x'`), "positions", "(x)"},
		{"the registry is older than the ledger", inRegistry(`UPDATE weave_head SET sequence = 3`), "positions", "block 3"},
		{"the ledger is of another log", inLedger(`UPDATE head SET hash = 'x'`), "positions", "(x)"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := written(t)
			verified(t, c, "", "")
			if x.damage != nil {
				x.damage(t, c)
				verified(t, c, x.check, x.want)
			}
		})
	}
}

// verified verifies a folder; check is the first that must be wrong.
func verified(t *testing.T, c app.Config, check, want string) {
	t.Helper()
	checks, err := app.Verify(t.Context(), c, "test", quiet)
	must(t, err)
	for _, k := range checks {
		if k.OK {
			continue
		}
		if k.Name != check || !strings.Contains(k.Found, want) || k.Advice == "" {
			t.Errorf("%s: %s (%s); want %q at %q", k.Name, k.Found, k.Advice, want, check)
		}
		return
	}
	if check != "" {
		t.Errorf("nothing is wrong, want %q at %q", want, check)
	}
	if last := checks[len(checks)-1]; check == "" && (last.Name != "log" || !strings.HasPrefix(last.Found, "401 events")) {
		t.Errorf("the log: %+v, want all events", last)
	}
}

func TestVerifyNeedsTheFolder(t *testing.T) {
	c := written(t)
	a, err := app.Open(t.Context(), c, "test", quiet)
	must(t, err)
	if _, err := app.Verify(t.Context(), c, "test", quiet); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("while another has the folder: %v", err)
	}
	must(t, a.Close())
	if _, err := app.Verify(t.Context(), app.Config{Data: t.TempDir()}, "test", quiet); experience.CodeOf(err) != experience.NotFound {
		t.Errorf("in an empty folder: %v", err)
	}
}
