package app_test

import (
	"context"
	"log/slog"
	"testing"

	"regia/internal/app"
)

// openDemo fills a demo company and weaves all of it.
func openDemo(tb testing.TB) *app.App {
	tb.Helper()
	c := app.Config{Data: tb.TempDir() + "/data", Listen: "127.0.0.1:0"}
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
	d, err := app.OpenDemo(ctx, a, 1)
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Fill(ctx, func(int) {}); err != nil {
		tb.Fatal(err)
	}
	if err := a.Caught(ctx); err != nil {
		tb.Fatal(err)
	}
	return a
}

func TestDemoFills(t *testing.T) {
	a := openDemo(t)
	s, err := a.Status.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
}
