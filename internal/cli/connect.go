package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/experience"
)

// client talks to a Regia: a server, or the folder opened by this command.
type client struct {
	base   string
	token  string
	http   *http.Client
	caught func(ctx context.Context) error // waits until the books have what was sent
	close  func() error
}

// inProcess stands for the address of a Regia that only this command has open.
const inProcess = "http://regia"

// clientFlags are those of commands that work through the API.
func (c *cli) clientFlags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&c.server, "server", "", "address of a Regia (default: the one on the data folder)")
	cmd.PersistentFlags().StringVar(&c.token, "token", "", "its API token (default: $REGIA_TOKEN)")
}

// catchUp is how long a command waits for the books to have all of the log.
const catchUp = 30 * time.Second

// connect finds the Regia to talk to: the one named, the one that runs on the
// data folder, or else the folder itself, opened for as long as the command.
func (c *cli) connect(cmd *cobra.Command) (*client, error) {
	cfg, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	token := c.token
	if token == "" {
		token = envToken()
	}
	if c.server != "" {
		return c.remote(strings.TrimRight(c.server, "/"), token), nil
	}
	a, err := app.Open(cmd.Context(), cfg.Offline(), c.version, c.logger(quiet(cfg)))
	if experience.CodeOf(err) == experience.Conflict {
		r, runErr := cfg.Running()
		if runErr != nil {
			return nil, err
		}
		return c.remote(r.Address, r.Token), nil
	}
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(cmd.Context()))
	done := make(chan error, 1)
	go func() { done <- a.Background(ctx) }()
	// What a server acknowledged last may not be woven yet. A command that only
	// wants a key need not fail where the books cannot catch up.
	patience, enough := context.WithTimeout(cmd.Context(), catchUp)
	defer enough()
	if err := a.Caught(patience); err != nil {
		a.Logger.Warn("the books are behind the log: the answer may be too; see regia doctor", "error", err)
	}
	return &client{
		base: inProcess, token: a.LocalToken(), http: &http.Client{Transport: a.InProcess()}, caught: a.Caught,
		close: func() error {
			stop()
			return errors.Join(<-done, a.Close())
		},
	}, nil
}

func quiet(cfg app.Config) app.Config {
	if cfg.LogLevel == "info" {
		cfg.LogLevel = "warn"
	}
	return cfg
}

func (c *cli) remote(base, token string) *client {
	cl := &client{base: base, token: token, http: &http.Client{Timeout: 5 * time.Minute}, close: func() error { return nil }}
	cl.caught = func(ctx context.Context) error {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			var s struct {
				Lag int64 `json:"lag_blocks"`
			}
			if err := cl.get(ctx, "/api/v1/status", nil, &s); err != nil || s.Lag == 0 {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
			}
		}
	}
	return cl
}

func (cl *client) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return cl.call(ctx, http.MethodGet, path, nil, into)
}

// call sends a request and reads the answer; a refusal becomes an error with
// the server's own words.
func (cl *client) call(ctx context.Context, method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, cl.base+path, in)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+cl.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := cl.http.Do(r)
	if err != nil {
		return experience.Errorf(experience.Unavailable, "no Regia answers at %s: is it running? %w", cl.base, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return refusal(answer)
	}
	if into == nil || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func refusal(answer *http.Response) error {
	codes := map[int]experience.Code{
		http.StatusUnauthorized: experience.Unauthorised, http.StatusForbidden: experience.Forbidden, http.StatusNotFound: experience.NotFound,
		http.StatusConflict: experience.Conflict, http.StatusServiceUnavailable: experience.Unavailable, http.StatusInternalServerError: experience.Internal,
	}
	code, ok := codes[answer.StatusCode]
	if !ok {
		code = experience.Invalid
	}
	var problem struct {
		Title, Detail, Error string
		Errors               []struct{ Location, Message string }
	}
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&problem)
	message := problem.Detail
	for _, e := range problem.Errors {
		message += fmt.Sprintf("; %s: %s", e.Location, e.Message)
	}
	for _, m := range []string{problem.Error, problem.Title, answer.Status} {
		if message == "" {
			message = m
		}
	}
	if code == experience.Unauthorised {
		message += ". Give an API token with --token or REGIA_TOKEN"
	}
	return experience.Errorf(code, "%s", message)
}
