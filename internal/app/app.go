package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"regia/internal/access"
	"regia/internal/collect"
	"regia/internal/connect"
	"regia/internal/experience"
	"regia/internal/followup"
	"regia/internal/impact"
	"regia/internal/invite"
	"regia/internal/journey"
	"regia/internal/ledger"
	"regia/internal/listen"
	"regia/internal/mail"
	"regia/internal/people"
	"regia/internal/registry"
	"regia/internal/status"
	"regia/internal/stream"
	"regia/internal/survey"
	"regia/internal/touchpoint"
	"regia/internal/voice"
	"regia/internal/weave"
	"regia/internal/web"
)

// App is an open Regia: books, log and rooms. Nothing listens and nothing
// weaves before Run.
type App struct {
	Config  Config
	Version string
	Clock   experience.Clock
	Logger  *slog.Logger

	Log         *stream.Log
	Registry    *registry.DB
	Ledger      *ledger.Ledger
	Access      *access.Access
	Sources     *collect.Sources
	Touchpoints *touchpoint.Store
	People      *people.Records
	Imports     *connect.Jobs
	Journeys    *journey.Store
	Impact      *impact.Room
	Surveys     *survey.Room
	Mail        *mail.Outbox
	Invitations *invite.Room
	Listen      *listen.Room
	Voice       *voice.Room
	FollowUps   *followup.Room
	Status      *status.Room
	Site        *web.Site

	door    *collect.Door
	weaver  *weave.Weaver
	metrics *prometheus.Registry
	asking  *hold // of what asks people and looks after what they say
	lock    *flock.Flock
	local   localToken
	company companyCache
	failure atomic.Pointer[error] // what stopped the weaver
	closers []func() error        // in the order of opening
	close   sync.Once
}

// Open opens the folder for this process alone. The folder must hold a Regia
// (CreateFolder); Conflict when another process has it.
func Open(ctx context.Context, c Config, version string, logger *slog.Logger) (_ *App, err error) {
	if !c.Initialised() {
		return nil, experience.Errorf(experience.NotFound, "there is no Regia in the folder %s yet: make one with: regia init --data %s", c.Data, c.Data)
	}
	a := &App{Config: c, Version: version, Clock: experience.SystemClock, Logger: logger, metrics: prometheus.NewRegistry(), local: newLocalToken(), asking: newHold()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.lock, err = c.lock(); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.lock.Unlock)
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := a.openBooks(ctx); err != nil {
		return nil, err
	}
	a.metrics.MustRegister(a.orderMetrics()...)
	if err := a.openRooms(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) openBooks(ctx context.Context) (err error) {
	c := a.Config
	o := registry.Options{URL: c.Registry, Logger: a.Logger}
	if c.Registry == "" {
		o.Path = filepath.Join(c.Data, registryFile)
	}
	if a.Registry, err = registry.Open(ctx, o); err != nil {
		return err
	}
	a.closers = append(a.closers, a.Registry.Close)
	l := ledger.Options{URL: c.Ledger, Logger: a.Logger, HotLimit: c.LedgerHotRows}
	if c.Ledger == "" {
		l.Path = filepath.Join(c.Data, ledgerFile)
	}
	if a.Ledger, err = ledger.Open(ctx, l); err != nil {
		return err
	}
	a.closers = append(a.closers, a.Ledger.Close)
	mqtt, err := c.mqtt()
	if err != nil {
		return err
	}
	a.Log, err = stream.Open(ctx, stream.Options{
		Dir: filepath.Join(c.Data, logFolder), URL: c.NATS, MaxBytes: c.Backlog, Retention: cmp.Or(c.Retention, DefaultRetention), MQTT: mqtt, Logger: a.Logger, Clock: a.Clock,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.Log.Close)
	return nil
}

// Company gives the company's settings, a second old at most.
func (a *App) Company(ctx context.Context) experience.Company {
	return a.company.get(a.Clock(), func() (experience.Company, error) { return a.Registry.Company(ctx) })
}

// Close lets go of everything in the reverse order of opening. It may be
// called more than once.
func (a *App) Close() (err error) {
	a.close.Do(func() {
		for i := len(a.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, a.closers[i]())
		}
	})
	return err
}

// companyCache spares the registry a read for every request.
type companyCache struct {
	mu      sync.Mutex
	company experience.Company
	read    time.Time
}

func (c *companyCache) get(now time.Time, load func() (experience.Company, error)) experience.Company {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.IsZero() || now.Sub(c.read) > time.Second {
		fresh, err := load()
		switch {
		case err == nil:
			c.company, c.read = fresh, now
		case c.read.IsZero():
			return experience.DefaultCompany()
		}
	}
	return c.company
}

func (c *companyCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = time.Time{}
}
