package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

// Check is one thing doctor looked at.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"` // what to do, where something is wrong
}

// Limits below which doctor speaks up.
const (
	littleDisk = 2 << 30         // bytes free
	longLag    = 60_000          // milliseconds
	clockSkew  = 5 * time.Second // against the running server
)

// Doctor looks at a Regia: the running one where there is one, else the folder.
func Doctor(ctx context.Context, c Config, version string) []Check {
	checks := []Check{checkFolder(c)}
	if !c.Initialised() {
		return checks
	}
	if checks = append(checks, checkDisk(c)); !checks[0].OK {
		return checks
	}
	a, err := Open(ctx, c.Offline(), version, slog.New(slog.DiscardHandler))
	if experience.CodeOf(err) == experience.Conflict {
		return append(checks, checkRunning(ctx, c)...)
	}
	if err != nil {
		return append(checks, Check{Name: "books", Found: err.Error(), Advice: "Regia cannot be opened; put right what is said here and try again"})
	}
	defer a.Close()
	checks = append(checks, checkPort(c.Listen, "--listen"), checkClock(a.Clock()))
	checks = append(checks, checkMQTT(c)...)
	return append(checks, a.examine(ctx)...)
}

func checkFolder(c Config) Check {
	k := Check{Name: "folder", Found: c.Data}
	info, err := os.Stat(c.Data)
	switch {
	case err != nil || !c.Initialised():
		k.Found, k.Advice = "there is no Regia in "+c.Data, "make one with: regia init --data "+c.Data
		return k
	case info.Mode().Perm()&0o077 != 0:
		k.Found, k.Advice = fmt.Sprintf("%s can be read by others (%v)", c.Data, info.Mode().Perm()), "chmod 700 "+c.Data
		return k
	}
	probe := filepath.Join(c.Data, ".doctor")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		k.Found, k.Advice = "the folder cannot be written to: "+err.Error(), "give it to the user that runs Regia: chown -R"
		return k
	}
	k.OK = os.Remove(probe) == nil
	return k
}

func checkDisk(c Config) Check {
	k := Check{Name: "disk"}
	var s syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &s); err != nil {
		k.Found, k.Advice = err.Error(), "the folder's disk cannot be asked"
		return k
	}
	free := int64(s.Bavail) * s.Bsize
	k.Found = fmt.Sprintf("%.1f GB free", float64(free)/1e9)
	if k.OK = free >= littleDisk; !k.OK {
		k.Advice = "make room: with a full disk events are refused with 503 until there is some"
	}
	return k
}

func checkPort(address, flag string) Check {
	k := Check{Name: "port", Found: address + " is free", OK: true}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return Check{Name: "port", Found: err.Error(), Advice: "another program listens there: stop it, or choose another with " + flag}
	}
	_ = l.Close()
	return k
}

// checkClock says when the clock cannot be right.
func checkClock(now time.Time) Check {
	k := Check{Name: "clock", Found: now.Format(time.RFC3339), OK: now.Year() >= 2026}
	if !k.OK {
		k.Advice = "the machine's clock is wrong; interactions would get wrong times. Turn on time synchronisation (NTP)"
	}
	return k
}

// examine looks at an opened Regia.
func (a *App) examine(ctx context.Context) []Check {
	checks := []Check{
		{Name: "registry", OK: true, Found: a.Registry.Engine() + " " + a.Registry.Version(ctx)},
		{Name: "ledger", OK: true, Found: a.Ledger.Engine() + " " + a.Ledger.Version(ctx)},
	}
	if err := a.Registry.Integrity(ctx); err != nil {
		checks[0] = Check{Name: "registry", Found: err.Error(), Advice: "the registry is damaged: stop Regia and restore the folder from a backup"}
	}
	log := Check{Name: "log"}
	tail, err := a.Log.Tail(ctx)
	if err == nil {
		log.OK, log.Found = true, fmt.Sprintf("blocks %d to %d, %.1f MB", tail.First, tail.Last, float64(tail.Bytes)/1e6)
		if head, headErr := a.Ledger.Head(ctx); headErr == nil && head.Position.Sequence > tail.Last {
			log.OK, log.Found = false, fmt.Sprintf("the log ends at block %d, the ledger at %d", tail.Last, head.Position.Sequence)
			log.Advice = "the log lost blocks or was replaced; restore log, registry and ledger from the same backup"
		}
	} else {
		log.Found, log.Advice = err.Error(), "the log cannot be read"
	}
	checks = append(append(checks, log), a.checkDevices(ctx)...)
	if err := a.Failing(); err != nil {
		checks = append(checks, Check{Name: "weaver", Found: err.Error(), Advice: "the weaver stopped and skipped nothing: restore log, registry and ledger from the same backup, or ask for help with this message"})
	}
	blocks, ms, err := a.Status.Lag(ctx)
	lag := Check{Name: "lag", OK: err == nil && ms < longLag, Found: fmt.Sprintf("%d blocks, %d ms", blocks, ms)}
	if err != nil {
		lag.Found = err.Error()
	}
	if !lag.OK {
		lag.Advice = "events wait to be woven: start the server (regia serve); if it runs, its log says what holds the weaver up"
	}
	return append(checks, lag)
}

// checkRunning asks the server that has the folder: it looks at its own books.
func checkRunning(ctx context.Context, c Config) []Check {
	r, err := c.Running()
	server := Check{Name: "server", Found: "another Regia has the folder, and does not say where it listens", Advice: "wait until it has started or stopped"}
	if err != nil {
		return []Check{server}
	}
	server.Found = "running at " + r.Address
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Address+checksPath, nil)
	if err != nil {
		return []Check{server}
	}
	q.Header.Set("Authorization", "Bearer "+r.Token)
	answer, err := (&http.Client{Timeout: 60 * time.Second}).Do(q)
	if err != nil {
		server.Found, server.Advice = r.Address+" does not answer", "the server is stuck: look at its log, restart it"
		return []Check{server}
	}
	defer answer.Body.Close()
	var told struct{ Items []Check }
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&told) != nil {
		server.Advice = "it cannot say how it is (" + answer.Status + "): its log says why"
		return []Check{server}
	}
	server.OK, server.Advice = true, ""
	return append([]Check{server, skew(answer.Header.Get("Date"))}, told.Items...)
}

// skew compares this machine's clock with the server's.
func skew(date string) Check {
	theirs, err := http.ParseTime(date)
	if d := time.Since(theirs); err == nil && (d > clockSkew || d < -clockSkew) {
		return Check{Name: "clock", Found: fmt.Sprintf("differs from the server's by %v", d.Round(time.Second)), Advice: "turn on time synchronisation (NTP)"}
	}
	return Check{Name: "clock", OK: true, Found: "agrees with the server's"}
}

const checksPath = "/api/v1/checks"

type checksOutput struct {
	Body struct {
		Items []Check `json:"items"`
		Next  *string `json:"next" doc:"always null: the list is whole"`
	}
}

// registerChecks lets doctor ask a running server.
func (a *App) registerChecks() {
	web.Operation(a.Site, huma.Operation{OperationID: "list-checks", Method: http.MethodGet, Path: checksPath, Tags: []string{"Status"},
		Summary: "What regia doctor finds: books, log and lag"}, []experience.Role{experience.Owner},
		func(ctx context.Context, _ *struct{}) (*checksOutput, error) {
			var out checksOutput
			out.Body.Items = a.examine(ctx)
			return &out, nil
		})
}
