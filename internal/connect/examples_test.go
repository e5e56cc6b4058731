package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/mapping"
)

var update = flag.Bool("update", false, "write the golden files anew")

// collector is a server that takes everything once.
type collector struct {
	mu     sync.Mutex
	items  []mapping.Item
	known  map[string]bool
	fresh  int
	refuse func(mapping.Item) string
}

func (c *collector) Send(_ context.Context, items []mapping.Item) (Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]bool{}
	}
	var result Result
	for n, item := range items {
		if c.refuse != nil {
			if reason := c.refuse(item); reason != "" {
				result.Rejected = append(result.Rejected, RejectedItem{n, item.MessageID, reason})
				continue
			}
		}
		result.Accepted++
		c.items = append(c.items, item)
		if !c.known[item.MessageID] {
			c.fresh++
		}
		c.known[item.MessageID] = true
	}
	return result, nil
}

// lines gives the items as sorted JSON lines: batches arrive in any order.
func (c *collector) lines() []byte {
	var lines []string
	for _, item := range c.items {
		lines = append(lines, string(item.AppendJSON(nil)))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n") + "\n")
}

func runImport(t *testing.T, spec string, o Options, to Sender) Report {
	t.Helper()
	m, err := mapping.Load(spec)
	if err != nil {
		t.Fatal(err)
	}
	i, err := Open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	report, err := i.Run(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func example(name string) string { return filepath.Join("..", "..", "examples", name) }

// TestExamples runs every example on its sample and compares what would be
// sent, and what was rejected, with golden files.
func TestExamples(t *testing.T) {
	for _, name := range []string{"generic", "helpdesk", "olist", "online-retail", "reviews"} {
		t.Run(name, func(t *testing.T) {
			rejected := filepath.Join(t.TempDir(), "rejected.csv")
			var c collector
			spec := filepath.Join(example(name), "mapping.yaml")
			o := Options{Inputs: []string{filepath.Join(example(name), "sample")}, Rejected: rejected}
			report := runImport(t, spec, o, &c)
			if int(report.Accepted) != len(c.items) || report.Accepted != report.Interactions+report.Profiles {
				t.Errorf("accepted %d, sent %d, made %d and %d", report.Accepted, len(c.items), report.Interactions, report.Profiles)
			}
			golden(t, name+".jsonl", c.lines())
			bad, err := os.ReadFile(rejected)
			if err != nil && report.Rejected > 0 {
				t.Fatal(err)
			}
			golden(t, name+".rejected.csv", bad)

			before := c.fresh
			runImport(t, spec, Options{Inputs: o.Inputs}, &c)
			if c.fresh != before {
				t.Errorf("the second run brought %d new messages", c.fresh-before)
			}
			if len(c.known) != before {
				t.Errorf("%d items share message ids", before-len(c.known))
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", name, cmp.Diff(string(want), string(got)))
	}
}

// TestItemIsJSON reads what is written by hand with the standard library.
func TestItemIsJSON(t *testing.T) {
	for _, name := range []string{"generic", "olist"} {
		var c collector
		runImport(t, filepath.Join(example(name), "mapping.yaml"), Options{Inputs: []string{filepath.Join(example(name), "sample")}}, &c)
		for _, item := range c.items {
			if raw := item.AppendJSON(nil); !json.Valid(raw) {
				t.Errorf("not JSON: %s", raw)
			}
		}
	}
}
