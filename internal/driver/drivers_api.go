package driver

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

type driversInput struct {
	OpinionsQuery
	Of       string `query:"of" enum:"rated,lived,said" doc:"What people rated themselves, what had happened to them before, or what they wrote about; absent: the first that can tell something"`
	OfSurvey string `query:"of_survey" maxLength:"200" doc:"Of rated: the survey whose questions are the drivers; absent: the one with most answers"`
}

// DriverEstimate is a figure with its 95 % interval.
type DriverEstimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// DriverFigure is how much one driver matters.
type DriverFigure struct {
	Key         string          `json:"key"`
	N           int64           `json:"n" doc:"Answers that rated it, before which it happened, or that name it"`
	Weight      DriverEstimate  `json:"weight" doc:"Relative weight (Johnson 2000): its part of the spread of the answers; all add up to R²"`
	Share       DriverEstimate  `json:"share" doc:"The same as a part of R²"`
	Beta        DriverEstimate  `json:"beta" doc:"Standardised coefficient of the regression on all drivers: its sign is the direction"`
	Direction   int             `json:"direction" doc:"1: more of it goes with better answers, -1: with worse ones, 0: not sure"`
	Slope       DriverEstimate  `json:"slope" doc:"Points of the answer for one more of it, the others being equal"`
	NPS         *DriverEstimate `json:"nps" doc:"Points of NPS for one more of it, the others being equal"`
	Again       *DriverEstimate `json:"again" doc:"Change of the share who buy again within 90 days for one more of it; null: too few did"`
	Performance DriverEstimate  `json:"performance" doc:"How well it goes, 0 to 1: the mean as a part of its scale; of what happens, the share spared, or met where it helps"`
	Corner      Corner          `json:"corner" enum:"act,keep,later,enough"`
}

// DriverLeftOut is a driver that nothing can be said of.
type DriverLeftOut struct {
	Key   string `json:"key"`
	Why   string `json:"why" enum:"rare,same,many"`
	Other string `json:"other,omitempty" doc:"Of same: the driver it goes with almost always"`
	N     int64  `json:"n"`
}

// DriverAgain is who bought again within 90 days of their answer.
type DriverAgain struct {
	N      int64              `json:"n" doc:"People, each by their first answer that is old enough"`
	Point  *DriverEstimate    `json:"point" doc:"Change of the share for one point of the answer (logistic regression); null: too few"`
	Scores []DriverAgainScore `json:"scores"`
}

// DriverAgainScore is who bought again of those with one answer.
type DriverAgainScore struct {
	Score float64  `json:"score"`
	N     int64    `json:"n"`
	Share *float64 `json:"share" doc:"null where there are fewer than 20"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

type driversOutput struct {
	Body struct {
		From    time.Time       `json:"from"`
		To      time.Time       `json:"to"`
		Scale   string          `json:"scale"`
		Of      Kind            `json:"of" enum:"rated,lived,said"`
		Survey  string          `json:"survey,omitempty"`
		N       int64           `json:"n" doc:"Answers"`
		People  int64           `json:"people" doc:"Who gave them; answers of nobody known count one each"`
		Refused string          `json:"refused,omitempty" doc:"Why nothing is told: nothing, few (under 100 answers), single (under two drivers that happened ten times), alike (they cannot be told apart), noise (together they may explain nothing), topics (no texts were read)"`
		R2      *DriverEstimate `json:"r2" doc:"Part of the spread of the answers that all drivers account for"`
		Drivers []DriverFigure  `json:"drivers" doc:"What matters most first. Associations, no proof of a cause"`
		LeftOut []DriverLeftOut `json:"left_out"`
		Again   DriverAgain     `json:"again"`
	}
}

func (r *Room) registerDriversAPI(s *web.Site) {
	web.Operation(s, huma.Operation{OperationID: "drivers", Method: http.MethodGet, Path: "/api/v1/drivers", Summary: "What matters most for what people answer, and what one point is worth", Tags: []string{"Opinions"}}, nil, r.driversAPI)
}

func (r *Room) driversAPI(ctx context.Context, in *driversInput) (*driversOutput, error) {
	b, err := r.book(ctx)
	if err != nil {
		return nil, err
	}
	if in.Scale == "" {
		from, to := in.From, in.To
		limits(&from, &to, b, r.Clock())
		scale, _ := outcome(b.used(from, to), "")
		in.Scale = scale.Key
	}
	q, _, err := in.ask(b, r.Clock())
	if err != nil {
		return nil, err
	}
	if !slices.Contains(outcomes(), q.Scale) {
		return nil, experience.Errorf(experience.Invalid, "driver.error.scale")
	}
	a, err := r.reckon(ctx, b, Outcome{Question: q, Kind: Kind(in.Of), Survey: in.OfSurvey}, reckonFor)
	if err != nil {
		return nil, err
	}
	return a.told(), nil
}

func estimate(i stats.Interval) DriverEstimate { return DriverEstimate{i.Value, i.Low, i.High} }

func (a Analysis) told() *driversOutput {
	var out driversOutput
	b := &out.Body
	b.From, b.To, b.Scale, b.Of, b.Survey, b.N, b.People, b.Refused = a.From, a.To, a.Scale.Key, a.Kind, a.Survey, a.N, a.People, a.Refused
	b.Drivers, b.LeftOut = []DriverFigure{}, []DriverLeftOut{}
	if a.R2.N > 0 && a.R2.Bounded() {
		r2 := estimate(a.R2)
		b.R2 = &r2
	}
	for _, d := range a.Drivers {
		one := DriverFigure{Key: d.Key, N: d.N, Weight: estimate(d.Weight.Weight), Share: estimate(d.Weight.Share), Beta: estimate(d.Weight.Beta), Direction: d.Direction(),
			Slope: estimate(d.Weight.Slope), Performance: estimate(d.Performance), Corner: d.Corner}
		if d.NPS != nil {
			nps := estimate(*d.NPS)
			one.NPS = &nps
		}
		if d.Again != nil && d.Again.Bounded() {
			again := estimate(*d.Again)
			one.Again = &again
		}
		b.Drivers = append(b.Drivers, one)
	}
	for _, x := range a.Left {
		b.LeftOut = append(b.LeftOut, DriverLeftOut(x))
	}
	b.Again = DriverAgain{N: a.Again.N, Scores: []DriverAgainScore{}}
	if a.Again.Point != nil && a.Again.Point.Bounded() {
		point := estimate(*a.Again.Point)
		b.Again.Point = &point
	}
	for _, s := range a.Again.Scores {
		one := DriverAgainScore{Score: s.Score, N: s.Share.N}
		one.Share, one.Low, one.High = shown(s.Share)
		b.Again.Scores = append(b.Again.Scores, one)
	}
	return &out
}
