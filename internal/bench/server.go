package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"regia/internal/app"
	"regia/internal/experience"
)

// Server is a Regia with a folder of its own.
type Server struct {
	*Process
	Address string   // host:port
	Keys    []string // write keys, of as many sources as were asked for
	Data    string   // its folder
	token   string
	client  http.Client
}

// Serve makes a Regia in a new folder, starts it with more arguments (such as
// "--log-level", "debug") and gives it so many sources. Stop it.
func (b *Bench) Serve(ctx context.Context, sources int, args ...string) (*Server, error) {
	own, err := os.MkdirTemp(b.Dir, "server-")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(own, "data")
	if _, err := b.run(ctx, "init", "--data", data, "--json"); err != nil {
		return nil, err
	}
	return b.ServeFolder(ctx, data, sources, args...)
}

// ServeFolder starts a Regia on a folder that holds one.
func (b *Bench) ServeFolder(ctx context.Context, data string, sources int, args ...string) (*Server, error) {
	args = append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"}, args...)
	b.servers++
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o700); err != nil {
			return nil, err
		}
		args = append(args, "--cpu-profile", filepath.Join(b.profiles, fmt.Sprintf("%s-%d.pprof", b.Report.Benchmark, b.servers)))
	}
	p, err := b.start(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p, Data: data}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	for k := range sources {
		var made struct {
			WriteKey string `json:"write_key"`
		}
		if err := s.Post(ctx, "/api/v1/sources", map[string]string{"name": fmt.Sprintf("Bench %03d", k+1), "kind": "site"}, &made); err != nil {
			return nil, errors.Join(err, p.Stop())
		}
		s.Keys = append(s.Keys, made.WriteKey)
	}
	return s, nil
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	again := time.NewTicker(look)
	defer again.Stop()
	for {
		if r, err := (app.Config{Data: s.Data}).Running(); err == nil && r.PID == s.cmd.Process.Pid {
			s.Address, s.token = strings.TrimPrefix(r.Address, "http://"), r.Token
			if s.Get(patience, "/api/v1/status", nil) == nil {
				return nil
			}
		}
		select {
		case <-again.C:
		case <-s.done:
			return s.failed()
		case <-patience.Done():
			return experience.Errorf(experience.Unavailable, "the server of the benchmark does not answer: %s", s.output.text())
		}
	}
}

// Get asks the server's API, with its owner's rights; into may be nil.
func (s *Server) Get(ctx context.Context, path string, into any) error {
	return s.call(ctx, http.MethodGet, path, nil, into)
}

// Post sends body, as JSON, to the server's API; into may be nil.
func (s *Server) Post(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.call(ctx, http.MethodPost, path, raw, into)
}

func (s *Server) call(ctx context.Context, method, path string, body []byte, into any) error {
	raw, err := s.ask(ctx, method, path, "Bearer "+s.token, body)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// text asks for a page, or a part of one, with its owner's rights.
func (s *Server) text(ctx context.Context, path string) (string, error) {
	raw, err := s.ask(ctx, http.MethodGet, path, "Bearer "+s.token, nil)
	return string(raw), err
}

// send brings history in at the front door, as a source; told that it sends too
// fast, it sends again after the second that the door asks for.
func (s *Server) send(ctx context.Context, key string, batch []json.RawMessage) error {
	body, err := json.Marshal(map[string]any{"batch": batch})
	if err != nil {
		return err
	}
	for {
		_, err = s.ask(ctx, http.MethodPost, "/v1/import", "Basic "+base64.StdEncoding.EncodeToString([]byte(key+":")), body)
		if experience.CodeOf(err) != experience.TooMany {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (s *Server) ask(ctx context.Context, method, path, authorization string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		code := experience.Internal
		if answer.StatusCode == http.StatusTooManyRequests {
			code = experience.TooMany
		}
		err = experience.Errorf(code, "%s %s answered %d: %s", method, path, answer.StatusCode, raw)
	}
	return raw, err
}

// Status is what GET /api/v1/status says.
type Status struct {
	Interactions int64 `json:"interactions"`
	People       int64 `json:"people"`
	LagBlocks    int64 `json:"lag_blocks"`
	LagMs        int64 `json:"lag_ms"`
}

// Status asks how the server is.
func (s *Server) Status(ctx context.Context) (Status, error) {
	var out Status
	return out, s.Get(ctx, "/api/v1/status", &out)
}

// Drain waits until the books have everything the log has, at most so long.
func (s *Server) Drain(ctx context.Context, atMost time.Duration) (Status, error) {
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	again := time.NewTicker(5 * look)
	defer again.Stop()
	for {
		now, err := s.Status(ctx)
		if err != nil || now.LagBlocks == 0 {
			return now, err
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return now, nil
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// LogBytes is how much the log takes on disk.
func (s *Server) LogBytes() (n int64) {
	_ = filepath.Walk(filepath.Join(s.Data, "log"), func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return nil // a file may go while it is looked at
	})
	return n
}
