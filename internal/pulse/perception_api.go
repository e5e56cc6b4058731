package pulse

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/web"
)

type perceptionOutput struct{ Body PerceptionReport }

// PerceptionReport is how people were moved in a period.
type PerceptionReport struct {
	Period Span `json:"period"`
	Perceived
}

func (r *Room) registerPerception(s *web.Site) {
	web.Operation(s, huma.Operation{OperationID: "get-pulse-perception", Method: http.MethodGet, Path: "/api/v1/pulse/perception", Tags: []string{"Pulse"},
		Summary: "How people were moved: what rose, what fell, and where it hurts most"}, nil, r.perceptionAPI)
	s.Page("GET /pulse/people", nil, r.movedPage)
}

func (r *Room) perceptionAPI(ctx context.Context, in *reportInput) (*perceptionOutput, error) {
	q := url.Values{"period": {in.Period}, "from": {in.From}, "to": {in.To}}
	now := r.Clock()
	e, err := r.extent(ctx, now, false)
	if err != nil {
		return nil, err
	}
	p, err := readPeriod(q, e, now, r.Company(ctx).Location())
	if err != nil {
		return nil, err
	}
	c, err := r.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	perceived, err := r.perception(ctx, p, c, now)
	return &perceptionOutput{PerceptionReport{p.now, perceived}}, err
}
