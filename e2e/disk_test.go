//go:build linux

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"regia/internal/testkit"
)

// smallDisk is set in the process that has a disk of its own.
const smallDisk = "REGIA_TEST_SMALL_DISK"

// TestFullDisk fills the disk under a server that takes events: it answers 503,
// never a false 200, and goes on by itself once there is room.
func TestFullDisk(t *testing.T) {
	if os.Getenv(smallDisk) == "" {
		inOwnNamespace(t)
		return
	}
	disk, err := os.MkdirTemp("", "regia-disk-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(disk)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256m"); err != nil {
		testkit.Missing(t, "no small disk can be mounted here: "+err.Error())
	}
	defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
	said, err := os.CreateTemp("", "regia-said-") // what the server says fits elsewhere
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(said.Name())
	defer said.Close()
	t.Setenv("TMPDIR", disk)

	r := install(t)
	r.log = said.Name()
	r.flags = []string{"--tidy-every", "200ms", "--ledger-hot-rows", "2000"}
	r.start()
	x := newTraffic(r)
	x.start()
	more := func(what string, n int) {
		t.Helper()
		before := x.count()
		r.eventually(later, what, func() error {
			if now := x.count() - before; now < n {
				return fmt.Errorf("%d more events are acknowledged, refused %v", now, x.answers())
			}
			return nil
		})
	}
	more("events are taken", 3000)
	for round := range 3 {
		ballast := filepath.Join(disk, "ballast")
		fill(t, ballast)
		before := x.answers()[http.StatusServiceUnavailable]
		r.eventually(later, "a full disk is told with 503", func() error {
			fill(t, ballast) // also what was given back meanwhile
			if n := x.answers()[http.StatusServiceUnavailable] - before; n < 50 {
				return fmt.Errorf("%d requests were refused with 503", n)
			}
			return nil
		})
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		more(fmt.Sprintf("there is room again, round %d", round), 1000)
	}
	x.end()
	for status := range x.answers() {
		// A disk in memory is fast enough for a source to reach its own limit, 429.
		if status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
			t.Errorf("answers on a full disk: %v, want 503 alone, or 429", x.answers())
		}
	}
	r.eventually(later, "everything is woven", func() error {
		var now status
		if err := r.try("/api/v1/status", nil, &now); err != nil || now.LagBlocks != 0 {
			return fmt.Errorf("%d blocks wait: %v", now.LagBlocks, err)
		}
		return nil
	})
	x.proved()
}

// inOwnNamespace runs the test in a process that may mount a disk for itself.
func inOwnNamespace(t *testing.T) {
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), smallDisk+"=yes", "REGIA_BIN="+bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		testkit.Missing(t, "this system lets nobody mount a disk for themselves: "+err.Error())
	case err != nil:
		t.Errorf("%s", out)
	case !bytes.Contains(out, []byte("--- PASS: TestFullDisk")): // a skip inside is one outside
		testkit.Missing(t, string(out))
	default:
		t.Logf("%s", out)
	}
}

// fill writes until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// answers are those other than 200, by status.
func (x *traffic) answers() map[int]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[int]int{}
	for status, n := range x.refused {
		out[status] = n
	}
	return out
}
