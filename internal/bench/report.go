package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a benchmark found. Its JSON is described in
// docs/benchmarks.md; names and units of figures stay what they are.
type Report struct {
	Benchmark  string         `json:"benchmark"`
	Version    string         `json:"version"` // of Regia
	Date       time.Time      `json:"date"`
	Machine    Machine        `json:"machine"`
	Parameters map[string]any `json:"parameters"`
	Figures    []Figure       `json:"figures"`
}

// Figure is one thing that was measured.
type Figure struct {
	Name string `json:"name"` // for programs: setting.what
	Unit string `json:"unit"` // events/s, ms, MB (of 1,000,000 bytes), ratio, s, us, events, rows, people
	// Value is the median where it was measured several times; for times with
	// percentiles it is the median too.
	Value float64  `json:"value"`
	N     int      `json:"n"`             // how many measurements it is made of
	Min   *float64 `json:"min,omitempty"` // of them
	Max   *float64 `json:"max,omitempty"`
	// Percentiles by name: p50, p90, p99, p999.
	Percentiles map[string]float64 `json:"percentiles,omitempty"`
	AtLeast     *float64           `json:"at_least,omitempty"` // what is promised, where something is
	AtMost      *float64           `json:"at_most,omitempty"`
}

// judged is what a promise is held against: the 99th percentile of times that
// have one, else the value.
func (f Figure) judged() float64 {
	if p, ok := f.Percentiles["p99"]; ok {
		return p
	}
	return f.Value
}

// Kept tells whether a figure keeps what is promised; promised is false when
// nothing is.
func (f Figure) Kept() (kept, promised bool) {
	v := f.judged()
	return (f.AtLeast == nil || v >= *f.AtLeast) && (f.AtMost == nil || v <= *f.AtMost), f.AtLeast != nil || f.AtMost != nil
}

// MarshalJSON rounds to five digits: more would pretend.
func (f Figure) MarshalJSON() ([]byte, error) {
	type plain Figure
	p := plain(f)
	p.Value = rounded(p.Value)
	for _, at := range []**float64{&p.Min, &p.Max} {
		if *at != nil {
			v := rounded(**at)
			*at = &v
		}
	}
	if p.Percentiles != nil {
		p.Percentiles = maps.Clone(p.Percentiles)
		for k, v := range p.Percentiles {
			p.Percentiles[k] = rounded(v)
		}
	}
	return json.Marshal(p)
}

func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil || math.IsNaN(r) || math.IsInf(r, 0) {
		return 0
	}
	return r
}

// promise makes the bound of a figure.
func promise(v float64) *float64 { return &v }

// single is a figure that was measured once.
func single(name, unit string, value float64) Figure {
	return Figure{Name: name, Unit: unit, Value: value, N: 1}
}

// several is a figure measured several times: the median and how far they lie
// apart.
func several(name, unit string, values []float64) Figure {
	f := Figure{Name: name, Unit: unit, N: len(values)}
	if len(values) == 0 {
		return f
	}
	sorted := slices.Sorted(slices.Values(values))
	f.Value = sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		f.Value = (f.Value + sorted[len(sorted)/2-1]) / 2
	}
	f.Min, f.Max = &sorted[0], &sorted[len(sorted)-1]
	return f
}

// times is a figure in milliseconds made of many durations.
func times(name string, all []time.Duration) Figure {
	f := Figure{Name: name, Unit: "ms", N: len(all), Percentiles: map[string]float64{}}
	if len(all) == 0 {
		return f
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(p float64) float64 {
		return float64(sorted[min(len(sorted)-1, int(math.Ceil(p*float64(len(sorted))))-1)]) / float64(time.Millisecond)
	}
	for _, p := range []struct {
		name string
		part float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}} {
		f.Percentiles[p.name] = at(p.part)
	}
	worst := at(1)
	f.Value, f.Max = f.Percentiles["p50"], &worst
	return f
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) {
	fmt.Fprintf(w, "regia bench %s · Regia %s · %s\n%s\n", r.Benchmark, r.Version, r.Date.Format(time.RFC3339), r.Machine)
	for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
		fmt.Fprintf(w, "  %s = %v\n", name, r.Parameters[name])
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nfigure\tvalue\tunit\tn\tspread\tpromise")
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\n", f.Name, short(f.Value), f.Unit, f.N, f.spread(), f.verdict())
	}
	_ = t.Flush()
}

func (f Figure) spread() string {
	var parts []string
	for _, p := range []string{"p50", "p90", "p99", "p999"} {
		if v, ok := f.Percentiles[p]; ok {
			parts = append(parts, p+" "+short(v))
		}
	}
	switch {
	case f.Min != nil && f.Max != nil && f.N > 1:
		parts = append(parts, short(*f.Min)+" … "+short(*f.Max))
	case f.Max != nil && f.Min == nil:
		parts = append(parts, "most "+short(*f.Max))
	}
	return strings.Join(parts, ", ")
}

func (f Figure) verdict() string {
	kept, promised := f.Kept()
	if !promised {
		return ""
	}
	word := "kept"
	if !kept {
		word = "NOT KEPT"
	}
	if f.AtLeast != nil {
		return word + " (at least " + short(*f.AtLeast) + ")"
	}
	return word + " (at most " + short(*f.AtMost) + ")"
}

// short writes a number in as many digits as matter.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
