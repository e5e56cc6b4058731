package app

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"regia/internal/access"
	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/explore"
	"regia/internal/journey"
	"regia/internal/people"
	"regia/internal/pulse"
	"regia/internal/status"
	"regia/internal/touchpoint"
	"regia/internal/weave"
	"regia/internal/web"
)

// openRooms makes the rooms and wires them to each other.
func (a *App) openRooms(ctx context.Context) (err error) {
	proxies, err := collect.ParseNetworks(a.Config.TrustedProxies)
	if err != nil {
		return experience.Errorf(experience.Invalid, "trusted-proxies: %w", err)
	}
	a.Access = access.New(access.Options{
		DB: a.Registry, Clock: a.Clock, Logger: a.Logger, CompanyChanged: func(context.Context) { a.company.forget() },
		Address: func(r *http.Request) string { return collect.Address(r, proxies) },
	})
	if a.Site, err = web.New(web.Options{
		Auth: authenticator{local: a.local, next: a.Access}, Logger: a.Logger, Clock: a.Clock, Version: a.Version,
		Company: a.Company, SaveLanguage: a.Access.SaveLanguage,
		Libraries: a.Registry,
	}); err != nil {
		return err
	}
	if err := a.Site.KeepLibrary(ctx); err != nil {
		return err
	}
	if err := a.openTouchpoints(ctx); err != nil {
		return err
	}
	a.door = collect.New(collect.Options{
		Sources: a.Sources, Log: a.Log, Bus: a.Log, Company: a.Company, TrustedProxies: proxies, BaseURL: a.Config.URL,
		Metrics: a.metrics, Logger: a.Logger, Clock: a.Clock,
	})
	a.closers = append(a.closers, func() error { a.door.Close(); return nil })
	a.door.Register(a.Site)
	if err := a.openPeople(ctx); err != nil {
		return err
	}
	if err := a.openWeaver(ctx); err != nil {
		return err
	}
	a.Status = &status.Room{
		Log: a.Log, Ledger: a.Ledger, Failing: a.Failing, Clock: a.Clock, Version: a.Version,
		People: func(ctx context.Context) (int64, error) {
			c, err := a.People.Count(ctx)
			return c.All, err
		},
	}
	a.openImports()
	if err := a.openMail(ctx); err != nil {
		return err
	}
	a.Journeys = journey.NewStore(a.Registry, a.Clock)
	if a.Surveys, err = a.surveyRoom(ctx, proxies); err != nil {
		return err
	}
	if err := a.openInvitations(ctx); err != nil {
		return err
	}
	return a.register()
}

func (a *App) openTouchpoints(ctx context.Context) error {
	a.Sources = collect.NewSources(a.Registry, a.Clock)
	a.Touchpoints = touchpoint.NewStore(a.Registry, a.Log, a.Clock, a.Logger)
	if err := a.Sources.EnsureRegia(ctx); err != nil {
		return err
	}
	return a.Touchpoints.Seed(ctx)
}

func (a *App) openPeople(ctx context.Context) (err error) {
	a.People, err = people.NewRecords(ctx, a.Registry, a.Ledger)
	return err
}

func (a *App) openWeaver(ctx context.Context) error {
	secret, err := a.Registry.Secret(ctx)
	if err != nil {
		return err
	}
	a.weaver, err = weave.New(ctx, weave.Options{
		Log: a.Log, Registry: a.Registry, Ledger: a.Ledger, Clock: a.Clock, Logger: a.Logger,
		Identity: whoIsWho{people.NewBook(secret)}, Touchpoints: catalogue{a.Sources},
		Accepted: a.Log.Appended, Calls: a.Log.Calls,
		Alone: a.Config.Registry == "" || a.Config.NATS == "",
	})
	return err
}

// register opens the rooms' routes.
func (a *App) register() error {
	names := naming{touchpoints: a.Touchpoints, sources: a.Sources, known: &sourceCache{}}
	a.Impact = a.impactRoom(names)
	a.Voice = a.voiceRoom(names)
	a.FollowUps = a.followupRoom(names)
	lifecycle := a.lifecycleRoom(names)
	var err error
	if a.Listen, err = a.listenRoom(); err != nil {
		return err
	}
	rooms := []interface{ Register(*web.Site) error }{
		&pulse.Room{
			Ledger: a.Ledger, Bus: a.Log, Touchpoints: names.Touchpoints, Sources: forPulse{names}.Sources, People: a.People,
			Company: a.Company, Clock: a.Clock, Logger: a.Logger, BaseURL: a.Config.URL, Title: people.EventTitle,
			FollowUps: waiting{a}, Perception: a.Impact, Maps: a.touchpointMaps,
		},
		&people.Room{
			Records: a.People, Timelines: a.Ledger, Decider: a, Touchpoints: names, Sources: names, Company: a.Company, Clock: a.Clock, Woven: a.Caught, Logger: a.Logger,
			Relationships: relationships{lifecycle},
			Impact:        a.Impact,
		},
		touchpoint.NewRoom(touchpoint.Options{
			Store: a.Touchpoints, Ledger: a.Ledger, Sources: forTouchpoints{names}, Applier: a, Logger: a.Logger,
		}),
		collect.NewRoom(collect.RoomOptions{
			Sources: a.Sources, Recent: collect.NewRecent(a.Ledger), Bus: a.Log, Touchpoints: names, Changed: a.sourcesChanged,
			BaseURL: a.Config.URL, MQTT: a.Config.MQTT, Clock: a.Clock, Logger: a.Logger, Title: people.EventTitle,
		}),
		&explore.Room{
			Ledger: a.Ledger, Company: a.Company, Touchpoints: names.Touchpoints, Sources: names.Sources, People: a.People,
			TraitNames: a.People.CommonTraits, Traits: a.People.TraitValues, Clock: a.Clock, Logger: a.Logger, Title: people.EventTitle,
		},
		a.journeyRoom(names),
		a.driverRoom(names, lifecycle),
		a.Impact,
		a.exportRoom(names),
		a.importRoom(),
		a.hooksRoom(),
		a.mailRoom(),
		a.Invitations,
		a.Listen,
		lifecycle,
		a.Surveys,
		a.Voice,
		a.FollowUps,
		a.Access,
	}
	for _, r := range rooms {
		if err := r.Register(a.Site); err != nil {
			return err
		}
	}
	a.Status.Register(a.Site)
	a.registerChecks()
	metrics := promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{})
	a.Site.Page("GET /metrics", []experience.Role{experience.Owner}, func(w http.ResponseWriter, r *web.Request) error {
		metrics.ServeHTTP(w, r.Request)
		return nil
	})
	return nil
}

// sourcesChanged has bindings for kinds of sources follow their sources.
func (a *App) sourcesChanged(ctx context.Context) error {
	_, err := a.Touchpoints.SourcesChanged(ctx, "")
	return err
}

// Decide takes a human decision about identity in by the one door: the log.
func (a *App) Decide(ctx context.Context, d experience.Decision) error {
	properties, err := json.Marshal(d)
	if err != nil {
		return err
	}
	event, err := json.Marshal(experience.Event{
		MessageID: d.ID.String(), Kind: experience.Track, Name: weave.IdentityDecision, Time: d.At, Properties: properties, Imported: true,
	})
	if err != nil {
		return err
	}
	return a.Log.Append(ctx, []experience.Record{{Source: weave.OwnSource, ReceivedAt: a.Clock(), Event: event}})
}

// Applied waits until the past follows a version of the touchpoint catalogue.
func (a *App) Applied(ctx context.Context, version int64) error {
	return a.wait(ctx, func() (bool, error) {
		head, err := a.Ledger.Head(ctx)
		return head.Catalogue >= version, err
	})
}
