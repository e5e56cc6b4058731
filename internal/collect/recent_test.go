package collect

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit"
)

func TestRecent(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) ledger.Options{
		"duckdb":   func(t *testing.T) ledger.Options { return ledger.Options{Path: filepath.Join(t.TempDir(), "l.duckdb")} },
		"postgres": func(t *testing.T) ledger.Options { return ledger.Options{URL: testkit.Postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := ledger.Open(t.Context(), open(t))
			must(t, err)
			t.Cleanup(func() { _ = l.Close() })
			row := func(id, source string, ago time.Duration, edit func(*experience.Interaction)) experience.Interaction {
				x := experience.Interaction{ID: experience.HashID([]byte("k"), id), MessageID: id, Source: source, Kind: experience.Track, Name: "E " + id,
					Time: testNow.Add(-ago - time.Hour), ReceivedAt: testNow.Add(-ago), Properties: json.RawMessage(`{}`)}
				if edit != nil {
					edit(&x)
				}
				return x
			}
			person := experience.HashID([]byte("k"), "anna")
			must(t, l.Append(t.Context(), ledger.Batch{After: experience.Position{Sequence: 1, Hash: "h"}, Rows: []experience.Interaction{
				row("1", "site", time.Minute, func(x *experience.Interaction) {
					x.Subject, x.Person, x.Touchpoint, x.Flags = person, person, "till", experience.FlagBot
				}),
				row("2", "site", 30*time.Hour, func(x *experience.Interaction) { x.Imported = true }),
				row("3", "site", time.Second, nil),
				row("4", "shop", 48*time.Hour, nil),
			}}))
			r := NewRecent(l)
			events, err := r.RecentEvents(t.Context(), "site", 2)
			must(t, err)
			if len(events) != 2 || events[0].MessageID != "3" || events[0].Person != "" || events[0].Touchpoint != "" ||
				events[1].Person != person.String() || events[1].Touchpoint != "till" || events[1].Flags != experience.FlagBot ||
				!events[1].ReceivedAt.Equal(testNow.Add(-time.Minute)) || events[1].ID != experience.HashID([]byte("k"), "1").String() {
				t.Errorf("events %+v", events)
			}
			all, err := r.Activity(t.Context(), testNow.Add(-24*time.Hour))
			must(t, err)
			if len(all) != 2 || all["site"].Events != 2 || !all["site"].Last.Equal(testNow.Add(-time.Second)) || all["shop"].Events != 0 || !all["shop"].Last.Equal(testNow.Add(-48*time.Hour)) {
				t.Errorf("activity %+v", all)
			}
		})
	}
}
