package web

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"regia/internal/experience"
)

// galleryPage shows every component with invented figures: for looking at them
// and for the browser test. It is there only with Options.Gallery.
func (s *Site) galleryPage(w http.ResponseWriter, r *Request) error {
	if r.User == nil {
		r.User = &User{ID: "gallery", Name: "Marta Bellini", Email: "marta@esempio.it", Role: experience.Owner}
		r.Request = r.WithContext(WithUser(r.Context(), r.User))
	}
	return s.Render(w, r, Page{Room: "pulse", Title: "Gallery"}, galleryBody(r.L, r.Now))
}

// galleryPart answers the gallery's lazy widget, its failing one, its sign-in
// card and its suggestions.
func (s *Site) galleryPart(w http.ResponseWriter, r *Request) error {
	switch r.PathValue("part") {
	case "lazy":
		return s.RenderFragment(w, r, BarList(BarsProps{Label: "lazy", Bars: galleryChannels()[:4]}))
	case "sign-in":
		return s.Render(w, r, Page{Title: "Accesso", Plain: true}, gallerySignIn())
	case "suggest":
		return s.RenderFragment(w, r, Suggestions([]Suggestion{
			{URL: "#", Title: "Marta Bellini", Note: "marta@esempio.it", Icon: "user"},
			{URL: "#", Title: "Martino Galli", Note: "+39 333 555 0101", Icon: "user"},
		}))
	case "missing":
		return experience.Errorf(experience.NotFound, "web.error.notfound")
	}
	return experience.Errorf(experience.Unavailable, "web.error.next.unavailable")
}

func galleryChannels() []Bar {
	amounts := []int64{18204, 9412, 6120, 2980, 2411, 1204, 980, 702, 611, 405, 290, 77, 12}
	l := newLocale(newBundle(), "it", time.UTC)
	bars := make([]Bar, len(experience.Channels))
	for i, c := range experience.Channels {
		bars[i] = Bar{Label: string(c), Channel: c, Amount: float64(amounts[i]), Value: l.N(amounts[i]), URL: "#",
			HasFormer: i < 4, Former: float64(amounts[i]) * 0.9}
	}
	return bars
}

func galleryEvidence() []Bar {
	return []Bar{
		{Label: "Consegna in ritardo", Value: "212", Amount: 212, Tone: Terracotta, Evidence: experience.Stated, Note: "n = 264"},
		{Label: "Attesa al telefono", Value: "141", Amount: 141, Tone: Ochre, Evidence: experience.Inferred, Note: "n = 190"},
		{Label: "Reso poco chiaro", Value: "60", Amount: 60, Tone: Petrol, Evidence: experience.Assumed, Note: "ipotesi"},
		{Label: "Gentilezza in negozio", Value: "–", Amount: 0, Tone: Sage, Note: "troppo pochi (n = 7)"},
	}
}

func galleryLine() ChartProps {
	labels, now, before := make([]string, 31), make([]float64, 31), make([]float64, 31)
	for i := range labels {
		labels[i] = fmt.Sprintf("%d ott", i+1)
		now[i] = 420 + 90*math.Sin(float64(i)/3.1) + float64(i)*7
		before[i] = 380 + 70*math.Sin(float64(i)/3.4+1)
	}
	now[14] = math.NaN()
	return ChartProps{Title: "Dal 20 ottobre si scrive di più, soprattutto la sera", Labels: labels, Series: []Series{
		{Name: "Ottobre", Values: now}, {Name: "Settembre", Values: before, Former: true}}}
}

func galleryColumns() ChartProps {
	return ChartProps{Title: "I reclami crescono con i ritardi", Labels: []string{"mag", "giu", "lug", "ago", "set", "ott"},
		Series: []Series{
			{Name: "Consegne in ritardo", Values: []float64{41, 38, 52, 60, 95, 131}, Tone: StageTone(experience.Delivery)},
			{Name: "Reclami", Values: []float64{12, 14, 13, 21, 33, 48}, Tone: StageTone(experience.Care)},
		}}
}

// galleryUntitled leaves the title to the widget around a chart.
func galleryUntitled(p ChartProps) ChartProps {
	p.Title = ""
	return p
}
