package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"regia/internal/experience"
)

// Process is a server that a benchmark started.
type Process struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended
	err    error
	output tail
}

const (
	startPatience = 60 * time.Second
	stopPatience  = 60 * time.Second
	look          = 20 * time.Millisecond
)

// command makes a process of this binary. It keeps the name this program was
// called by, by which a test knows what it is to be.
func (b *Bench) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = environment()
	return cmd
}

// environment is this process's, without the settings of a Regia: they are the
// machine's own Regia's, which no benchmark may touch.
func environment() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "REGIA_") {
			out = append(out, v)
		}
	}
	return out
}

// run runs a command of this binary to its end and gives what it printed.
func (b *Bench) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := b.command(ctx, args...)
	var out bytes.Buffer
	var errs tail
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, experience.Errorf(experience.Internal, "regia %s: %w: %s", strings.Join(args, " "), err, errs.text())
	}
	return out.Bytes(), nil
}

// start starts a command of this binary that goes on until it is stopped.
func (b *Bench) start(ctx context.Context, prepare func(*exec.Cmd) error, args ...string) (*Process, error) {
	p := &Process{cmd: b.command(ctx, args...), done: make(chan struct{})}
	p.cmd.Stderr = &p.output
	p.cmd.Cancel = func() error { return p.signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopPatience
	if prepare != nil {
		if err := prepare(p.cmd); err != nil {
			return nil, err
		}
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// signal sends a signal to a process, one that is paused included.
func (p *Process) signal(s syscall.Signal) error {
	err := p.cmd.Process.Signal(s)
	return errors.Join(err, p.cmd.Process.Signal(syscall.SIGCONT))
}

// Pause stops the process where it is, so that it takes nothing from others.
func (p *Process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Stop ends the process and waits for it.
func (p *Process) Stop() error {
	select {
	case <-p.done:
		return p.failed()
	default:
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(stopPatience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return p.failed()
}

func (p *Process) failed() error {
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		if how, ok := exit.Sys().(syscall.WaitStatus); ok && how.Signaled() && how.Signal() == syscall.SIGTERM {
			return nil // as it was told
		}
	}
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("a server of the benchmark ended badly: %w: %s", p.err, p.output.text())
}

// Usage is what a process takes.
type Usage struct {
	Resident int64         // bytes of memory now
	Peak     int64         // bytes at most since it started
	CPU      time.Duration // of all its threads since it started
}

// ticks is how many parts of a second /proc counts CPU time in, on Linux for programs.
const ticks = 100

// Usage reads what the process takes; all zero where the system does not tell.
func (p *Process) Usage() Usage { return usageOf(p.cmd.Process.Pid) }

func usageOf(pid int) Usage {
	var u Usage
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	u.Resident = kilobytes(field(filepath.Join(dir, "status"), "VmRSS"))
	u.Peak = kilobytes(field(filepath.Join(dir, "status"), "VmHWM"))
	raw, _ := os.ReadFile(filepath.Join(dir, "stat"))
	_, rest, _ := strings.Cut(string(raw), ") ") // the name before may hold anything
	if f := strings.Fields(rest); len(f) > 12 {
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		u.CPU = time.Duration(user+system) * time.Second / ticks
	}
	return u
}

func kilobytes(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	return n << 10
}

// tail keeps the end of what a process says, for when it ends badly.
type tail struct{ last []byte }

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = t.last[over:]
	}
	return len(b), nil
}

func (t *tail) text() string { return strings.TrimSpace(string(t.last)) }
