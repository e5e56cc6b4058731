package web

import (
	"time"

	"github.com/a-h/templ"

	"regia/internal/experience"
)

// Tone is a meaning a colour stands for; "" is neutral.
type Tone string

// The tones. Channels and stages have tones of their own: ChannelTone, StageTone.
const (
	Petrol     Tone = "petrol"     // the brand, what is chosen
	Terracotta Tone = "terracotta" // what hurts
	Sage       Tone = "sage"       // what is calm
	Ochre      Tone = "ochre"      // what wants attention
	Sand       Tone = "sand"       // what stands back
)

// ChannelTone is the colour a channel has everywhere.
func ChannelTone(c experience.Channel) Tone { return Tone("ch-" + string(c)) }

// StageTone is the colour a stage has everywhere.
func StageTone(s experience.Stage) Tone { return Tone("st-" + string(s)) }

// HeadProps is the head of a page: a question, its answer, what it rests on.
type HeadProps struct {
	Question string          // small, above
	Answer   string          // one sentence; **stars** mark the figure that matters
	Body     templ.Component // instead of Answer, where it needs more than stars
	Period   string          // "1–31 ott 2026"
	N        string          // "n = 1.204"
	Compare  string          // "contro settembre"
	Live     bool            // shows LiveDot
	Action   templ.Component // the page's one primary action
}

// WidgetProps is one question on a page, with its own trouble.
type WidgetProps struct {
	ID     string // of the element, for links and htmx
	Title  string // the finding, or the question
	Note   string // small, below the title: period, n, how it is counted
	Err    error  // shown instead of the body
	Load   string // address that answers with the body: a skeleton stands here until it has
	Every  string // with Load: refreshes so often, such as "30s"
	Lines  int    // with Load: height of the skeleton in lines, 0 is 4
	Action templ.Component
	Wide   bool // takes the whole row of a Grid
	Bare   bool // no paper behind it
}

// EmptyProps is an empty state: it teaches the next step.
type EmptyProps struct {
	Icon        string
	Title       string
	Text        string
	ActionLabel string // with ActionURL: the next step
	ActionURL   string
	CodeLabel   string
	Code        string // a working example, copyable
}

// OfferProps is something to begin from: Offer needs a URL, OfferButton the
// Name and Value that its form sends.
type OfferProps struct {
	Title, Text string
	URL         string
	Name, Value string
	Blank       bool // an empty beginning, drawn lighter than the others
}

// Change compares a figure with the former period.
type Change struct {
	Now, Before float64
	Good        int    // +1: more is better, -1: less is better, 0: neither
	Against     string // "su ottobre", "on October"
}

// StatProps is one figure.
type StatProps struct {
	ID     string // of the value's element, for live updates
	Label  string
	Value  string
	URL    string // the people or things behind the figure
	Change *Change
	N      string // "n = 1.204", or "troppo pochi (n = 7)"
	Hint   string // explains the word, on hover and focus
	Spark  []float64
}

// Bar is one line of a BarList.
type Bar struct {
	Label     string
	Value     string  // as written
	Amount    float64 // as long
	URL       string
	Icon      string             // name of an icon
	Channel   experience.Channel // draws the channel's icon and colour
	Tone      Tone
	Evidence  experience.Evidence // "" is filled without a mark
	Note      string              // small, after the label
	Former    float64             // with HasFormer: a tick where the former period was
	HasFormer bool
}

// BarsProps is a list of horizontal bars.
type BarsProps struct {
	Label string // what is counted, for screen readers
	Bars  []Bar
	Max   float64 // full length; 0 is the longest bar
}

// Series is one line, or one set of columns, of a chart. NaN is a gap.
type Series struct {
	Name   string
	Values []float64
	Tone   Tone
	Former bool // the former period: thin and dashed
}

// ChartProps is a chart over time or over ordered classes.
type ChartProps struct {
	Title  string   // the finding, in words
	Labels []string // one for each value
	Series []Series
	Format func(float64) string // writes a value; nil: a whole number
	Height int                  // in pixels, 0 is 220
	Most   float64              // what no value can exceed, such as the end of a scale; 0: nothing known
	Note   string
	Head   string // the head of the labels' column in the table; "" is "Periodo"
}

// Column is one column of a Table.
type Column struct {
	Label  string
	Number bool   // right-aligned tabular figures
	URL    string // sorts by this column
	Sorted string // "asc", "desc" or ""
	Hide   bool   // not on phones
}

// TableProps is a table; the rows are its children (tr elements).
type TableProps struct {
	Label   string // for screen readers
	Columns []Column
	Stack   bool // on phones every row becomes a card: cells carry data-label
	BodyID  string
}

// ChipProps is a touchpoint named in a line.
type ChipProps struct {
	Label    string
	Channel  experience.Channel
	URL      string
	Evidence experience.Evidence
}

// DotProps is one interaction on a Timeline.
type DotProps struct {
	ID       string
	Time     time.Time
	Title    string
	Channel  experience.Channel
	Chip     *ChipProps          // the touchpoint, when it is bound
	Evidence experience.Evidence // "" is stated
	Tone     Tone                // perception, when known
	Note     string              // one line below the title
	Amount   string              // money, at the right
}

// Tab is one view among several.
type Tab struct {
	Label  string
	URL    string
	Active bool
	Count  string
}

// Choice is one entry of a SelectField.
type Choice struct {
	Value, Label string
	Selected     bool
}

// FieldProps is one field of a form.
type FieldProps struct {
	Name, Label string
	Type        string // of the input; "" is text
	Value       string
	Hint        string
	Error       string
	Placeholder string
	Required    bool
	Autofocus   bool
	Auto        string // autocomplete
	Rows        int    // TextField: lines
	Mono        bool   // keys, codes, JSON
	Choices     []Choice
}

// Suggestion is one answer of the search as one types.
type Suggestion struct {
	URL, Title, Note string
	Icon             string
	Channel          experience.Channel
}

// PersonProps is a person named in a line; masked from who may not see it.
type PersonProps struct {
	Name string
	Note string
	URL  string
}
