package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"

	"regia/internal/app"
	"regia/internal/connect"
	"regia/internal/mapping"
)

// world is an open Regia that weaves, as tests drive it: through its API.
type world struct {
	*app.App
	tb testing.TB
}

// open makes a Regia in a folder of its own.
func open(tb testing.TB) world {
	tb.Helper()
	c := app.Config{Data: filepath.Join(tb.TempDir(), "data"), Listen: "127.0.0.1:0"}
	if err := c.CreateFolder(); err != nil {
		tb.Fatal(err)
	}
	a, err := app.Open(context.Background(), c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Background(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		if err := a.Close(); err != nil {
			tb.Error(err)
		}
	})
	return world{a, tb}
}

// demo fills a demo company and waits until all of it is woven.
func (w world) demo() {
	w.tb.Helper()
	ctx := context.Background()
	d, err := app.OpenDemo(ctx, w.App, 1)
	if err != nil {
		w.tb.Fatal(err)
	}
	if err := d.Fill(ctx, func(int) {}); err != nil {
		w.tb.Fatal(err)
	}
	if err := d.Ask(ctx); err != nil {
		w.tb.Fatal(err)
	}
	w.caught()
}

func (w world) caught() {
	w.tb.Helper()
	if err := w.Caught(context.Background()); err != nil {
		w.tb.Fatal(err)
	}
}

// bring imports files by one of the examples' mappings, as a source of its own.
func (w world) bring(example string, files ...string) connect.Report {
	w.tb.Helper()
	var source struct {
		WriteKey string `json:"write_key"`
	}
	w.post("/api/v1/sources", map[string]string{"name": example, "kind": "import"}, &source)
	return w.bringTo(source.WriteKey, example, files...)
}

func (w world) bringTo(key, example string, files ...string) connect.Report {
	w.tb.Helper()
	m, err := mapping.Load(filepath.Join("..", "..", "examples", example, "mapping.yaml"))
	if err != nil {
		w.tb.Fatal(err)
	}
	in, err := connect.Open(m, connect.Options{Inputs: files})
	if err != nil {
		w.tb.Fatal(err)
	}
	report, err := in.Run(context.Background(), &connect.HTTPSender{
		Server: "http://regia", WriteKey: key, Client: &http.Client{Transport: w.InProcess()}, Plain: true,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.caught()
	return report
}

func (w world) get(path string, into any) {
	w.tb.Helper()
	w.do(http.MethodGet, path, nil, into)
}

func (w world) post(path string, body, into any) {
	w.tb.Helper()
	w.do(http.MethodPost, path, body, into)
}

func (w world) do(method, path string, body, into any) {
	w.tb.Helper()
	raw := w.raw(method, path, body)
	if err := json.Unmarshal(raw, into); err != nil {
		w.tb.Fatalf("%s: %v", path, err)
	}
}

// raw asks and gives the answer's text, failing on a refusal.
func (w world) raw(method, path string, body any) []byte {
	w.tb.Helper()
	status, raw := w.ask(method, path, w.LocalToken(), body)
	if status >= 300 {
		w.tb.Fatalf("%s %s: %d %s", method, path, status, raw)
	}
	return raw
}

func (w world) ask(method, path, token string, body any) (int, []byte) {
	w.tb.Helper()
	in, out := io.Pipe()
	go func() {
		if body == nil {
			out.Close()
			return
		}
		out.CloseWithError(json.NewEncoder(out).Encode(body))
	}()
	r, err := http.NewRequest(method, "http://regia"+path, in)
	if err != nil {
		w.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Transport: w.InProcess()}).Do(r)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		w.tb.Fatal(err)
	}
	return answer.StatusCode, raw
}

// sql asks the ledger directly for one number.
func (w world) sql(query string, args ...any) (n int64) {
	w.tb.Helper()
	if err := w.Ledger.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		w.tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// same fails where a figure that is shown differs from one that was counted.
func (w world) same(what string, shown, counted any) {
	w.tb.Helper()
	if fmt.Sprint(shown) != fmt.Sprint(counted) {
		w.tb.Errorf("%s: %v is shown, %v was counted", what, shown, counted)
	}
}
