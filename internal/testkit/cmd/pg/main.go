// Command pg starts a private PostgreSQL for tests, prints its URL (of a role
// that may create databases) on one line, and stops it when its standard input
// closes or it is told to end:
//
//	REGIA_TEST_POSTGRES=$(head -1 <some-fifo) go test ./...
//
// It exits with status 3 where no PostgreSQL is installed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"regia/internal/testkit"
)

func main() { os.Exit(run(os.Stdin, os.Stdout, os.Stderr)) }

func run(stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	server, err := testkit.StartPostgres(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "pg:", err)
		if errors.Is(err, testkit.ErrNoPostgres) {
			return 3
		}
		return 1
	}
	defer server.Stop()
	fmt.Fprintln(stdout, server.URL)

	go func() {
		_, _ = io.Copy(io.Discard, stdin) // the end of input is what counts
		cancel()
	}()
	<-ctx.Done()
	return 0
}
