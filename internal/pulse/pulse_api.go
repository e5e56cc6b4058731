package pulse

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"regia/internal/web"
)

type reportInput struct {
	Period string `query:"period" enum:"today,7d,30d,90d,12m" doc:"Ends now, or where the data end; 30d unless from or to is given"`
	From   string `query:"from" example:"2026-10-01" doc:"A day in the company's time zone, or a moment (RFC 3339)"`
	To     string `query:"to" example:"2026-10-31" doc:"A day, included, or a moment, excluded"`
	All    bool   `query:"all" doc:"Also bots and the company's own staff"`
}

type reportOutput struct{ Body Report }

// Report is the figures of the Pulse page.
type Report struct {
	Period   Span   `json:"period"`
	Before   Span   `json:"before" doc:"The period compared with: as long, right before"`
	TimeZone string `json:"time_zone" doc:"Where days are cut"`
	Places
	Unbound Pair    `json:"unbound" doc:"Interactions that no touchpoint claims yet"`
	Volume  Volume  `json:"volume"`
	Faces   Faces   `json:"faces" doc:"People never seen before, and those who came back"`
	Revenue []Money `json:"revenue"`
	Gaps    Gaps    `json:"not_measured" doc:"Where nothing ever came from"`
}

func (r *Room) registerAPI(s *web.Site) {
	web.Operation(s, huma.Operation{OperationID: "get-pulse", Method: http.MethodGet, Path: "/api/v1/pulse", Tags: []string{"Pulse"},
		Summary: "What is happening: figures over a period against the one before"}, nil, r.reportAPI)
}

func (r *Room) reportAPI(ctx context.Context, in *reportInput) (*reportOutput, error) {
	q := url.Values{"period": {in.Period}, "from": {in.From}, "to": {in.To}}
	if in.All {
		q.Set("all", "1")
	}
	now := r.Clock()
	e, err := r.extent(ctx, now, in.All)
	if err != nil {
		return nil, err
	}
	p, err := readPeriod(q, e, now, r.Company(ctx).Location())
	if err != nil {
		return nil, err
	}
	report, err := r.report(ctx, p)
	return &reportOutput{report}, err
}

// report gathers all figures of a period.
func (r *Room) report(ctx context.Context, p period) (Report, error) {
	out := Report{Period: p.now, Before: p.before, TimeZone: p.zone.String()}
	c, err := r.catalogue(ctx)
	if err != nil {
		return out, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { out.Places, err = r.places(ctx, p, c); return err })
	g.Go(func() (err error) { out.Volume, err = r.volume(ctx, p); return err })
	g.Go(func() (err error) { out.Faces, err = r.faces(ctx, p); return err })
	g.Go(func() (err error) { out.Revenue, err = r.money(ctx, p); return err })
	g.Go(func() error {
		seen, err := r.origins(ctx, p.all)
		out.Gaps = c.gaps(seen)
		return err
	})
	err = g.Wait()
	out.Unbound = out.Places.unbound()
	return out, err
}
