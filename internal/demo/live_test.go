package demo

import (
	"context"
	"errors"
	"testing"
	"time"
)

// fakeTime waits by moving its hands.
type fakeTime struct{ now time.Time }

func (f *fakeTime) clock() time.Time { return f.now }
func (f *fakeTime) wait(ctx context.Context, d time.Duration) error {
	f.now = f.now.Add(d)
	return ctx.Err()
}

func (f *fakeTime) options() Options {
	return Options{Clock: f.clock, Wait: f.wait, Scale: 0.3, Months: 6, Pace: 2 * time.Second}
}

func TestLiveGoesOn(t *testing.T) {
	hands := &fakeTime{now: noon}
	known, ids := map[string]bool{}, map[string]bool{}
	for i := range History(hands.options()) {
		known[i.Event.UserID] = true
		ids[i.Event.MessageID] = true
	}
	delete(known, "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	const enough = 2000
	n, old, last := 0, 0, noon
	sources := map[string]int{}
	err := Live(ctx, hands.options(), func(_ context.Context, items []Item) error {
		for _, i := range items {
			if ids[i.Event.MessageID] {
				t.Errorf("message id %s was used before", i.Event.MessageID)
			}
			ids[i.Event.MessageID] = true
			if i.Event.Time.Before(last) || !i.Event.Time.Equal(hands.now) {
				t.Errorf("told at %v, dated %v", hands.now, i.Event.Time)
			}
			last = i.Event.Time
			if known[i.Event.UserID] {
				old++
			}
			sources[i.Source]++
		}
		if n += len(items); n == enough {
			stop()
		}
		return nil
	})
	if err != nil {
		t.Fatalf("a stopped Live gave %v", err)
	}
	if n != enough {
		t.Errorf("%d interactions after being stopped at %d", n, enough)
	}
	if old < enough/20 {
		t.Errorf("only %d interactions of people known before", old)
	}
	if len(sources) < 6 {
		t.Errorf("only these sources are alive: %v", sources)
	}
	if pace := hands.now.Sub(noon) / enough; pace < 1500*time.Millisecond || pace > 2500*time.Millisecond {
		t.Errorf("an interaction every %v, want about 2s", pace)
	}
}

func TestLiveEndsWithTheFirstError(t *testing.T) {
	hands := &fakeTime{now: noon}
	full := errors.New("the door is full")
	if err := Live(t.Context(), hands.options(), func(context.Context, []Item) error { return full }); !errors.Is(err, full) {
		t.Errorf("Live gave %v", err)
	}
}

func TestLiveStopsWhileItWaits(t *testing.T) {
	o := (&fakeTime{now: noon}).options()
	o.Wait = nil // the real timer, which must give way to ctx
	o.Pace = time.Hour
	o.Scale = 0.05
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := Live(ctx, o, func(context.Context, []Item) error { return nil }); err != nil {
		t.Errorf("Live gave %v", err)
	}
}
