package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"regia/internal/testkit"
)

const (
	soon  = 15 * time.Second // for what takes a moment, on a busy machine
	later = time.Minute      // for what takes several
)

// binary gives the program under test: the one that REGIA_BIN names, or one
// built once for this process. TestMain removes the latter.
var binary = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("REGIA_BIN"); named != "" {
		return filepath.Abs(named)
	}
	path := filepath.Join(buildDir, "regia")
	out, err := exec.Command("go", "build", "-o", path, "../cmd/regia").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return path, nil
})

var buildDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "regia-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// A topology says where the two books of a Regia are: as flags of the command line.
type topology struct {
	name  string
	flags func(t *testing.T) []string
}

var topologies = []topology{
	{"embedded", func(*testing.T) []string { return nil }},
	{"postgres", func(t *testing.T) []string {
		return []string{"--registry", testkit.Postgres(t), "--ledger", testkit.Postgres(t)}
	}},
}

// everywhere runs one scenario on every topology, each with a running Regia of its own.
func everywhere(t *testing.T, scenario func(t *testing.T, r *regia)) {
	for _, where := range topologies {
		t.Run(where.name, func(t *testing.T) {
			r := install(t, where.flags(t)...)
			r.start()
			scenario(t, r)
		})
	}
}

// A regia is one installation: a data folder, its keys, and the server on it while it runs.
type regia struct {
	t     *testing.T
	bin   string
	flags []string // of the topology
	dir   string   // data folder
	addr  string   // host:port
	keys  keys
	http  *http.Client

	process *exec.Cmd
	ended   chan struct{} // closed once the process is gone
	log     string        // file with all that the servers said
}

// keys is what `regia init --json` prints.
type keys struct {
	WriteKey  string `json:"write_key"`
	APIToken  string `json:"api_token"`
	SignInURL string `json:"sign_in_url"`
}

// install makes a data folder in a new place; nothing runs yet.
func install(t *testing.T, flags ...string) *regia {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	r := &regia{
		t: t, bin: bin, flags: flags,
		dir:  filepath.Join(home, "data"),
		addr: freeAddress(t),
		http: &http.Client{Timeout: soon},
		log:  filepath.Join(home, "log"),
	}
	t.Cleanup(r.cleanUp)

	stdout, stderr, code := r.command(append([]string{"init", "--data", r.dir, "--json"}, flags...)...)
	if code != 0 {
		t.Fatalf("regia init ended with %d: %s", code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &r.keys); err != nil {
		t.Fatalf("regia init --json printed no JSON: %v\n%s", err, stdout)
	}
	if r.keys.WriteKey == "" || r.keys.APIToken == "" || r.keys.SignInURL == "" {
		t.Fatalf("regia init --json left something out: %s", stdout)
	}
	return r
}

// command runs a command of the binary to its end.
func (r *regia) command(args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	cmd := r.prepare(args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	timer := time.AfterFunc(later, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// prepare makes a command that nothing of this machine's settings reaches.
func (r *regia) prepare(args ...string) *exec.Cmd {
	cmd := exec.Command(r.bin, args...)
	cmd.Dir = filepath.Dir(r.dir)
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "REGIA_") {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	return cmd
}

func (r *regia) serveArgs(addr string) []string {
	return append([]string{"serve", "--data", r.dir, "--listen", addr}, r.flags...)
}

// start serves the folder and returns once the server says that it is ready.
func (r *regia) start() {
	r.t.Helper()
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close() // the process has its own handle
	cmd := r.prepare(r.serveArgs(r.addr)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit code is read from ProcessState
		close(ended)
	}()
	r.process, r.ended = cmd, ended

	r.eventually(later, "the server is ready", func() error {
		select {
		case <-ended:
			r.t.Fatalf("the server ended before it was ready: %v", cmd.ProcessState)
		default:
		}
		answer, err := r.http.Get("http://" + r.addr + "/readyz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz answered %s", answer.Status)
		}
		return nil
	})
}

// stop asks the server to end, as a service manager does, and expects exit code 0.
func (r *regia) stop() {
	r.t.Helper()
	r.end(syscall.SIGTERM)
	if code := r.process.ProcessState.ExitCode(); code != 0 {
		r.t.Errorf("after SIGTERM the server ended with %v, want 0", r.process.ProcessState)
	}
}

// kill ends the server as a power cut would end its process.
func (r *regia) kill() {
	r.t.Helper()
	r.end(syscall.SIGKILL)
}

func (r *regia) end(how syscall.Signal) {
	r.t.Helper()
	if err := r.process.Process.Signal(how); err != nil {
		r.t.Fatalf("%v: %v", how, err)
	}
	select {
	case <-r.ended:
	case <-time.After(later):
		_ = r.process.Process.Kill()
		<-r.ended
		r.t.Fatalf("the server had not ended %v after %v", later, how)
	}
}

// cleanUp leaves no process behind, and shows the log of what failed.
func (r *regia) cleanUp() {
	if r.process != nil {
		select {
		case <-r.ended:
		default:
			r.stop()
		}
	}
	if !r.t.Failed() {
		return
	}
	const most = 16 << 10
	log, err := os.ReadFile(r.log)
	if err != nil {
		return // it never ran
	}
	r.t.Logf("what the server said last:\n%s", log[max(0, len(log)-most):])
}

// freeAddress gives a loopback address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
