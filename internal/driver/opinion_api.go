package driver

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// OpinionsQuery asks for figures. (Exported, as huma only fills exported
// fields.)
type OpinionsQuery struct {
	Scale      string    `query:"scale" doc:"nps, csat, ces, stars, smiley, thumb, percent, or with another best answer stars/10; absent: the one most people answered on" maxLength:"40"`
	By         string    `query:"by" doc:"touchpoint, shop, channel, survey, question, stage, month or trait:NAME; absent: all together" maxLength:"210"`
	From       time.Time `query:"from" doc:"From when on; absent: from the beginning"`
	To         time.Time `query:"to" doc:"Until before when; absent: until now"`
	Touchpoint string    `query:"touchpoint" doc:"Only answers about this touchpoint" maxLength:"200"`
	Shop       string    `query:"shop" maxLength:"200"`
	Survey     string    `query:"survey" maxLength:"200"`
	Channel    string    `query:"channel" doc:"Only answers of people asked by this channel" maxLength:"200"`
	Question   string    `query:"question" maxLength:"200"`
}

// OpinionFigure is what some people answered on one scale.
type OpinionFigure struct {
	Key     string   `json:"key"`
	TooFew  bool     `json:"too_few" doc:"Not to be shown: fewer than 20 answers"`
	N       int64    `json:"n" doc:"Answers"`
	People  int64    `json:"people" doc:"Known people among them, each once"`
	Value   *float64 `json:"value" doc:"In the scale's own measure; null where there are too few"`
	Low     *float64 `json:"low" doc:"Lower end of the 95 % interval"`
	High    *float64 `json:"high" doc:"Upper end of the 95 % interval"`
	Best    int64    `json:"best" doc:"Promoters, or answers in the best boxes, or in the best quarter of the scale"`
	Between int64    `json:"between"`
	Worst   int64    `json:"worst" doc:"Detractors, or answers below the middle, or in the worst quarter of the scale"`
	Before  *float64 `json:"before" doc:"The value in the time as long just before"`
	Change  *float64 `json:"change" doc:"Against the time as long just before"`
	P       *float64 `json:"p" doc:"How probable a change as large is when there is none"`
	Clear   bool     `json:"clear" doc:"The change is more than chance, also among as many figures as there are (Benjamini and Hochberg, 5 %)"`
}

// OpinionScale is a scale with how many answered on it.
type OpinionScale struct {
	Scale   string             `json:"scale"`
	Low     float64            `json:"from" doc:"The worst answer"`
	High    float64            `json:"to" doc:"The best answer"`
	Measure experience.Measure `json:"measure" enum:"nps,share,mean" doc:"nps: promoters less detractors, −100 to 100; share: the part in the best boxes, 0 to 1; mean: in the scale's points"`
	N       int64              `json:"n"`
}

type opinionsOutput struct {
	Body struct {
		From    time.Time       `json:"from"`
		To      time.Time       `json:"to"`
		Scale   OpinionScale    `json:"scale"`
		Scales  []OpinionScale  `json:"scales" doc:"All scales of the period, the most used first; they are never counted together"`
		Figures []OpinionFigure `json:"figures"`
	}
}

type responsesInput struct {
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Survey string    `query:"survey" maxLength:"200"`
}

// ResponseRate is how many of those asked answered.
type ResponseRate struct {
	Survey   string   `json:"survey"`
	Channel  string   `json:"channel"`
	Asked    int64    `json:"asked"`
	Answered int64    `json:"answered"`
	Share    *float64 `json:"share" doc:"0 to 1; null where fewer than 20 were asked"`
	Low      *float64 `json:"low"`
	High     *float64 `json:"high"`
}

// ResponseContrast compares those who answered with those who did not.
type ResponseContrast struct {
	What     string  `json:"what" enum:"channel,stage,orders,spent" doc:"spent is a mean in the company's currency, the others are shares, 0 to 1"`
	Key      string  `json:"key" doc:"orders: 0, 1, or 2 for two and more"`
	Answered float64 `json:"answered"`
	Silent   float64 `json:"silent"`
	Less     float64 `json:"difference" doc:"Of those who answered less of the silent"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	P        float64 `json:"p"`
	Clear    bool    `json:"clear"`
}

type responsesOutput struct {
	Body struct {
		Asked     int64              `json:"asked" doc:"Without those who could not be reached and those asked less than seven days ago"`
		Bounced   int64              `json:"bounced"`
		Waiting   int64              `json:"waiting" doc:"Asked less than seven days ago"`
		Rates     []ResponseRate     `json:"rates"`
		Contrasts []ResponseContrast `json:"contrasts" doc:"Empty where either side has fewer than 20 people"`
	}
}

type opinionPeopleInput struct {
	OpinionsQuery
	Part  string `query:"part" enum:"best,between,worst" doc:"Only this side of the scale"`
	After int    `query:"after" minimum:"0" doc:"How many to leave out at the head"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// OpinionPerson is one answer behind a figure.
type OpinionPerson struct {
	Person     *experience.ID `json:"person" doc:"null where nobody knows who"`
	Answer     experience.ID  `json:"interaction"`
	Score      float64        `json:"score" doc:"On the scale that was asked for"`
	At         time.Time      `json:"at"`
	Touchpoint string         `json:"touchpoint"`
	Survey     string         `json:"survey"`
}

type opinionPeopleOutput struct {
	Body struct {
		Total int             `json:"total"`
		Items []OpinionPerson `json:"items" doc:"The worst answers first, then the latest"`
	}
}

func (r *Room) registerOpinionsAPI(s *web.Site) {
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: "/api/v1/opinions" + path, Summary: summary, Tags: []string{"Opinions"}}
	}
	web.Operation(s, op("opinions", "", "What people answered, on one scale, with intervals"), nil, r.opinionsAPI)
	web.Operation(s, op("opinion-responses", "/responses", "How many of those asked answer, and who does not"), nil, r.responsesAPI)
	web.Operation(s, op("opinion-people", "/people", "The answers behind a figure"), lookers(), r.opinionPeopleAPI)
}

// ask makes a question of what the API was asked.
func (in *OpinionsQuery) ask(b *book, now time.Time) (Question, []Figure, error) {
	q := Question{From: in.From, To: in.To, Only: map[Axis]string{}}
	limits(&q.From, &q.To, b, now)
	if !q.From.Before(q.To) {
		return q, nil, experience.Errorf(experience.Invalid, "opinion.error.period")
	}
	for a, key := range map[Axis]string{ByTouchpoint: in.Touchpoint, ByShop: in.Shop, BySurvey: in.Survey, ByChannel: in.Channel, ByQuestion: in.Question} {
		if key != "" {
			q.Only[a] = key
		}
	}
	scales := b.used(q.From, q.To)
	if in.Scale != "" {
		s, ok := experience.ScaleNamed(in.Scale, "")
		if !ok {
			return q, nil, experience.Errorf(experience.Invalid, "opinion.error.scale")
		}
		q.Scale = s.Key
	} else if len(scales) > 0 {
		q.Scale = scales[0].Key
	}
	return q, scales, nil
}

// limits fills in the ends of a period that are left open.
func limits(from, to *time.Time, b *book, now time.Time) {
	first, _ := b.span()
	if to.IsZero() {
		*to = now
	}
	if from.IsZero() {
		*from = first
		if first.IsZero() || !first.Before(*to) {
			*from = to.AddDate(-1, 0, 0)
		}
	}
}

func (r *Room) opinionsAPI(ctx context.Context, in *OpinionsQuery) (*opinionsOutput, error) {
	b, err := r.book(ctx)
	if err != nil {
		return nil, err
	}
	q, scales, err := in.ask(b, r.Clock())
	if err != nil {
		return nil, err
	}
	by := Axis(strings.TrimSpace(in.By))
	var axes []Axis
	if by != "" {
		axes = append(axes, by)
	}
	k, err := r.keysOf(ctx, b, q, axes...)
	if err != nil {
		return nil, err
	}
	var out opinionsOutput
	out.Body.From, out.Body.To = q.From, q.To
	out.Body.Scales, out.Body.Figures = []OpinionScale{}, []OpinionFigure{}
	for _, f := range scales {
		out.Body.Scales = append(out.Body.Scales, scaleOf(f))
	}
	if s, ok := choose(scales, q.Scale); ok {
		out.Body.Scale = scaleOf(Figure{Scale: s})
		for _, f := range scales {
			if f.Key == s.Key {
				out.Body.Scale = scaleOf(f)
			}
		}
	}
	for _, f := range b.figures(q, k, by) {
		out.Body.Figures = append(out.Body.Figures, figureOf(f))
	}
	return &out, nil
}

func scaleOf(f Figure) OpinionScale {
	return OpinionScale{Scale: f.Scale.Key, Low: f.Scale.Low, High: f.Scale.High, Measure: f.Scale.Measure, N: f.Interval.N}
}

// shown gives the numbers of an interval, none where there are too few.
func shown(i stats.Interval) (value, low, high *float64) {
	if i.TooFew() {
		return nil, nil, nil
	}
	return &i.Value, &i.Low, &i.High
}

func figureOf(f Figure) OpinionFigure {
	out := OpinionFigure{Key: f.Key, TooFew: f.Interval.TooFew(), N: f.Interval.N, People: f.People, Worst: f.Parts[0], Between: f.Parts[1], Best: f.Parts[2], Clear: f.Clear}
	out.Value, out.Low, out.High = shown(f.Interval)
	if f.Before != nil {
		out.Before, _, _ = shown(*f.Before)
	}
	if f.Change != nil {
		out.Change, out.P = &f.Change.Value, &f.Change.P
	}
	return out
}

func (r *Room) responsesAPI(ctx context.Context, in *responsesInput) (*responsesOutput, error) {
	b, err := r.book(ctx)
	if err != nil {
		return nil, err
	}
	limits(&in.From, &in.To, b, r.Clock())
	found, err := r.silence(ctx, b, in.From, in.To, r.Clock(), in.Survey)
	if err != nil {
		return nil, err
	}
	var out responsesOutput
	out.Body.Asked, out.Body.Bounced, out.Body.Waiting = found.Asked, found.Bounced, found.Waiting
	out.Body.Rates, out.Body.Contrasts = []ResponseRate{}, []ResponseContrast{}
	for _, x := range found.Rates {
		one := ResponseRate{Survey: x.Survey, Channel: x.Channel, Asked: x.Asked, Answered: x.Answered}
		one.Share, one.Low, one.High = shown(x.Share)
		out.Body.Rates = append(out.Body.Rates, one)
	}
	for _, c := range found.Contrast {
		out.Body.Contrasts = append(out.Body.Contrasts, ResponseContrast{What: c.What, Key: c.Key, Answered: c.Answered.Value, Silent: c.Silent.Value,
			Less: c.Less.Value, Low: c.Less.Low, High: c.Less.High, P: c.Less.P, Clear: c.Clear})
	}
	return &out, nil
}

func (r *Room) opinionPeopleAPI(ctx context.Context, in *opinionPeopleInput) (*opinionPeopleOutput, error) {
	b, err := r.book(ctx)
	if err != nil {
		return nil, err
	}
	q, _, err := in.ask(b, r.Clock())
	if err != nil {
		return nil, err
	}
	k, err := r.keysOf(ctx, b, q)
	if err != nil {
		return nil, err
	}
	part := in.Part
	if part == "between" {
		part = "middle"
	}
	list := b.behind(q, k, partsOf(part)...)
	var out opinionPeopleOutput
	out.Body.Total, out.Body.Items = len(list), []OpinionPerson{}
	list = list[min(in.After, len(list)):]
	for _, s := range list[:min(in.Limit, len(list))] {
		one := OpinionPerson{Answer: s.Response.ID, Score: s.Item.Score, At: time.UnixMicro(s.Response.At).UTC(), Touchpoint: s.Response.Touchpoint, Survey: s.Response.Survey}
		if !s.Response.Person.IsZero() {
			one.Person = &s.Response.Person
		}
		out.Body.Items = append(out.Body.Items, one)
	}
	return &out, nil
}
