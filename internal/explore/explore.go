// Package explore is where people look for what others go through: funnels,
// paths, retention, trends and the process that is really followed. What the
// questions mean is in package analytics; here they get an address.
package explore

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Room answers questions about what happened: by API, and on pages.
type Room struct {
	Ledger      *ledger.Ledger
	Company     func(context.Context) experience.Company               // whose clocks cut days
	Touchpoints func(context.Context) ([]experience.Touchpoint, error) // the whole catalogue
	Sources     func(context.Context) ([]experience.Source, error)     // where events come from
	People      People
	// TraitNames lists what people say of themselves, most frequent first; nil: nothing.
	TraitNames func(ctx context.Context) ([]string, error)
	// Traits gives the value of a trait of each person who has one; nil: nobody's.
	Traits func(ctx context.Context, name string) (map[experience.ID]string, error)
	Clock  experience.Clock
	Logger *slog.Logger
	// Title names an event for people; nil: by its own name.
	Title func(l *web.Locale, kind experience.Kind, name string) string
	// Patience is how long a page waits for an answer before it is sent without
	// it, and the answer follows by itself; 0 is 2 s.
	Patience time.Duration

	site    *web.Site
	reading sync.Mutex
	known   *vocabulary // guarded by reading
}

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Patience <= 0 {
		r.Patience = 2 * time.Second
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.registerPages(s)
	r.registerAPI(s)
	return nil
}

func (r *Room) registerAPI(s *web.Site) {
	ask(s, "funnel", "How many go through the steps, and where the others stop", func(ctx context.Context, q *analytics.Funnel) (analytics.FunnelAnswer, error) {
		q.Traits = r.Traits
		return q.Ask(ctx, r.Ledger)
	})
	ask(s, "paths", "Where people go after something, or where they came from", func(ctx context.Context, q *analytics.Paths) (analytics.PathsAnswer, error) {
		return q.Ask(ctx, r.Ledger)
	})
	ask(s, "retention", "How many come back", func(ctx context.Context, q *analytics.Retention) (analytics.RetentionAnswer, error) {
		return q.Ask(ctx, r.Ledger, r.Company(ctx).Location())
	})
	ask(s, "trends", "How much happened over time", func(ctx context.Context, q *analytics.Trend) (analytics.TrendAnswer, error) {
		return q.Ask(ctx, r.Ledger, r.Company(ctx).Location())
	})
	ask(s, "process", "In which order things really happen, and how that differs from the design", func(ctx context.Context, q *analytics.Process) (analytics.ProcessAnswer, error) {
		return q.Ask(ctx, r.Ledger)
	})
	r.registerPeopleAPI(s)
}

func operation(path, summary string) huma.Operation {
	return huma.Operation{OperationID: "analyse-" + strings.ReplaceAll(path, "/", "-"), Method: http.MethodPost, Path: "/api/v1/analytics/" + path, Tags: []string{"Analytics"}, Summary: summary}
}

type question[Q any] struct{ Body Q }

type answer[A any] struct{ Body A }

// ask gives a question its address. It changes nothing, so whoever may read may
// ask.
func ask[Q, A any](s *web.Site, path, summary string, f func(context.Context, *Q) (A, error)) {
	web.Operation(s, operation(path, summary), nil, func(ctx context.Context, in *question[Q]) (*answer[A], error) {
		if err := discreet(ctx, in.Body); err != nil {
			return nil, err
		}
		out, err := f(ctx, &in.Body)
		return &answer[A]{out}, err
	})
}

// discreet refuses questions about single properties and traits to those who may not see
// people: a property may hold a name, an address, a complaint. Wherever one is
// meant, the question's JSON says so.
func discreet(ctx context.Context, question any) error {
	if web.UserFrom(ctx).SeesPeople() {
		return nil
	}
	raw, err := json.Marshal(question)
	if err == nil && (bytes.Contains(raw, []byte(`"properties.`)) || bytes.Contains(raw, []byte(`"traits.`))) {
		err = experience.Errorf(experience.Forbidden, "explore.error.details")
	}
	return err
}
