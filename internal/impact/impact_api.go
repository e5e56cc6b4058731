package impact

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// Who may see whom a figure is about, and who may weigh the rules.
var (
	lookers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

type (
	// Asked is a question in an address. (Exported, as huma only fills exported
	// fields.)
	Asked struct {
		From       string               `query:"from" doc:"First day, as 2026-11-01"`
		To         string               `query:"to" doc:"Last day, included"`
		Evidence   experience.Evidence  `query:"evidence" enum:"stated,inferred,assumed" doc:"Only this kind"`
		Dimension  experience.Dimension `query:"dimension" enum:"cognitive,emotional,behavioural,sensory" doc:"Only this one"`
		Touchpoint string               `query:"touchpoint" doc:"Only at this one, by key"`
		Stage      experience.Stage     `query:"stage" doc:"Only at this one"`
		Channel    experience.Channel   `query:"channel" doc:"Only in this one"`
		Department string               `query:"department" doc:"Only where this one answers for it"`
		Month      string               `query:"month" doc:"Only in this one, as 2026-11"`
		Why        string               `query:"why" doc:"Only from this scale, rule or step"`
	}
	scoresInput struct {
		Asked
		By []Axis `query:"by" maxItems:"3" enum:"touchpoint,stage,channel,department,month,dimension,why" doc:"What figures are told apart by, besides evidence: up to three, parted by commas"`
	}
	scoresOutput struct {
		Body struct {
			AsOf    time.Time    `json:"as_of" doc:"When the picture was reckoned"`
			Figures []figureItem `json:"figures" doc:"One kind of evidence each, what hurts most first; mean values without a dimension are means over dimensions and scales"`
		}
	}
	figureItem struct {
		Keys     map[Axis]string     `json:"keys"`
		Estimate experience.Estimate `json:"estimate" doc:"Mean impact, -1 to 1; the interval counts people, not interactions"`
		People   int64               `json:"people"`
		TooFew   bool                `json:"too_few" doc:"Too few people for the figure to be shown to anybody"`
		Pull     float64             `json:"pull" doc:"Score times reach: by how much the mean of all differs because of it"`
	}
	personsInput struct {
		Asked
		Best  bool `query:"best" doc:"Those it was best for first"`
		Limit int  `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}
	personsOutput struct {
		Body struct {
			All   int          `json:"all"`
			Items []personItem `json:"items"`
		}
	}
	personItem struct {
		Person experience.ID `json:"person"`
		Value  float64       `json:"value"`
		N      int64         `json:"n"`
		Last   time.Time     `json:"last"`
		Why    string        `json:"why"`
	}
	personInput struct {
		ID string `path:"id" maxLength:"40"`
	}
	personOutput struct {
		Body struct {
			Scores []experience.Estimate `json:"scores" doc:"One for each kind of evidence there is"`
			Curve  []impressionItem      `json:"curve" doc:"Oldest first"`
		}
	}
	impressionItem struct {
		Interaction experience.ID       `json:"interaction"`
		Time        time.Time           `json:"time"`
		Event       string              `json:"event"`
		Touchpoint  string              `json:"touchpoint"`
		Order       string              `json:"order,omitempty"`
		Impacts     []experience.Impact `json:"impacts"`
	}
	rulesOutput struct {
		Body struct {
			Rules []ruleItem `json:"rules"`
		}
	}
	ruleItem struct {
		Key       string               `json:"key"`
		Name      Text                 `json:"name"`
		Why       Text                 `json:"why"`
		Unit      Text                 `json:"unit" doc:"What the weight is of"`
		Events    []string             `json:"events"`
		Dimension experience.Dimension `json:"dimension"`
		Weight    float64              `json:"weight" doc:"How much one unit moves what people say, -1 to 1"`
		Error     float64              `json:"error" doc:"Its standard error; where it is not fitted, its designer's doubt"`
		N         int64                `json:"n" doc:"Answers before which it fired"`
		From      string               `json:"from" enum:"fitted,design,hand" doc:"Where the weight comes from: the company's own answers, the rule's designer, somebody by hand"`
		Design    float64              `json:"design" doc:"The weight its designer gave it"`
		Off       bool                 `json:"off"`
	}
	handInput struct {
		Key  string `path:"key" maxLength:"60"`
		Body Hand
	}
	fitOutput struct {
		Body struct {
			N      int64      `json:"n" doc:"Answers"`
			Sigma  float64    `json:"sigma" doc:"How much answers differ beyond what the rules tell"`
			Scales []baseItem `json:"scales"`
			// HoldOut: the earlier three quarters learned, the last foretold.
			HoldOut struct {
				Learned   int64   `json:"learned"`
				Tried     int64   `json:"tried"`
				Error     float64 `json:"error" doc:"Root of the mean squared error"`
				MeanError float64 `json:"mean_error" doc:"The same of foretelling each scale's mean"`
				Explained float64 `json:"explained" doc:"1 - (error/mean_error)^2"`
			} `json:"hold_out"`
		}
	}
	baseItem struct {
		Scale string  `json:"scale"`
		N     int64   `json:"n"`
		Base  float64 `json:"base" doc:"What people answer where nothing happened before, -1 to 1"`
	}
	influencesInput struct {
		Scale string `query:"scale" doc:"As stars, nps, csat, ces; absent: the one with most answers"`
	}
	influencesOutput struct {
		Body struct {
			Scale      string          `json:"scale"`
			Influences []influenceItem `json:"influences" doc:"The strongest first"`
		}
	}
	influenceItem struct {
		Measure string      `json:"measure" doc:"What happened: the key of a rule, or delivery (several)"`
		Rules   []string    `json:"rules"`
		N       int64       `json:"n"`
		Share   float64     `json:"share" doc:"What part of the differences between answers goes with it, 0 to 1 (epsilon squared)"`
		Levels  []levelItem `json:"levels"`
	}
	levelItem struct {
		Level  string          `json:"level"`
		Mean   *stats.Interval `json:"mean" doc:"Of the answers, in the scale's own units; null where one answer alone cannot tell"`
		N      int64           `json:"n"`
		TooFew bool            `json:"too_few"`
	}
	scalesOutput struct {
		Body struct {
			Scales []scaleItem `json:"scales" doc:"The most used first; scales are never averaged together"`
		}
	}
	scaleItem struct {
		Scale  string          `json:"scale"`
		Low    float64         `json:"low"`
		High   float64         `json:"high"`
		Mean   *stats.Interval `json:"mean"`
		NPS    *stats.Interval `json:"nps" doc:"Promoters less detractors, -100 to 100; only of nps"`
		N      int64           `json:"n"`
		People int64           `json:"people"`
	}
)

func (r *Room) registerAPI(s *web.Site) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/impact/" + path, Tags: []string{"Impact"}, Summary: summary}
	}
	web.Operation(s, op("impact-scores", http.MethodGet, "scores", "What interactions do to people, told apart by where, when and how it is known"), nil, r.scoresAPI)
	web.Operation(s, op("impact-persons", http.MethodGet, "persons", "Who is behind a figure, those it was worst for first"), lookers, r.personsAPI)
	web.Operation(s, op("impact-person", http.MethodGet, "persons/{id}", "One person's scores and curve"), lookers, r.personAPI)
	web.Operation(s, op("impact-rules", http.MethodGet, "rules", "The rules that conclude from what happened, and their weights"), nil, r.rulesAPI)
	web.Operation(s, op("impact-rule", http.MethodPut, "rules/{key}", "Switch a rule off or on, or weigh it by hand"), steerers,
		func(ctx context.Context, in *handInput) (*struct{}, error) {
			return nil, r.Decide(ctx, in.Key, in.Body, web.UserFrom(ctx).ID)
		})
	web.Operation(s, op("impact-fit", http.MethodGet, "fit", "How the weights were fitted, and how well they foretell answers they had not seen"), nil, r.fitAPI)
	web.Operation(s, op("impact-influences", http.MethodGet, "influences", "What goes with how people answer, the strongest first"), nil, r.influencesAPI)
	web.Operation(s, op("impact-scales", http.MethodGet, "scales", "What people answered, scale by scale"), nil, r.scalesAPI)
}

// question reads an address.
func (a Asked) question(zone *time.Location) (q Question, err error) {
	q = Question{Evidence: a.Evidence, Dimension: a.Dimension, Only: map[Axis]string{}}
	for axis, key := range map[Axis]string{
		ByTouchpoint: a.Touchpoint, ByStage: string(a.Stage), ByChannel: string(a.Channel), ByDepartment: a.Department, ByMonth: a.Month, ByWhy: a.Why,
	} {
		if key != "" {
			q.Only[axis] = key
		}
	}
	if a.From != "" {
		if q.From, err = time.ParseInLocation(time.DateOnly, a.From, zone); err != nil {
			return q, experience.Errorf(experience.Invalid, "impact.error.date")
		}
	}
	if a.To != "" {
		if q.To, err = time.ParseInLocation(time.DateOnly, a.To, zone); err != nil {
			return q, experience.Errorf(experience.Invalid, "impact.error.date")
		}
		q.To = q.To.AddDate(0, 0, 1)
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, experience.Errorf(experience.Invalid, "impact.error.order")
	}
	return q, nil
}

// ready gives what most answers need.
func (r *Room) ready(ctx context.Context) (*Picture, Places, *time.Location, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, Places{}, nil, err
	}
	all, err := r.Touchpoints(ctx)
	return p, NewPlaces(all), r.Company(ctx).Location(), err
}

func (r *Room) scoresAPI(ctx context.Context, in *scoresInput) (*scoresOutput, error) {
	p, places, zone, err := r.ready(ctx)
	if err != nil {
		return nil, err
	}
	q, err := in.question(zone)
	if err != nil {
		return nil, err
	}
	q.By = in.By
	var out scoresOutput
	out.Body.AsOf = p.AsOf
	out.Body.Figures = []figureItem{}
	for _, f := range p.Figures(q, places, zone) {
		item := figureItem{Keys: f.Keys, Estimate: f.Estimate, People: f.People, TooFew: f.TooFew(), Pull: f.Pull}
		out.Body.Figures = append(out.Body.Figures, item)
	}
	return &out, nil
}

func (r *Room) personsAPI(ctx context.Context, in *personsInput) (*personsOutput, error) {
	p, places, zone, err := r.ready(ctx)
	if err != nil {
		return nil, err
	}
	q, err := in.question(zone)
	if err != nil {
		return nil, err
	}
	if q.Evidence == "" {
		return nil, experience.Errorf(experience.Invalid, "impact.error.evidence")
	}
	var out personsOutput
	list, all := p.Behind(q, places, zone, in.Best, in.Limit)
	out.Body.All = all
	out.Body.Items = make([]personItem, len(list))
	for i, x := range list {
		out.Body.Items[i] = personItem(x)
	}
	return &out, nil
}

func (r *Room) personAPI(ctx context.Context, in *personInput) (*personOutput, error) {
	id, err := experience.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var out personOutput
	out.Body.Scores = []experience.Estimate{}
	for _, e := range evidences {
		if s, ok := p.Score(id, e); ok {
			out.Body.Scores = append(out.Body.Scores, s)
		}
	}
	out.Body.Curve = []impressionItem{}
	for _, i := range p.Curve(id) {
		out.Body.Curve = append(out.Body.Curve, impressionItem{i.Interaction, i.Time, i.Name, i.Touchpoint, i.Order, i.Impacts})
	}
	return &out, nil
}

// Where a rule's weight comes from.
const (
	fromFit    = "fitted"
	fromDesign = "design"
	fromHand   = "hand"
)

func (w Weight) from() string {
	switch {
	case w.Hand:
		return fromHand
	case w.Fitted:
		return fromFit
	}
	return fromDesign
}

func (r *Room) rulesAPI(ctx context.Context, _ *struct{}) (*rulesOutput, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var out rulesOutput
	for i, x := range p.Book.Rules {
		w := p.Book.Weights[i]
		out.Body.Rules = append(out.Body.Rules, ruleItem{
			Key: x.Key, Name: x.Name, Why: x.Why, Unit: x.Unit, Events: x.Events, Dimension: x.Dimension,
			Weight: w.Value, Error: w.Error, N: w.N, From: w.from(), Design: x.Weight, Off: w.Off,
		})
	}
	return &out, nil
}

func (r *Room) fitAPI(ctx context.Context, _ *struct{}) (*fitOutput, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var out fitOutput
	b := &out.Body
	b.N, b.Sigma, b.Scales = p.Fit.N, p.Fit.Sigma, []baseItem{}
	for _, s := range p.Fit.Scales {
		b.Scales = append(b.Scales, baseItem{s.Scale.Key, s.N, s.Base})
	}
	h := p.Fit.HoldOut
	b.HoldOut.Learned, b.HoldOut.Tried, b.HoldOut.Error, b.HoldOut.MeanError, b.HoldOut.Explained = h.Learned, h.Tried, h.Error, h.MeanError, h.Explained
	return &out, nil
}

// scale finds one that people answered on; "" is the most used.
func (p *Picture) scale(key string) (experience.Scale, bool) {
	all := p.Scales(time.Time{}, time.Time{})
	i := slices.IndexFunc(all, func(a Answered) bool { return key == "" || a.Scale.Key == strings.ToLower(key) })
	if i < 0 {
		return experience.Scale{}, false
	}
	return all[i].Scale, true
}

func (r *Room) influencesAPI(ctx context.Context, in *influencesInput) (*influencesOutput, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var out influencesOutput
	out.Body.Influences = []influenceItem{}
	scale, ok := p.scale(in.Scale)
	if !ok {
		return &out, nil
	}
	out.Body.Scale = scale.Key
	for _, f := range p.Influences(scale) {
		item := influenceItem{Measure: f.Measure, Rules: f.Rules, N: f.N, Share: f.Share}
		for _, l := range f.Levels {
			item.Levels = append(item.Levels, levelItem{l.Key, bounded(l.Interval), l.N, l.N < experience.TooFew})
		}
		out.Body.Influences = append(out.Body.Influences, item)
	}
	return &out, nil
}

func (r *Room) scalesAPI(ctx context.Context, _ *struct{}) (*scalesOutput, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var out scalesOutput
	out.Body.Scales = []scaleItem{}
	for _, a := range p.Scales(time.Time{}, time.Time{}) {
		out.Body.Scales = append(out.Body.Scales, scaleItem{a.Scale.Key, a.Scale.Low, a.Scale.High, bounded(a.Mean), a.NPS, a.Mean.N, a.People})
	}
	return &out, nil
}

// bounded leaves out what JSON cannot write.
func bounded(i stats.Interval) *stats.Interval {
	if !i.Bounded() {
		return nil
	}
	return &i
}
