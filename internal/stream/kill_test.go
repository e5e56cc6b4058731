package stream

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"regia/internal/experience"
)

const killDir = "REGIA_STREAM_KILL_DIR"

// TestMain turns this binary into the writer that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := writeForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeForEver appends from several goroutines and reports every id on stdout
// once it is acknowledged.
func writeForEver(dir string) error {
	l, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for a := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), a, i)
				if err := l.Append(context.Background(), []experience.Record{record(id)}); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				_, err := fmt.Println(id)
				mu.Unlock()
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// Whatever was acknowledged before a SIGKILL is there after it.
func TestKill(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 3 {
		cmd := exec.Command(self, "-test.run=^$")
		cmd.Env = append(os.Environ(), killDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 1; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 150*(round+1) {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // killed: its error is what we wanted
	}
	if len(acknowledged) < 900 {
		t.Fatalf("only %d events were acknowledged", len(acknowledged))
	}
	l := open(t, Options{Dir: dir})
	events, _ := readAll(t, l, experience.Position{}, 100)
	there := map[string]bool{}
	for _, e := range events {
		there[e] = true
	}
	lost := 0
	for id := range acknowledged {
		if !there[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(acknowledged))
	}
}
