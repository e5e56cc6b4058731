package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// damageVariable holds the ledger file that a child process of TestDamage reads:
// DuckDB may end its process over a file that is not what it was.
const damageVariable = "REGIA_TEST_DAMAGED_LEDGER"

const contents = `SELECT count(*), coalesce(sum(hash(i)::DOUBLE), 0) FROM interactions i`

// TestDamage changes the ledger file, or its log, in one place: it must be told,
// in words that name the ledger, or what is read must be what was written.
func TestDamage(t *testing.T) {
	if path := os.Getenv(damageVariable); path != "" {
		readDamaged(path)
		return
	}
	whole := filepath.Join(t.TempDir(), "whole.duckdb")
	said := writeUndamaged(t, whole)
	file, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(whole + ".wal")
	if err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte, at int) []byte {
		out := bytes.Clone(b)
		out[at] ^= 0x10
		return out
	}
	type damage struct {
		name      string
		file, log []byte
		old       bool // the state before what is in the log may also be read
	}
	cases := []damage{
		{name: "none", file: file, log: log},
		{name: "the end of the file is gone", file: file[:len(file)-len(file)/3], log: log},
		{name: "only the beginning is left", file: file[:8192], log: log},
		{name: "an empty file", file: nil, log: log},
		{name: "another file", file: bytes.Repeat([]byte("not a ledger "), 10_000), log: log},
		{name: "a log cut in the middle", file: file, log: log[:len(log)/2], old: true},
		{name: "a log without its last byte", file: file, log: log[:len(log)-1], old: true},
		{name: "a block of zeros", file: append(append(bytes.Clone(file[:len(file)/2]), make([]byte, 4096)...), file[len(file)/2+4096:]...), log: log},
	}
	for _, at := range []int{0, 9, 20, 300, 4096 + 8, 4096 + 100, 8192 + 8, 8192 + 100} {
		cases = append(cases, damage{name: fmt.Sprintf("a byte of the headers, at %d", at), file: flip(file, at), log: log})
	}
	const places = 16
	for k := range places {
		at := 12288 + (len(file)-12288)*k/places + 5000
		cases = append(cases, damage{name: fmt.Sprintf("a byte of the file, at %d", at), file: flip(file, at), log: log})
		at = len(log) * k / places
		cases = append(cases, damage{name: fmt.Sprintf("a byte of the log, at %d", at), file: file, log: flip(log, at), old: true})
	}
	noticed := 0
	for k, c := range cases {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.duckdb", k))
		if err := errors.Join(os.WriteFile(path, c.file, 0o600), os.WriteFile(path+".wal", c.log, 0o600)); err != nil {
			t.Fatal(err)
		}
		got := readInChild(t, path)
		switch {
		case strings.HasPrefix(got, "damaged: ") && c.name != "none":
			noticed++
			if !strings.Contains(got, "ledger") {
				t.Errorf("%s: does not name the ledger: %s", c.name, got)
			}
		case got == "read: "+said.all, c.old && got == "read: "+said.before:
		default:
			t.Errorf("%s: %s, want %v or that it is damaged", c.name, got, said)
		}
	}
	if noticed < len(cases)/3 {
		t.Errorf("only %d of %d sorts of damage were noticed", noticed, len(cases))
	}
	t.Logf("%d of %d places mattered and were noticed", noticed, len(cases))
}

// undamaged is what the ledger holds, and what it held before the last batch,
// which is only in its log.
type undamaged struct{ before, all string }

// writeUndamaged leaves a ledger file and its log as a crash would.
func writeUndamaged(t *testing.T, path string) (said undamaged) {
	t.Helper()
	o := ledger.Options{Path: path, HotLimit: 500}
	ledger.SetPartRows(&o, 4000)
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{Ledger: l, t: t}
	ask := func() string {
		var rows int64
		var hash float64
		b.check(l.QueryRow(t.Context(), contents).Scan(&rows, &hash))
		return fmt.Sprint(rows, " ", hash)
	}
	var rows []experience.Interaction
	for i := range 6000 {
		rows = append(rows, row(fmt.Sprint(i), fmt.Sprint("s", i%500), fmt.Sprint("p", i%500), i))
	}
	b.rows(rows[:5000]...)
	_, err = l.CompactAll(t.Context())
	b.check(err)
	b.rows(rows[5000:5500]...)
	b.check(l.Rest(t.Context()))
	said.before = ask()
	b.rows(rows[5500:]...)
	said.all = ask()
	// A copy taken now is what a crash leaves.
	for _, suffix := range []string{"", ".wal"} {
		raw, err := os.ReadFile(path + suffix)
		b.check(err)
		b.check(os.WriteFile(path+suffix+".copy", raw, 0o600))
	}
	b.check(l.Close())
	for _, suffix := range []string{"", ".wal"} {
		b.check(os.Rename(path+suffix+".copy", path+suffix))
	}
	return said
}

func readInChild(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestDamage$")
	child.Env = append(os.Environ(), damageVariable+"="+path)
	var out, errs bytes.Buffer
	child.Stdout, child.Stderr = &out, &errs
	if err := child.Run(); err != nil {
		return fmt.Sprintf("the process ended with %v: %.300s %.300s", err, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String())
}

// readDamaged says what can be read of a ledger.
func readDamaged(path string) {
	ctx := context.Background()
	l, err := ledger.Open(ctx, ledger.Options{Path: path})
	var findings []ledger.Finding
	if err == nil {
		findings, err = l.Verify(ctx)
	}
	for _, f := range findings {
		// A last batch that never reached the disk is not damage to the ledger:
		// the log of events has it.
		if err == nil && !f.OK {
			err = fmt.Errorf("the ledger: %s: %s", f.Name, f.Found)
		}
	}
	var rows int64
	var hash float64
	if err == nil {
		err = l.QueryRow(ctx, contents).Scan(&rows, &hash)
	}
	if err != nil {
		fmt.Printf("damaged: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Printf("read: %d %v\n", rows, hash)
	}
	os.Exit(0)
}
