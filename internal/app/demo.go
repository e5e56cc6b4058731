package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"regia/internal/access"
	"regia/internal/collect"
	"regia/internal/demo"
	"regia/internal/experience"
)

// demoFile remembers which world a demo folder shows, so that a second start
// goes on with it.
const demoFile = "demo.json"

// HoldsDemo tells whether the folder is a demo's.
func (c Config) HoldsDemo() bool {
	_, err := os.Stat(filepath.Join(c.Data, demoFile))
	return err == nil
}

// Demo is the invented company in a folder of its own.
type Demo struct {
	app     *App
	options demo.Options
	// By logical key of a source: its write key, and whether it is a browser or
	// an app.
	keys     map[string]string
	browsers map[string]bool
	asked    time.Time // until when people were asked; zero: Ask did not yet
	release  func()    // lets those who ask begin, or go on
}

// demoBatch is how many events go through the door at once.
const demoBatch = 2000

// OpenDemo makes the demo company's settings, sources and first user, in a
// folder that holds nothing else.
func OpenDemo(ctx context.Context, a *App, seed uint64) (*Demo, error) {
	d := &Demo{app: a, keys: map[string]string{}, browsers: map[string]bool{}, release: func() {}}
	var err error
	if d.options, err = d.world(seed); err != nil {
		return nil, err
	}
	if d.asked.IsZero() { // what follows is told by Ask, from the past on
		d.release = a.asking.take()
	}
	if err := d.openPostOffice(ctx); err != nil {
		return nil, err
	}
	if known, err := a.Registry.Company(ctx); err != nil || known.Name == "" { // a second start keeps what was changed
		if err := a.Registry.SaveCompany(ctx, demo.Company()); err != nil {
			return nil, err
		}
	}
	for _, s := range demo.Sources() {
		made, err := a.Sources.Ensure(ctx, collect.Source{ID: s.Key, Name: s.Name["it"], Kind: collect.SourceKind(s.Kind), Channel: s.Channel})
		if err != nil {
			return nil, err
		}
		d.keys[s.Key], d.browsers[s.Key] = made.WriteKey, made.Kind.Browser()
	}
	if err := d.journey(ctx); err != nil {
		return nil, err
	}
	return d, a.sourcesChanged(ctx)
}

// world reads which world the folder shows, or decides on it.
func (d *Demo) world(seed uint64) (demo.Options, error) {
	o := demo.Options{Seed: seed, Clock: d.app.Clock}
	path := filepath.Join(d.app.Config.Data, demoFile)
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		o.Start = demo.Start(o)
		d.options = o
		return o, d.save()
	case err != nil:
		return o, err
	}
	var kept struct {
		Seed         uint64
		Start, Asked time.Time
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return o, experience.Errorf(experience.Invalid, "%s cannot be read: remove the folder to begin anew: %w", path, err)
	}
	if seed != 0 && seed != kept.Seed {
		return o, experience.Errorf(experience.Conflict, "the folder %s shows the world of seed %d: choose another folder for seed %d", d.app.Config.Data, kept.Seed, seed)
	}
	o.Seed, o.Start, d.asked = kept.Seed, kept.Start, kept.Asked
	return o, nil
}

// SignIn makes a one-click sign-in link for the demo's owner.
func (d *Demo) SignIn(ctx context.Context) (string, error) {
	const email = "titolare@example.it"
	u, err := d.app.Access.UserByEmail(ctx, email)
	if experience.CodeOf(err) == experience.NotFound {
		u, err = d.app.Access.CreateUser(ctx, access.NewUser{Name: "Titolare", Email: email, Role: experience.Owner})
	}
	if err != nil {
		return "", err
	}
	link, err := d.app.Access.SignInLink(ctx, u.ID, 24*time.Hour)
	return d.app.Config.BaseURL() + link, err
}

// Fill sends the history in by the front door, as an import: doing it again
// changes nothing. Done is called with how many events there are so far.
func (d *Demo) Fill(ctx context.Context, done func(n int)) error {
	n := 0
	waiting := map[string][]sent{}
	send := func(source string) error {
		err := d.send(ctx, "/v1/import", source, waiting[source])
		n += len(waiting[source])
		waiting[source] = waiting[source][:0]
		done(n)
		return err
	}
	for item := range demo.History(d.options) {
		waiting[item.Source] = append(waiting[item.Source], d.words(item))
		if len(waiting[item.Source]) == demoBatch {
			if err := send(item.Source); err != nil {
				return err
			}
		}
	}
	for source := range waiting {
		if err := send(source); err != nil {
			return err
		}
	}
	return nil
}

// Live goes on with the story until ctx ends.
func (d *Demo) Live(ctx context.Context) error {
	err := demo.Live(ctx, d.options, func(ctx context.Context, items []demo.Item) error {
		for _, item := range items {
			if err := d.send(ctx, "/v1/batch", item.Source, []sent{d.words(item)}); err != nil {
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// sent is an event in the words of the front door.
type sent struct {
	experience.Event
	Timestamp time.Time `json:"timestamp"`
}

// words puts an event in the words its source has. A browser, whose key is
// public, names further identifiers only in the context.
func (d *Demo) words(item demo.Item) sent {
	e := item.Event
	if len(e.Identifiers) == 0 || !d.browsers[item.Source] {
		return sent{e, e.Time}
	}
	said := map[string]any{}
	for _, i := range e.Identifiers {
		switch i.Kind {
		case experience.DeviceID:
			said["device"] = map[string]string{"id": i.Value}
		case experience.EmailID:
			said["traits"] = map[string]string{"email": i.Value}
		}
	}
	// Both are JSON of our own making: neither can fail.
	_ = json.Unmarshal(e.Context, &said)
	e.Context, _ = json.Marshal(said)
	e.Identifiers = nil
	return sent{e, e.Time}
}

// send hands events of one source to the front door, waiting where it asks to.
// The demo's events are all good: one that is refused is a fault of the demo.
func (d *Demo) send(ctx context.Context, path, source string, events []sent) error {
	if len(events) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		return err
	}
	for {
		told, wait, err := d.hand(ctx, path, source, body)
		switch {
		case err != nil:
			return err
		case wait > 0:
			if err := pause(ctx, wait); err != nil {
				return err
			}
		case told.Accepted != len(events):
			return experience.Errorf(experience.Internal, "the front door refused an event of the demo: %s", told.reason())
		default:
			return nil
		}
	}
}

// answered is what the front door says.
type answered struct {
	Accepted int
	Error    string
	Rejected []struct{ Error string }
}

func (a answered) reason() string {
	if len(a.Rejected) > 0 {
		return a.Rejected[0].Error
	}
	return a.Error
}

// hand sends a body once; wait is how long the door wants to be left alone.
func (d *Demo) hand(ctx context.Context, path, source string, body []byte) (told answered, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://regia"+path, bytes.NewReader(body))
	if err != nil {
		return told, 0, err
	}
	r.Header.Set("X-Write-Key", d.keys[source])
	answer, err := (&http.Client{Transport: d.app.InProcess()}).Do(r)
	if err != nil {
		return told, 0, err
	}
	defer answer.Body.Close()
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return told, time.Duration(seconds) * time.Second, nil
	}
	err = json.NewDecoder(answer.Body).Decode(&told)
	return told, 0, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
