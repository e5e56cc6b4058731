package listen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"regia/internal/experience"
)

const (
	robotsStay = 24 * time.Hour // how long a host's wishes are remembered
	maxRobots  = 512 << 10      // bytes that are read (RFC 9309, 2.5 wants 500 KiB at least)
	maxHosts   = 500
)

// robots keeps what hosts ask programs to leave alone (RFC 9309).
type robots struct {
	fetch *fetcher
	clock experience.Clock
	mu    sync.Mutex
	hosts map[string]wishes
}

type wishes struct {
	rules []rule
	read  time.Time
}

type rule struct {
	allow bool
	path  string
}

func newRobots(f *fetcher, clock experience.Clock) *robots {
	return &robots{fetch: f, clock: clock, hosts: map[string]wishes{}}
}

// allow says whether an address may be asked for. A host that does not tell
// its wishes, or cannot now, has none.
func (r *robots) allow(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || checkURL(u) != nil {
		return nil // whoever asks says so
	}
	host := u.Scheme + "://" + u.Host
	r.mu.Lock()
	w, known := r.hosts[host]
	r.mu.Unlock()
	now := r.clock()
	if !known || now.Sub(w.read) > robotsStay {
		said, err := r.fetch.ask(ctx, host+"/robots.txt", "", "", "text/plain", maxRobots)
		var f *fault
		if errors.As(err, &f) && (f.key == "private" || f.key == "name" || f.key == "unreachable") {
			return err
		}
		w = wishes{read: now}
		if err == nil {
			w.rules = wishesOf(said.body)
		}
		r.mu.Lock()
		if len(r.hosts) >= maxHosts {
			clear(r.hosts)
		}
		r.hosts[host] = w
		r.mu.Unlock()
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if !permitted(w.rules, path) {
		return &fault{key: "robots", slow: true}
	}
	return nil
}

// wishesOf reads the rules for Regia from a robots.txt: those that name it, or
// else those for everybody.
func wishesOf(text []byte) []rule {
	var ours, all []rule
	var named, everybody, speaking bool
	var byName bool
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxRobots)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(strings.TrimPrefix(key, "\uFEFF"))) {
		case "user-agent":
			if speaking { // a new group begins
				named, everybody, speaking = false, false, false
			}
			agent, _, _ := strings.Cut(strings.ToLower(value), "/")
			named = named || agent == "regia"
			everybody = everybody || agent == "*"
			byName = byName || named
		case "allow", "disallow":
			speaking = true
			if value == "" {
				continue
			}
			one := rule{strings.EqualFold(strings.TrimSpace(key), "allow"), value}
			if named {
				ours = append(ours, one)
			}
			if everybody {
				all = append(all, one)
			}
		}
	}
	if byName {
		return ours
	}
	return all
}

// permitted asks the longest rule that fits; of two as long, the one that allows.
func permitted(rules []rule, path string) bool {
	longest, yes := -1, true
	for _, r := range rules {
		if n := len(r.path); fits(r.path, path) && (n > longest || n == longest && r.allow) {
			longest, yes = n, r.allow
		}
	}
	return yes
}

// fits tells whether a pattern with * and $ fits the beginning of a path.
func fits(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(path, parts[0]) {
		return false
	}
	rest := path[len(parts[0]):]
	for k, p := range parts[1:] {
		if whole && k == len(parts)-2 {
			return strings.HasSuffix(rest, p)
		}
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return !whole || rest == ""
}
