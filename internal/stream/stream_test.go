package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"regia/internal/experience"
)

func open(t *testing.T, o Options) *Log {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// eachEngine runs a test on a folder and on a NATS server. What opens the same
// Options.Dir twice finds the same log.
func eachEngine(t *testing.T, test func(t *testing.T, open func(o Options) *Log)) {
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		test(t, func(o Options) *Log {
			o.Dir = dir
			return open(t, o)
		})
	})
	t.Run("cluster", func(t *testing.T) {
		s := natsServer(t, t.TempDir(), server.RANDOM_PORT)
		t.Cleanup(s.Shutdown)
		test(t, func(o Options) *Log {
			o.URL = s.ClientURL()
			return open(t, o)
		})
	})
}

func record(event string) experience.Record {
	return experience.Record{Source: "site", ReceivedAt: time.UnixMicro(1_700_000_000_000_000).UTC(), Event: []byte(event)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readAll reads from a position to the end, in calls of at most n records.
func readAll(t *testing.T, l *Log, from experience.Position, n int) (events []string, at experience.Position) {
	t.Helper()
	tail, err := l.Tail(t.Context())
	must(t, err)
	for at = from; at.Sequence < tail.Last; {
		blocks, err := l.Next(t.Context(), at, n)
		must(t, err)
		for _, b := range blocks {
			if b.Position.Sequence != at.Sequence+1 {
				t.Fatalf("block %d follows block %d", b.Position.Sequence, at.Sequence)
			}
			at = b.Position
			for _, r := range b.Records {
				events = append(events, string(r.Event))
			}
		}
	}
	return events, at
}

func TestConcurrentAppendersAndReopen(t *testing.T) { eachEngine(t, testConcurrentAppendersAndReopen) }

func testConcurrentAppendersAndReopen(t *testing.T, open func(o Options) *Log) {
	const appenders, each = 16, 40
	l := open(Options{})
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			for i := range each {
				if err := l.Append(t.Context(), []experience.Record{record(fmt.Sprintf("%d/%d/a", a, i)), record(fmt.Sprintf("%d/%d/b", a, i))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	must(t, l.Close())
	must(t, l.Close()) // twice is fine

	l = open(Options{})
	events, _ := readAll(t, l, experience.Position{}, 50)
	if len(events) != appenders*each*2 {
		t.Fatalf("%d events written, %d read", appenders*each*2, len(events))
	}
	next := map[int]string{}
	for a := range appenders {
		next[a] = fmt.Sprintf("%d/0/a", a)
	}
	for _, e := range events {
		var a, i int
		var part string
		if _, err := fmt.Sscanf(strings.ReplaceAll(e, "/", " "), "%d %d %s", &a, &i, &part); err != nil {
			t.Fatal(err)
		}
		if e != next[a] {
			t.Fatalf("appender %d: %s came where %s was due", a, e, next[a])
		}
		next[a] = fmt.Sprintf("%d/%d/b", a, i)
		if part == "b" {
			next[a] = fmt.Sprintf("%d/%d/a", a, i+1)
		}
	}
	tail, err := l.Tail(t.Context())
	must(t, err)
	if tail.Last >= appenders*each {
		t.Errorf("%d blocks for %d calls: calls do not share blocks", tail.Last, appenders*each)
	}
}

func TestPositionAfterRestart(t *testing.T) { eachEngine(t, testPositionAfterRestart) }

func testPositionAfterRestart(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	for i := range 5 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint(i))}))
	}
	blocks, err := l.Next(t.Context(), experience.Position{}, 1)
	must(t, err)
	if len(blocks) != 1 || string(blocks[0].Records[0].Event) != "0" || blocks[0].Bytes == 0 || blocks[0].Time.IsZero() {
		t.Fatalf("first block: %+v", blocks)
	}
	must(t, l.Close())
	l = open(Options{})
	events, at := readAll(t, l, blocks[0].Position, 2)
	if got := strings.Join(events, ""); got != "1234" {
		t.Errorf("after the first block came %q", got)
	}
	must(t, l.Append(t.Context(), []experience.Record{record("5")}))
	events, _ = readAll(t, l, at, 2)
	if got := strings.Join(events, ""); got != "5" {
		t.Errorf("then came %q", got)
	}
}

func TestDamageIsRefused(t *testing.T) { eachEngine(t, testDamageIsRefused) }

func testDamageIsRefused(t *testing.T, open func(o Options) *Log) {
	l := open(Options{fileBytes: 1})
	for i := range 6 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint(i))}))
	}
	_, last := readAll(t, l, experience.Position{}, 100)
	blocks, err := l.Next(t.Context(), experience.Position{}, 2)
	must(t, err)
	second := blocks[1].Position
	flipped := experience.Position{Sequence: second.Sequence, Hash: strings.Repeat("0", 64)}

	for _, c := range []struct {
		name  string
		after experience.Position
		says  string
	}{
		{"another hash", flipped, "block 2 is not the one"},
		{"beyond the end", experience.Position{Sequence: 9, Hash: last.Hash}, "blocks 7 to 9 are missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := l.Next(t.Context(), c.after, 1)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want damage: %s", err, c.says)
			}
		})
	}

	t.Run("trimmed before the position is fine", func(t *testing.T) {
		must(t, l.Trim(t.Context(), experience.Position{Sequence: 3}))
		events, _ := readAll(t, l, second, 100)
		if got := strings.Join(events, ""); got != "2345" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("trimmed after the position is not", func(t *testing.T) {
		for _, after := range []experience.Position{{}, blocks[0].Position} {
			_, err := l.Next(t.Context(), after, 1)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "missing") {
				t.Errorf("after %d: %v", after.Sequence, err)
			}
		}
	})
	t.Run("bytes that are no block", func(t *testing.T) {
		_, at := readAll(t, l, second, 100)
		must(t, l.engine.append([]byte("not a block at all")))
		_, err = l.Next(t.Context(), at, 1)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("block %d", at.Sequence+1)) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFullAndRecovery(t *testing.T) { eachEngine(t, testFullAndRecovery) }

func testFullAndRecovery(t *testing.T, open func(o Options) *Log) {
	now := time.Now()
	l := open(Options{MaxBytes: 400 << 10, Retention: time.Hour, Clock: func() time.Time { return now }})
	big := strings.Repeat("x", 50<<10)
	var err error
	written := 0
	for ; written < 20; written++ {
		if err = l.Append(t.Context(), []experience.Record{record(big)}); err != nil {
			break
		}
	}
	if experience.CodeOf(err) != experience.Unavailable || !strings.Contains(err.Error(), "the log is full") {
		t.Fatalf("after %d blocks: %v", written, err)
	}
	events, at := readAll(t, l, experience.Position{}, 2)
	if len(events) != written {
		t.Fatalf("%d acknowledged, %d there", written, len(events))
	}
	// More than half full: what is woven goes, young as it is.
	must(t, l.Trim(t.Context(), at))
	must(t, l.Append(t.Context(), []experience.Record{record("again")}))
	events, _ = readAll(t, l, at, 2)
	if len(events) != 1 || events[0] != "again" {
		t.Errorf("after the trim: %d events", len(events))
	}
}

func TestTrimKeepsTheYoung(t *testing.T) { eachEngine(t, testTrimKeepsTheYoung) }

func testTrimKeepsTheYoung(t *testing.T, open func(o Options) *Log) {
	shift := time.Duration(0)
	l := open(Options{fileBytes: 1, Retention: time.Hour, Clock: func() time.Time { return time.Now().Add(shift) }})
	for i := range 10 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint(i))}))
	}
	_, last := readAll(t, l, experience.Position{}, 100)
	for _, c := range []struct {
		name  string
		shift time.Duration
		woven uint64
		first uint64
	}{
		{"young blocks stay", 0, last.Sequence, 1},
		{"old ones go as far as they are woven", 2 * time.Hour, 4, 4},
		{"again changes nothing", 2 * time.Hour, 4, 4},
		{"the woven block stays", 2 * time.Hour, last.Sequence, last.Sequence},
		{"a position beyond the end is no harm", 2 * time.Hour, 99, last.Sequence},
	} {
		shift = c.shift
		must(t, l.Trim(t.Context(), experience.Position{Sequence: c.woven}))
		tail, err := l.Tail(t.Context())
		must(t, err)
		if tail.First != c.first {
			t.Errorf("%s: the first block is %d, want %d", c.name, tail.First, c.first)
		}
	}
}

func TestBodySpansBlocks(t *testing.T) { eachEngine(t, testBodySpansBlocks) }

func testBodySpansBlocks(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	var body []experience.Record
	for i := range 6 {
		body = append(body, record(fmt.Sprintf("%d%s", i, strings.Repeat("y", MaxRecord-1))))
	}
	must(t, l.Append(t.Context(), body))
	events, at := readAll(t, l, experience.Position{}, 1)
	if len(events) != 6 || at.Sequence < 3 {
		t.Fatalf("%d events in %d blocks", len(events), at.Sequence)
	}
	for i := range events {
		if events[i] != string(body[i].Event) {
			t.Errorf("event %d came back different", i)
		}
	}
	err := l.Append(t.Context(), []experience.Record{record("small"), record(strings.Repeat("z", MaxRecord+1))})
	if experience.CodeOf(err) != experience.TooLarge {
		t.Errorf("too large a record: %v", err)
	}
	if tail, _ := l.Tail(t.Context()); tail.Last != at.Sequence {
		t.Error("a refused call wrote something")
	}
}

func TestSmallBlocks(t *testing.T) { eachEngine(t, testSmallBlocks) }

func testSmallBlocks(t *testing.T, open func(o Options) *Log) {
	l := open(Options{MaxBlock: 4 << 10})
	var body []experience.Record
	for i := range 500 {
		body = append(body, record(fmt.Sprintf("%03d%s", i, strings.Repeat("-", 97))))
	}
	must(t, l.Append(t.Context(), body))
	for _, n := range []int{1, 7, 39, 1000} {
		events, at := readAll(t, l, experience.Position{}, n)
		if len(events) != 500 || at.Sequence < 12 {
			t.Errorf("%d at a time: %d events in %d blocks", n, len(events), at.Sequence)
		}
	}
	blocks, err := l.Next(t.Context(), experience.Position{}, 100)
	must(t, err)
	sum := 0
	for _, b := range blocks {
		sum += len(b.Records)
		if b.Bytes > 4<<10 {
			t.Errorf("a block of %d bytes", b.Bytes)
		}
	}
	if sum > 100 || len(blocks) < 2 {
		t.Errorf("asked for 100 records, got %d in %d blocks", sum, len(blocks))
	}
}

func TestWaitingIsBounded(t *testing.T) { eachEngine(t, testWaitingIsBounded) }

func testWaitingIsBounded(t *testing.T, open func(o Options) *Log) {
	l := open(Options{MaxWaiting: 100 << 10})
	err := l.Append(t.Context(), []experience.Record{record(strings.Repeat("x", 200<<10))})
	if experience.CodeOf(err) != experience.Unavailable {
		t.Errorf("got %v", err)
	}
	for range 50 { // what was written is not counted any more
		must(t, l.Append(t.Context(), []experience.Record{record(strings.Repeat("x", 50<<10))}))
	}
	if l.queue.waiting != 0 {
		t.Errorf("%d bytes still wait", l.queue.waiting)
	}
}

func TestCancelledContext(t *testing.T) { eachEngine(t, testCancelledContext) }

func testCancelledContext(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Append(ctx, []experience.Record{record("no")}); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := l.Next(ctx, experience.Position{}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("next: %v", err)
	}
	// One that waits is let go, and the next one goes on as if nothing happened.
	ctx, cancel = context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := l.Next(ctx, experience.Position{}, 1)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("next: %v", err)
	}
	must(t, l.Append(t.Context(), []experience.Record{record("yes")}))
	if events, _ := readAll(t, l, experience.Position{}, 1); len(events) != 1 || events[0] != "yes" {
		t.Errorf("got %q", events)
	}
}

func TestNextWaits(t *testing.T) { eachEngine(t, testNextWaits) }

func testNextWaits(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	got := make(chan []Block)
	go func() {
		blocks, err := l.Next(t.Context(), experience.Position{}, 10)
		if err != nil {
			t.Error(err)
		}
		got <- blocks
	}()
	must(t, l.Append(t.Context(), []experience.Record{record("at last")}))
	if blocks := <-got; len(blocks) != 1 || !bytes.Equal(blocks[0].Records[0].Event, []byte("at last")) {
		t.Errorf("got %+v", blocks)
	}
}

func TestClose(t *testing.T) { eachEngine(t, testClose) }

func testClose(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	waiting := make(chan error)
	go func() {
		_, err := l.Next(t.Context(), experience.Position{Sequence: 0}, 1)
		waiting <- err
	}()
	// Appends under way when Close begins are finished, later ones refused;
	// whatever was answered with nil is there.
	acknowledged := make(chan string, 1000)
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for a := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d/%d", a, i)
				err := l.Append(t.Context(), []experience.Record{record(id)})
				if err != nil {
					if experience.CodeOf(err) != experience.Unavailable {
						t.Error(err)
					}
					return
				}
				if i == 3 {
					started <- struct{}{}
				}
				acknowledged <- id
			}
		})
	}
	<-started
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	go func() {
		_, err := l.Next(context.Background(), experience.Position{Sequence: 1, Hash: "other"}, 1)
		waiting <- err
	}()
	<-waiting
	seen := map[string]bool{}
	collected := make(chan struct{})
	go func() {
		for id := range acknowledged {
			seen[id] = true
		}
		close(collected)
	}()
	must(t, l.Close())
	wg.Wait()
	close(acknowledged)
	<-collected
	if _, err := l.Next(t.Context(), experience.Position{}, 1); experience.CodeOf(err) != experience.Unavailable {
		t.Errorf("next after close: %v", err)
	}
	if err := l.Append(t.Context(), []experience.Record{record("late")}); experience.CodeOf(err) != experience.Unavailable {
		t.Errorf("append after close: %v", err)
	}
	l = open(Options{})
	events, _ := readAll(t, l, experience.Position{}, 1000)
	for _, e := range events {
		delete(seen, e)
	}
	if len(seen) > 0 {
		t.Errorf("%d acknowledged events are gone", len(seen))
	}
}

func TestLiveBus(t *testing.T) { eachEngine(t, testLiveBus) }

func testLiveBus(t *testing.T, open func(o Options) *Log) {
	l := open(Options{})
	got := make(chan string, 10)
	cancel, err := l.Subscribe("regia.woven", func(data []byte) { got <- string(data) })
	must(t, err)
	must(t, l.Publish("regia.other", []byte("not for us")))
	must(t, l.Publish("regia.woven", []byte("one")))
	must(t, l.Publish("regia.woven", []byte("two")))
	if a, b := <-got, <-got; a != "one" || b != "two" {
		t.Errorf("got %q, %q", a, b)
	}
	cancel()
	must(t, l.Publish("regia.woven", []byte("three")))
	again, err := l.Subscribe("regia.woven", func(data []byte) { got <- "again " + string(data) })
	must(t, err)
	defer again()
	must(t, l.Publish("regia.woven", []byte("four")))
	if s := <-got; s != "again four" {
		t.Errorf("%q came after cancelling", s)
	}
	must(t, l.Close())
	if err := l.Publish("regia.woven", nil); experience.CodeOf(err) != experience.Unavailable {
		t.Errorf("publish after close: %v", err)
	}
}
