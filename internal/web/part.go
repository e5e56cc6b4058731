package web

import (
	"context"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// piece is a run of text, marked or not.
type piece struct {
	text   string
	strong bool
}

// emphasis cuts a sentence at its **stars**.
func emphasis(sentence string) []piece {
	var out []piece
	for i, text := range strings.Split(sentence, "**") {
		if text != "" {
			out = append(out, piece{text: text, strong: i%2 == 1})
		}
	}
	return out
}

func loadTrigger(every string) string {
	if every == "" {
		return "load"
	}
	return "load, every " + every
}

func atLeast(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// toneClass sets the colour that a part's drawing uses.
func toneClass(t Tone) string {
	if t == "" {
		return "tone-plain"
	}
	return "tone-" + string(t)
}

// ratio is the relative change; NaN when there was nothing before.
func (c Change) ratio() float64 {
	if c.Before == 0 {
		return math.NaN()
	}
	return (c.Now - c.Before) / math.Abs(c.Before)
}

// steady changes are too small to speak of.
func (c Change) steady() bool {
	r := c.ratio()
	return c.Now == c.Before || math.Abs(r) < 0.005
}

func (c Change) class() string {
	switch {
	case c.steady() || c.Good == 0:
		return "change-steady"
	case (c.Now > c.Before) == (c.Good > 0):
		return "change-good"
	}
	return "change-bad"
}

func (c Change) icon() string {
	switch {
	case c.steady():
		return "arrow-right"
	case c.Now > c.Before:
		return "arrow-up"
	}
	return "arrow-down"
}

// words say the change and whether it helps: a colour alone says nothing.
func (c Change) words(l *Locale) string {
	against := c.Against
	if against != "" {
		against = " " + against
	}
	if c.steady() {
		return l.T("web.change.steady") + against
	}
	if math.IsNaN(c.ratio()) {
		return l.T("web.change.new")
	}
	text := l.PercentChange(c.ratio()) + against
	switch c.class() {
	case "change-good":
		return text + " · " + l.T("web.change.better")
	case "change-bad":
		return text + " · " + l.T("web.change.worse")
	}
	return text
}

func (b Bar) tone() Tone {
	if b.Tone == "" && b.Channel != "" {
		return ChannelTone(b.Channel)
	}
	if b.Tone == "" {
		return Petrol
	}
	return b.Tone
}

// full is the amount that fills a bar's whole length.
func (p BarsProps) full() float64 {
	if p.Max > 0 {
		return p.Max
	}
	var longest float64
	for _, b := range p.Bars {
		longest = max(longest, b.Amount, b.Former)
	}
	return longest
}

// share writes part of whole as a length between 0 and 100 %.
func share(part, whole float64) string {
	if whole <= 0 || math.IsNaN(part) || part <= 0 {
		return "0%"
	}
	return strconv.FormatFloat(min(100, 100*part/whole), 'f', 2, 64) + "%"
}

func sortWord(sorted string) string {
	if sorted == "asc" {
		return "ascending"
	}
	return "descending"
}

func flashIcon(t Tone) string {
	switch t {
	case Terracotta, Ochre:
		return "warning"
	case Sage:
		return "check"
	}
	return "info"
}

func personInitials(ctx context.Context, name string) string {
	if !UserFrom(ctx).SeesPeople() || strings.TrimSpace(name) == "" {
		return "•"
	}
	return initials(&User{Name: name})
}

func (p DotProps) evidence() experience.Evidence {
	if p.Evidence == "" {
		return experience.Stated
	}
	return p.Evidence
}

func (p DotProps) tone() Tone {
	if p.Tone != "" {
		return p.Tone
	}
	return ChannelTone(p.Channel)
}

// longValue tells whether a figure needs the smaller size to stay on its line.
func longValue(value string) bool { return utf8.RuneCountInString(value) > 9 }
