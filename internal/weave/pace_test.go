package weave

import (
	"strings"
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
		idle     float64
		waiting  float64
		want     time.Duration
	}{
		{"nothing was woven yet", 50_000, 100, 0, 0, 0.1, 1, 0},
		{"a quiet shop", 100, 1, 3, 20 * time.Millisecond, 0.1, 1, 0},
		{"a busy one, in small steps", 5_000, 1, 300, 30 * time.Millisecond, 0.1, 1, 120 * time.Millisecond},
		{"small steps that take long", 5_000, 1, 300, 200 * time.Millisecond, 0.1, 1, gathering},
		{"much, in large requests", 50_000, 100, 20_000, 380 * time.Millisecond, 0.1, 1, 0},
		{"a crowd of small requests", 13_000, 1, 7_000, 300 * time.Millisecond, 0.1, 1, 6 * time.Second},
		{"a crowd of larger ones", 49_000, 20, 20_000, 300 * time.Millisecond, 0.1, 1, 6 * time.Second},
		{"a flood of the largest", 100_000, 100, 20_000, 300 * time.Millisecond, 0.1, 1, 6 * time.Second},
		{"much, and the machine has time for more", 13_000, 1, 7_000, 300 * time.Millisecond, 0.5, 1, 0},
		{"little comes, because steps keep it waiting", 3_000, 1, 20_000, 400 * time.Millisecond, 0.1, 30, crowdPause},
		{"much waits for a moment of an idle machine", 3_000, 1, 20_000, 400 * time.Millisecond, 0.5, 30, 0},
		{"a flood, steps that take long", 200_000, 100, 20_000, 700 * time.Millisecond, 0.1, 1, crowdPause},
		{"the flood is over, what it left is not", 0, 1, 20_000, 380 * time.Millisecond, 0.1, 1, 0},
	} {
		var accepted int64
		p := pace{accepted: func() int64 { return accepted }, calls: func() int64 { return accepted / c.batch }, cores: 2, machine: func() load { return load{idle: c.idle, waiting: c.waiting} }}
		p.left(now)
		p.stepped(c.rows, c.took)
		accepted = c.arriving
		now := now.Add(time.Second)
		p.begins(now)
		if got := p.left(now); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := (&pace{}).left(now); got != 0 {
		t.Errorf("nobody tells what arrives: %s", got)
	}
}

// A crowd is noticed at once, and stays one until a short time shows that it is over.
func TestPaceFollows(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var accepted int64
	p := pace{accepted: func() int64 { return accepted }, calls: func() int64 { return accepted }, cores: 2, machine: func() load { return load{} }}
	p.left(now)
	p.stepped(4000, 100*time.Millisecond)
	for _, c := range []struct {
		name  string
		after time.Duration
		more  int64
		most  int
		left  bool
	}{
		{"a flood", look, 5_000, crowdRows, true},
		{"a moment later", look / 10, 0, crowdRows, true},
		{"it goes on", look, 5_000, crowdRows, true},
		{"the process stood still", time.Minute, 0, crowdRows, false},
		{"it is over", look, 0, crowdRows, false},
		{"and over, one step later", time.Minute, 0, 2 * crowdRows, false},
		{"another one, in a long step", 3 * time.Second, 60_000, crowdRows, true},
	} {
		now, accepted = now.Add(c.after), accepted+c.more
		if strings.Contains(c.name, "one step later") {
			p.stepped(4000, 100*time.Millisecond)
		}
		if c.name == "a flood" || c.more > 5_000 {
			p.begins(now)
		}
		if left := p.left(now); left > 0 != c.left || p.most(20_000) != c.most {
			t.Errorf("%s: %s left, %d rows", c.name, left, p.most(20_000))
		}
	}
}
