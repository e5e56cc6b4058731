package pulse

import (
	"context"
	"math"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"regia/internal/experience"
	"regia/internal/web"
)

// How many lines of each kind the page shows; the API has all.
const (
	movedShown = 3
	painsShown = 4
)

// feltView is the part of the page about perception.
type feltView struct {
	Perceived
	maps map[string]string // by touchpoint: the address of a map that draws it
}

func (r *Room) perceptionPart(ctx context.Context, v view) (templ.Component, error) {
	f := feltView{}
	var err error
	if f.Perceived, err = r.perception(ctx, v.p, v.c, v.at); err != nil {
		return nil, err
	}
	if r.Maps != nil {
		if f.maps, err = r.Maps(ctx); err != nil {
			return nil, err
		}
	}
	return perceptionBody(v, f), nil
}

// nothing tells that it is not known at all how people were moved.
func (f feltView) nothing() bool { return f.People == 0 && f.Tested+f.Short == 0 }

// feltTitle is the finding: what fell, else what rose, else that all is calm.
func (v view) feltTitle(f feltView) string {
	switch {
	case f.nothing():
		return v.l.T("pulse.perception")
	case len(f.Fell) > 0:
		return v.l.T("pulse.perception.fell", "name", v.spot(f.Fell[0].Touchpoint))
	case len(f.Rose) > 0:
		return v.l.T("pulse.perception.rose", "name", v.spot(f.Rose[0].Touchpoint))
	case len(f.Hurts) > 0:
		return v.l.T("pulse.perception.hurts.finding", "name", v.spot(f.Hurts[0].Touchpoint))
	case f.Tested > 0:
		return v.l.T("pulse.perception.calm")
	}
	return v.l.T("pulse.perception")
}

func (v view) feltNote(f feltView) string {
	if f.nothing() {
		return v.span(v.p.now)
	}
	return v.l.T("pulse.perception.note", "span", v.span(v.p.now), "n", f.People)
}

// spot names a touchpoint, also none.
func (v view) spot(key string) string {
	if key == "" {
		return v.l.T("pulse.stage.none")
	}
	return v.touchpointName(key)
}

func (v view) spotChip(key string) web.ChipProps {
	address := "/touchpoints/unbound"
	if key != "" {
		address = "/touchpoints/" + url.PathEscape(key)
	}
	return web.ChipProps{Label: v.spot(key), Channel: v.c.channel(key, ""), URL: address}
}

// figure writes a score as people read it, from −100 to +100.
func (v view) figure(f float64) string {
	n := math.Round(100 * f)
	if n > 0 {
		return "+" + v.l.Decimal(n, 0)
	}
	return v.l.Decimal(n+0, 0)
}

// surely writes an interval: "da −0,31 a −0,17".
func (v view) surely(e experience.Estimate) string {
	return v.l.T("pulse.perception.between", "low", v.figure(e.Low), "high", v.figure(e.High))
}

func (v view) moved(m Movement) string {
	return v.l.T("pulse.perception."+m.Kind, "what", v.l.T("pulse.dimension."+string(m.Dimension)),
		"before", v.figure(m.Before.Value), "after", v.figure(m.After.Value), "since", v.l.Day(m.Since))
}

func (v view) movedBasis(m Movement) string {
	return v.l.T("pulse.perception.difference", "by", v.figure(m.Difference.Value), "between", v.surely(m.Difference), "count", m.Difference.N)
}

// weekly gives the values of a movement's weeks that are known.
func weekly(m Movement) []float64 {
	var out []float64
	for _, w := range m.Weeks {
		if w.N >= fewInWeek {
			out = append(out, w.Value)
		}
	}
	return out
}

// a look is a suggestion where to look next.
type look struct{ label, url string }

// next suggests a look: at the map that draws the touchpoint, else at what
// people do before they get there.
func (v view) next(f feltView, touchpoint string) look {
	switch address, drawn := f.maps[touchpoint]; {
	case touchpoint == "":
		return look{v.l.T("pulse.unbound.bind"), "/touchpoints/unbound"}
	case drawn:
		return look{v.l.T("pulse.perception.map"), address}
	}
	return look{v.l.T("pulse.perception.paths"), "/explore/paths?" + url.Values{"anchor": {"touchpoint:" + touchpoint}, "before": {"1"}}.Encode()}
}

// behind is the address of the people behind a figure.
func (v view) behind(touchpoint string, dimension experience.Dimension, e experience.Evidence, span Span, best bool) string {
	q := url.Values{"touchpoint": {touchpoint}, "evidence": {string(e)},
		"from": {span.From.In(v.p.zone).Format(dateFormat)}, "to": {span.To.Add(-time.Nanosecond).In(v.p.zone).Format(dateFormat)}}
	if dimension != "" {
		q.Set("dimension", string(dimension))
	}
	if best {
		q.Set("order", "best")
	}
	return "/pulse/people?" + q.Encode()
}

func (v view) movedBehind(f feltView, m Movement) string {
	from := m.Since
	if m.Kind == "trend" {
		from = f.Weeks.To.AddDate(0, 0, -7*(newsWeeks/3))
	}
	return v.behind(m.Touchpoint, m.Dimension, m.Evidence, Span{from, f.Weeks.To}, m.Difference.Value > 0)
}

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }
