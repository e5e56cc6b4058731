package web

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

// drawn renders a component for somebody who reads Italian.
func drawn(t *testing.T, u *User, c templ.Component) string {
	t.Helper()
	it, _ := locales(t)
	it.now = testNow
	var b bytes.Buffer
	if err := c.Render(WithUser(WithLocale(context.Background(), it), u), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestChangeIsSaidInWords(t *testing.T) {
	it, _ := locales(t)
	for _, c := range []struct {
		change Change
		class  string
		words  string
	}{
		{Change{Now: 138, Before: 100, Good: 1, Against: "su ottobre"}, "change-good", "+38\u202f% su ottobre · meglio"},
		{Change{Now: 138, Before: 100, Good: -1}, "change-bad", "+38\u202f% · peggio"},
		{Change{Now: 62, Before: 100, Good: -1}, "change-good", "−38\u202f% · meglio"},
		{Change{Now: 62, Before: 100}, "change-steady", "−38\u202f%"},
		{Change{Now: 1001, Before: 1000, Good: 1}, "change-steady", "stabile"},
		{Change{Now: 5, Before: 0, Good: 1}, "change-good", "prima non c'era"},
		{Change{}, "change-steady", "stabile"},
	} {
		if c.change.class() != c.class || c.change.words(it) != c.words {
			t.Errorf("%+v: %s %q", c.change, c.change.class(), c.change.words(it))
		}
	}
}

func TestEmphasis(t *testing.T) {
	got := drawn(t, nil, PageHead(HeadProps{Answer: "Sono **212 clienti** & <tutti>."}))
	if !strings.Contains(got, "<strong>212 clienti</strong>") || !strings.Contains(got, "&amp; &lt;tutti&gt;.") {
		t.Error(got)
	}
}

func TestMaskedByRole(t *testing.T) {
	for _, c := range []struct {
		user *User
		sees bool
	}{{nil, false}, {&User{Role: experience.Viewer}, false}, {&User{Role: "odd"}, false}, {&User{Role: experience.Store}, true}, {&User{Role: experience.Owner}, true}} {
		for _, part := range []templ.Component{Masked("Giulia"), PersonLine(PersonProps{Name: "Giulia"}), Suggestions([]Suggestion{{Title: "Giulia"}})} {
			if got := strings.Contains(drawn(t, c.user, part), "Giulia"); got != c.sees {
				t.Errorf("%+v sees: %v", c.user, got)
			}
		}
	}
}

func TestWidgetKeepsItsTrouble(t *testing.T) {
	body := drawn(t, nil, Widget(WidgetProps{Title: "T", Err: experience.Errorf(experience.Unavailable, "web.error.notfound")}))
	if !strings.Contains(body, `role="alert"`) || !strings.Contains(body, "A questo indirizzo") {
		t.Error(body)
	}
	lazy := drawn(t, nil, Widget(WidgetProps{Title: "T", Load: "/x", Every: "30s"}))
	if !strings.Contains(lazy, `hx-get="/x"`) || !strings.Contains(lazy, `hx-trigger="load, every 30s"`) || !strings.Contains(lazy, "bone") {
		t.Error(lazy)
	}
}

func TestChartSaysWhatItDraws(t *testing.T) {
	p := ChartProps{Title: "Cresce", Labels: []string{"set", "ott", "nov"}, Series: []Series{{Name: "Reclami", Values: []float64{12, math.NaN(), 1204}}}}
	for _, c := range []templ.Component{LineChart(p), ColumnChart(p)} {
		got := drawn(t, nil, c)
		for _, want := range []string{`role="img"`, "Cresce. Reclami: minimo 12 (set), massimo 1.204 (nov)", "<table", "<details", ">–<", ">1.204<"} {
			if !strings.Contains(got, want) {
				t.Errorf("lacks %s", want)
			}
		}
		if strings.Contains(got, "NaN") {
			t.Error("NaN is drawn")
		}
	}
	if got := drawn(t, nil, LineChart(ChartProps{Series: []Series{{Values: []float64{math.NaN()}}}})); strings.Contains(got, "<svg") {
		t.Error("an empty chart is drawn")
	}
}

// Whatever the values, everything lies inside of the drawing.
func TestChartStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 1, 60).Draw(t, "values")
		c := layout(ChartProps{Labels: make([]string, len(values)), Series: []Series{{Values: values}}})
		if len(c.ticks) < 2 || len(c.ticks) > 7 {
			t.Fatalf("%d levels between %g and %g", len(c.ticks), c.low, c.high)
		}
		for i, v := range values {
			if y := c.y(v); y < chartTop-0.01 || y > chartTop+c.plot()+0.01 || math.IsNaN(y) {
				t.Fatalf("%g lies at %g", v, y)
			}
			if x := c.x(i); x <= 0 || x >= 100 {
				t.Fatalf("place %d lies at %g", i, x)
			}
		}
	})
}

func TestBars(t *testing.T) {
	got := drawn(t, nil, BarList(BarsProps{Bars: []Bar{{Label: "a", Amount: 50}, {Label: "b", Amount: 200}, {Label: "c", Amount: 0}, {Label: "d", Amount: -3}}}))
	for _, want := range []string{`width="25.00%"`, `width="100.00%"`} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in %s", want, got)
		}
	}
	if strings.Count(got, `class="fill`) != 2 {
		t.Error("nothing is drawn as something")
	}
	if share(3, 0) != "0%" || share(300, 100) != "100.00%" {
		t.Error("share leaves its bounds")
	}
}

func TestFieldIsTiedToItsError(t *testing.T) {
	got := drawn(t, nil, Field(FieldProps{Name: "mail", Label: "E-mail", Hint: "h", Error: "e"}))
	for _, want := range []string{`for="field-mail"`, `id="field-mail"`, `aria-invalid="true"`, `aria-describedby="field-mail-error field-mail-hint"`, `id="field-mail-error"`} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Marta Bellini": "MB", "anna": "A", "Maria Luisa De Santis": "MS", "": "X"} {
		if got := initials(&User{Name: name, Email: "x@y.it"}); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}
