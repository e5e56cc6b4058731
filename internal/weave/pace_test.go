package weave

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		arriving int64 // events in a second
		batch    int64 // of so many a request
		rows     int
		took     time.Duration
		want     time.Duration
	}{
		{"nothing was woven yet", 50_000, 100, 0, 0, 0},
		{"a quiet shop", 100, 1, 3, 20 * time.Millisecond, 0},
		{"a busy one, in small steps", 5_000, 1, 300, 30 * time.Millisecond, 120 * time.Millisecond},
		{"small steps that take long", 5_000, 1, 300, 200 * time.Millisecond, gathering},
		{"much, in large requests", 50_000, 100, 20_000, 380 * time.Millisecond, 0},
		{"a crowd of small requests", 13_000, 1, 7_000, 300 * time.Millisecond, 3600 * time.Millisecond},
		{"a crowd of larger ones", 49_000, 20, 20_000, 300 * time.Millisecond, 3600 * time.Millisecond},
		{"a flood of the largest", 100_000, 100, 20_000, 300 * time.Millisecond, 3600 * time.Millisecond},
		{"a flood, steps that take long", 200_000, 100, 20_000, 700 * time.Millisecond, crowdPause},
		{"the flood is over, what it left is not", 0, 1, 20_000, 380 * time.Millisecond, 0},
	} {
		var accepted int64
		p := pace{accepted: func() int64 { return accepted }, calls: func() int64 { return accepted / c.batch }, cores: 2}
		p.rest(now)
		p.stepped(c.rows, c.took)
		accepted = c.arriving
		if got := p.rest(now.Add(time.Second)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := (&pace{}).rest(now); got != 0 {
		t.Errorf("nobody tells what arrives: %s", got)
	}
}
