package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPostgres says that this machine has no PostgreSQL programs.
var ErrNoPostgres = errors.New("no PostgreSQL programs here: install Debian's package postgresql, or set " +
	postgresVariable + " to the URL of a server where databases may be created")

// PostgresServer is a private server on a loopback port, in a folder of its
// own. It trusts every local caller and does not fsync: for tests only.
type PostgresServer struct {
	URL   string // of the role postgres and the database postgres
	guard *exec.Cmd
	stdin io.Closer // closing it stops the server
}

// guardScript runs the server until its own standard input closes. The kernel
// closes that pipe however the process that holds it dies, so a killed test
// leaves neither a server nor a folder behind.
const guardScript = `
"$1/postgres" -D "$2/data" -p "$3" -k "" -c listen_addresses=127.0.0.1 -c timezone=UTC -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 \
  -c autovacuum_naptime=10min -c max_wal_size=4GB >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$2"
`

// StartPostgres starts a server and returns once it answers. It works as root
// too (the server then runs as the user postgres, or nobody). The error wraps
// ErrNoPostgres where the programs are missing.
func StartPostgres(ctx context.Context) (*PostgresServer, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "regia-pg-")
	if err != nil {
		return nil, err
	}
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return nil, err
		}
	}
	initdb := as(who, dir, filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return startGuard(ctx, who, bin, dir)
}

func startGuard(ctx context.Context, who *syscall.Credential, bin, dir string) (*PostgresServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{URL: fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)}
	s.guard = as(who, dir, "sh", "-c", guardScript, "regia-pg", bin, dir, strconv.Itoa(port))
	// A session of its own: Ctrl-C in a terminal ends the tests, and their end
	// ends the server.
	s.guard.SysProcAttr.Setsid = true
	if s.stdin, err = s.guard.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.guard.Start(); err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		s.Stop()
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(log))
	}
	return s, nil
}

// waitReady asks until the server answers, for half a minute at most.
func (s *PostgresServer) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w", err)
		}
	}
}

// Stop ends the server and removes its folder.
func (s *PostgresServer) Stop() {
	s.stdin.Close()
	_ = s.guard.Wait() // its exit status is the killed server's
}

// postgresPrograms finds the folder that holds initdb and postgres: Debian
// keeps the server's programs out of the PATH. The newest version wins.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	major := func(i int) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(found[i]))))
		return n
	}
	sort.Slice(found, func(a, b int) bool { return major(a) > major(b) })
	if p, err := exec.LookPath("initdb"); err == nil {
		found = append(found, p)
	}
	for _, initdb := range found {
		bin := filepath.Dir(initdb)
		if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
			return bin, nil
		}
	}
	return "", ErrNoPostgres
}

// unprivileged says whom to run the server as: PostgreSQL refuses root. Nil
// means as ourselves.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("root cannot run PostgreSQL, and there is no user postgres or nobody to run it as")
}

func as(who *syscall.Credential, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") { // the caller's own server is not ours
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	return cmd
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
