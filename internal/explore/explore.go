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
	Company     func(context.Context) experience.Company    // whose clocks cut days
	Touchpoints func(context.Context) ([]Touchpoint, error) // the whole catalogue
	Sources     func(context.Context) ([]Source, error)     // where events come from
	People      People
	Clock       experience.Clock
	Logger      *slog.Logger
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
	web.Operation(s, operation("funnel/people", "Who is behind a number of a funnel"), nil, r.funnelPeople)
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

// discreet refuses questions about single properties to those who may not see
// people: a property may hold a name, an address, a complaint. Wherever one is
// meant, the question's JSON says so.
func discreet(ctx context.Context, question any) error {
	if web.UserFrom(ctx).SeesPeople() {
		return nil
	}
	raw, err := json.Marshal(question)
	if err == nil && bytes.Contains(raw, []byte(`"properties.`)) {
		err = experience.Errorf(experience.Forbidden, "explore.error.details")
	}
	return err
}

type funnelPeopleInput struct {
	Step    int    `query:"step" minimum:"1" required:"true" doc:"Who came as far as this step, from 1"`
	Dropped bool   `query:"dropped" doc:"Only who went no further"`
	After   string `query:"after" doc:"The last case of the page before"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Body    analytics.Funnel
}

type caseItem struct {
	Case string `json:"case" doc:"Id of a person, or the name of a visit, an order or whatever a case is"`
}

type casesOutput struct {
	Body struct {
		Items []caseItem `json:"items"`
		Next  *string    `json:"next" doc:"What to give as after for the next page; null at the end"`
	}
}

func (r *Room) funnelPeople(ctx context.Context, in *funnelPeopleInput) (*casesOutput, error) {
	var out casesOutput
	if err := discreet(ctx, in.Body); err != nil {
		return nil, err
	}
	list, err := in.Body.People(ctx, r.Ledger, analytics.FunnelPlace{Step: in.Step, Dropped: in.Dropped}, in.After, in.Limit+1)
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = &list[in.Limit-1]
	}
	out.Body.Items = make([]caseItem, len(list))
	for i, name := range list {
		out.Body.Items[i].Case = name
	}
	return &out, err
}
