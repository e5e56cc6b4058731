package weave

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		arriving int64 // in a second
		rows     int
		took     time.Duration
		want     time.Duration
	}{
		{"nothing was woven yet", 50_000, 0, 0, 0},
		{"a quiet shop", 100, 3, 20 * time.Millisecond, 0},
		{"a busy one, in small steps", 5_000, 300, 30 * time.Millisecond, 120 * time.Millisecond},
		{"small steps that take long", 5_000, 300, 200 * time.Millisecond, gathering},
		{"as much as can be woven", 50_000, 20_000, 380 * time.Millisecond, 0},
		{"a flood", 200_000, 20_000, 300 * time.Millisecond, 3600 * time.Millisecond},
		{"a flood, steps that take long", 200_000, 20_000, 700 * time.Millisecond, floodPause},
		{"the flood is over, what it left is not", 0, 20_000, 380 * time.Millisecond, 0},
	} {
		var accepted int64
		p := pace{accepted: func() int64 { return accepted }}
		p.rest(now)
		p.stepped(c.rows, c.took)
		accepted = c.arriving
		if got := p.rest(now.Add(time.Second)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	slow := pace{accepted: func() int64 { return 20_000 }}
	slow.stepped(20_000, 400*time.Millisecond)
	slow.stepped(6_000, 2*time.Second) // a compaction
	slow.at = now
	if got := slow.rest(now.Add(time.Second)); got != 0 {
		t.Errorf("one slow step makes a flood of what can be woven: %s", got)
	}
	if got := (&pace{}).rest(now); got != 0 {
		t.Errorf("nobody tells what arrives: %s", got)
	}
}
