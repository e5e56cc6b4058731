package impact

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	predictionOutput struct {
		Body struct {
			AsOf    time.Time    `json:"as_of" doc:"When the picture was reckoned"`
			Scale   string       `json:"scale" doc:"The scale with most answers: only these are foretold, as scales are never mixed"`
			Lowest  float64      `json:"low_up_to" doc:"Answers up to this one are low"`
			Answers int64        `json:"answers"`
			Low     int64        `json:"low_answers"`
			Refused string       `json:"refused,omitempty" enum:"few,weak" doc:"Why nothing is foretold: too few answers, or no better than simpler rules"`
			Proof   *Proof       `json:"proof,omitempty"`
			Silent  *Silent      `json:"silent,omitempty"`
			Weights []Influences `json:"weights" doc:"What the prediction looks at, what moves it most first"`
		}
	}
	likelyInput struct {
		Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}
	likelyOutput struct {
		Body struct {
			All   int      `json:"all"`
			Items []Likely `json:"items"`
		}
	}
)

func (r *Room) registerPrediction(s *web.Site) {
	web.Operation(s, huma.Operation{OperationID: "get-prediction", Method: http.MethodGet, Path: "/api/v1/impact/prediction", Tags: []string{"Impact"},
		Summary: "What those who never answered would probably say, and how well such predictions did on answers they had not seen"}, nil, r.predictionAPI)
	web.Operation(s, huma.Operation{OperationID: "get-prediction-people", Method: http.MethodGet, Path: "/api/v1/impact/prediction/people", Tags: []string{"Impact"},
		Summary: "Those who never answered, the most probably unhappy first"}, lookers, r.likelyAPI)
	s.Page("GET /impact/silent", nil, r.silentPage)
}

func (r *Room) predictionAPI(ctx context.Context, _ *struct{}) (*predictionOutput, error) {
	picture, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	p := r.foretold(picture)
	out := &predictionOutput{}
	b := &out.Body
	b.AsOf, b.Scale, b.Lowest, b.Answers, b.Low, b.Refused, b.Weights = picture.AsOf, p.Scale.Key, p.Lowest, p.Answers, p.Low, p.Refused, p.Weights
	if b.Weights == nil {
		b.Weights = []Influences{}
	}
	if p.Proof.Tried > 0 {
		b.Proof = &p.Proof
	}
	if p.Refused == "" && p.Silent.Low.N > 0 {
		b.Silent = &p.Silent
	}
	return out, nil
}

func (r *Room) likelyAPI(ctx context.Context, in *likelyInput) (*likelyOutput, error) {
	picture, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	p := r.foretold(picture)
	out := &likelyOutput{}
	out.Body.All = len(p.likely)
	out.Body.Items = append([]Likely{}, p.likely[:min(in.Limit, len(p.likely))]...)
	return out, nil
}

// foretold gives the prediction of a picture, and has those of later pictures
// ready before they are asked for.
func (r *Room) foretold(p *Picture) *Prediction {
	r.foretelling.Store(true)
	return p.Prediction()
}

// Likely gives what people who never answered would probably say, by the
// picture as it stands; those of whom nothing can be foretold are left out.
func (r *Room) Likely(ctx context.Context, people []experience.ID) (map[experience.ID]Likely, error) {
	picture, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	p := r.foretold(picture)
	out := map[experience.ID]Likely{}
	for _, id := range people {
		if i, ok := p.of[id]; ok {
			out[id] = p.likely[i]
		}
	}
	return out, nil
}
