package impact

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// How much of each list the page shows.
const (
	weightsShown = 10
	likelyShown  = 20
)

// silentView is the page about those who never answer.
type silentView struct {
	view
	*Prediction
	names map[experience.ID]string
}

func (r *Room) silentPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	s := silentView{view: v, Prediction: r.foretold(v.p)}
	if v.sees {
		var ids []experience.ID
		for _, l := range s.first() {
			ids = append(ids, l.Person)
		}
		if len(ids) > 0 {
			if s.names, err = r.People.Names(q.Context(), ids); err != nil {
				return err
			}
		}
	}
	return r.site.Render(w, q, web.Page{Room: "impact", Title: q.L.T("impact.silent.title")}, silentBody(s))
}

// first are the people to begin with, where the reader may see whom it is about.
func (s silentView) first() []Likely {
	if !s.sees {
		return nil
	}
	return s.likely[:min(likelyShown, len(s.likely))]
}

func (s silentView) few() bool { return s.Refused == "few" }

func (s silentView) answer() string {
	switch {
	case s.few():
		return s.l.T("impact.silent.few", "n", s.Answers)
	case s.Refused != "":
		return s.l.T("impact.silent.weak")
	case s.Silent.Low.N == 0:
		return s.l.T("impact.silent.nobody")
	}
	return s.l.T("impact.silent.answer", "n", s.Silent.People, "share", s.l.Percent(s.Silent.Low.Value), "low", s.lowWords())
}

// lowWords says what a low answer is: "stelle, fino a 2".
func (s silentView) lowWords() string {
	return s.l.T("impact.silent.low", "scale", s.l.ScaleLabel(s.Scale), "score", s.l.Short(math.Floor(s.Lowest)))
}

func (s silentView) fewWords() string {
	return s.l.T("impact.silent.few.text", "answers", fewAnswers, "low", fewLow, "n", s.Answers, "scale", s.l.ScaleLabel(s.Scale), "bad", s.Low)
}

func (s silentView) proofTitle() string {
	if s.Proof.Beats() {
		return s.l.T("impact.silent.proof.beats")
	}
	return s.l.T("impact.silent.proof.weak")
}

func (s silentView) proofWords() string {
	return s.l.T("impact.silent.proof.text", "learned", s.Proof.Learned, "until", s.l.Date(s.Proof.Until), "tried", s.Proof.Tried)
}

func (s silentView) gainWords() string {
	g := s.Proof.OverDelay
	return s.l.T("impact.silent.gain", "gain", s.l.Decimal(g.Value, 3), "low", s.l.Decimal(g.Low, 3), "high", s.l.Decimal(g.High, 3))
}

// side is a line of the comparison of those who are silent and those who spoke.
type side struct {
	who      string
	evidence experience.Evidence
	n        int64
	low      stats.Interval
	score    float64
	scored   bool
}

func (s silentView) sides() []side {
	spoke := side{who: s.l.T("impact.silent.who.spoke"), evidence: experience.Stated, n: s.Answers, low: stats.Share(s.Low, s.Answers), score: s.Mean, scored: true}
	if s.Silent.Low.N == 0 {
		return []side{spoke}
	}
	e := s.Silent.Low
	silent := side{who: s.l.T("impact.silent.who.silent"), evidence: experience.Inferred, n: s.Silent.People, low: stats.Interval{Value: e.Value, Low: e.Low, High: e.High, N: e.N},
		score: s.Silent.Score.Value, scored: true}
	return []side{silent, spoke}
}

// percents writes an interval of a share: "dal 12 % al 18 %".
func (s silentView) percents(i stats.Interval) string {
	return s.l.T("impact.between", "low", s.l.Percent(i.Low), "high", s.l.Percent(i.High))
}

type way struct {
	name  string
	trial Trial
	ours  bool
}

func (s silentView) ways() []way {
	return []way{
		{s.l.T("impact.silent.way.ours"), s.Proof.Ours, true},
		{s.l.T("impact.silent.way.delay"), s.Proof.DelayOnly, false},
		{s.l.T("impact.silent.way.base"), s.Proof.BaseRate, false},
	}
}

func (s silentView) thousandths(i stats.Interval) string {
	return s.l.T("impact.between", "low", s.l.Decimal(i.Low, 3), "high", s.l.Decimal(i.High, 3))
}

// columnName says what the prediction looks at.
func (s silentView) columnName(i Influences) string {
	if i.Rule >= 0 {
		return s.p.Book.Rules[i.Rule].Name.In(s.l.Lang())
	}
	if way, ok := strings.CutPrefix(i.Key, "payment:"); ok {
		return s.l.T("impact.column.payment", "way", strings.ReplaceAll(way, "_", " "))
	}
	return s.l.T("impact.column." + i.Key)
}

// strongest are the things that surely move the prediction.
func (s silentView) strongest() []web.Bar {
	var bars []web.Bar
	for _, i := range s.Weights {
		if i.Effect.Low <= 0 && i.Effect.High >= 0 || len(bars) == weightsShown {
			continue
		}
		b := web.Bar{Label: s.columnName(i), Amount: math.Abs(i.Effect.Value), Evidence: experience.Inferred, Tone: web.Petrol,
			Value: s.l.T("impact.silent.less"), Note: s.l.T("impact.silent.n", "n", i.N)}
		if i.Effect.Value > 0 {
			b.Tone, b.Value = web.Terracotta, s.l.T("impact.silent.more")
		}
		bars = append(bars, b)
	}
	return bars
}

func (s silentView) name(p Likely) string {
	if n := s.names[p.Person]; n != "" {
		return n
	}
	id := p.Person.String()
	return s.l.T("impact.anonymous", "mark", "#"+id[len(id)-4:])
}

// Places in the calibration picture: its square runs from plotEdge to plotEdge+plotSide.
const (
	plotEdge = 44.0
	plotSide = 300.0
)

func plotX(share float64) string { return px(plotEdge + plotSide*share) }

func plotY(share float64) string { return px(8 + plotSide*(1-share)) }

func px(v float64) string { return fmt.Sprintf("%.1f", v) }

// ticks of both axes of the calibration picture.
func ticks() []float64 { return []float64{0, 0.25, 0.5, 0.75, 1} }

// calibrationWords is the picture in words.
func (s silentView) calibrationWords() string {
	inside := 0
	for _, b := range s.Proof.Bins {
		if b.Observed.Low <= b.Predicted && b.Predicted <= b.Observed.High {
			inside++
		}
	}
	return s.l.T("impact.silent.calibration.alt", "n", len(s.Proof.Bins), "inside", inside)
}
