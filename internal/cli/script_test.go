package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/rogpeppe/go-internal/testscript"

	"regia/internal/app"
	"regia/internal/cli"
)

// TestMain lets this program be regia itself, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"regia": func() { os.Exit(cli.Main(context.Background(), "test", os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script: the command line as people and programs
// use it. Besides testscript's own commands a script has those below.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples)
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"waitready": waitReady,
			"terminate": terminate,
			"freeport":  freePort,
			"json":      jsonValue,
			"jsonenv":   jsonEnv,
			"send":      send,
		},
	})
}

// exits CODE COMMAND ARGS...: the command ends with exactly this code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if err != nil {
		if _, e := fmt.Sscanf(err.Error(), "exit status %d", &code); e != nil {
			ts.Fatalf("%v", err)
		}
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

func running(ts *testscript.TestScript, dir string) (app.Running, error) {
	return app.Config{Data: ts.MkAbs(dir)}.Running()
}

// waitready DIR waits until the server of a data folder answers, and gives
// $ADDRESS.
func waitReady(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		r, err := running(ts, args[0])
		if err == nil {
			var status int
			if status, _, err = request(ctx, http.MethodGet, r.Address+"/readyz", "", nil); err == nil && status == http.StatusOK {
				ts.Setenv("ADDRESS", r.Address)
				return
			}
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("no server is ready on %s: %v", args[0], err)
		case <-look.C:
		}
	}
}

// terminate DIR asks the server of a data folder to stop, as init systems do.
func terminate(ts *testscript.TestScript, _ bool, args []string) {
	r, err := running(ts, args[0])
	ts.Check(err)
	ts.Check(syscall.Kill(r.PID, syscall.SIGTERM))
}

// freeport NAMES... sets each name to an address that nobody listens on.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		defer l.Close() // only now: so that all are different
	}
}

// json PATH PATTERN: in the JSON printed last, what stands at the path matches.
// A path is names and indexes with dots between; len is how many there are.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	got := at(ts, args[0])
	ok, err := regexp.MatchString("^(?:"+args[1]+")$", got)
	ts.Check(err)
	if ok == neg {
		ts.Fatalf("%s is %q; wanted: %q (not: %v)", args[0], got, args[1], neg)
	}
}

// jsonenv NAME PATH keeps a value of the JSON printed last.
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], at(ts, args[1])) }

func at(ts *testscript.TestScript, path string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			if step == "len" {
				v = len(x)
				continue
			}
			v = x[step]
		case []any:
			n, err := strconv.Atoi(step)
			switch {
			case step == "len":
				v = len(x)
			case err != nil || n >= len(x):
				ts.Fatalf("there is no %s in %v", path, x)
			default:
				v = x[n]
			}
		default:
			ts.Fatalf("there is no %s: %v has no %s", path, v, step)
		}
	}
	return fmt.Sprint(v)
}

// send FILE gives the front door at $ADDRESS a body, with $WRITE_KEY, and
// prints the answer to the file "answer".
func send(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	status, text, err := request(ctx, http.MethodPost, ts.Getenv("ADDRESS")+"/v1/batch", ts.Getenv("WRITE_KEY"), []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), fmt.Appendf(nil, "%d %s", status, text), 0o600))
}

func request(ctx context.Context, method, url, key string, body []byte) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("X-Write-Key", key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	return answer.StatusCode, text.String(), err
}
