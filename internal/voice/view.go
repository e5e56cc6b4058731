package voice

import (
	"context"
	"slices"
	"strconv"

	"regia/internal/experience"
	"regia/internal/web"
)

// names are what things are called on a page.
type names struct {
	l           *web.Locale
	touchpoints map[string]experience.Touchpoint
	sources     map[string]experience.Source
	people      map[experience.ID]string
	title       func(l *web.Locale, kind experience.Kind, name string) string
	sees        bool // may see people, and so what they write
	corrects    bool // may put labels right
	topics      []string
	tree        *topicTree
}

// topic names a topic in the reader's language.
func (n names) topic(key string) string { return n.tree.name(n.l.Lang(), key) }

// names gathers what voices need to be shown.
func (r *Room) names(q *web.Request, voices []Voice) (n names, err error) {
	n = names{l: q.L, touchpoints: map[string]experience.Touchpoint{}, sources: map[string]experience.Source{}, title: r.Title, sees: q.User.SeesPeople(), corrects: q.User.May(correctors())}
	if n.title == nil {
		n.title = func(_ *web.Locale, _ experience.Kind, name string) string { return name }
	}
	if n.tree, err = r.topicTree(q.Context()); err != nil {
		return n, err
	}
	list, err := r.Touchpoints(q.Context())
	if err != nil {
		return n, err
	}
	for _, t := range list {
		n.touchpoints[t.Key] = t
	}
	sources, err := r.Sources(q.Context())
	if err != nil {
		return n, err
	}
	for _, s := range sources {
		n.sources[s.ID] = s
	}
	offered, err := r.offered(q.Context())
	if err != nil {
		return n, err
	}
	n.topics = offered.Topics
	n.people, err = r.peopleOf(q.Context(), voices)
	return n, err
}

func (r *Room) peopleOf(ctx context.Context, voices []Voice) (map[experience.ID]string, error) {
	var ids []experience.ID
	for _, v := range voices {
		if !v.Person.IsZero() && !slices.Contains(ids, v.Person) {
			ids = append(ids, v.Person)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return r.People.Names(ctx, ids)
}

func (n names) touchpoint(key string) string {
	if key == "" {
		return n.l.T("voice.touchpoint.none")
	}
	if t, ok := n.touchpoints[key]; ok {
		return t.Called(n.l.Lang())
	}
	return key
}

func (n names) chip(v Voice) web.ChipProps {
	c := web.ChipProps{Label: n.touchpoint(v.Touchpoint), Channel: n.channel(v)}
	if v.Touchpoint == "" {
		c.Label = n.title(n.l, experience.Track, v.Name)
	}
	return c
}

func (n names) channel(v Voice) experience.Channel {
	if t, ok := n.touchpoints[v.Touchpoint]; ok {
		return t.Channel
	}
	if s, ok := n.sources[v.Source]; ok {
		return s.Channel
	}
	return experience.Server
}

// person names who speaks.
func (n names) person(v Voice) web.PersonProps {
	if v.Person.IsZero() {
		return web.PersonProps{}
	}
	p := web.PersonProps{Name: n.people[v.Person], URL: "/people/" + v.Person.String()}
	if p.Name == "" {
		p.Name = n.l.T("voice.nameless")
	}
	return p
}

// score writes an answer with its scale: "3 su 10 · NPS".
func (n names) score(v Voice) string {
	s, ok := experience.ScaleNamed(v.Scale, "")
	if !ok {
		return ""
	}
	return n.l.Answer(s, v.Score)
}

// scoreTone colours an answer by how good it is.
func scoreTone(v Voice) web.Tone {
	s, ok := experience.ScaleNamed(v.Scale, "")
	if !ok {
		return web.Sand
	}
	switch s.Verdict(v.Score) {
	case experience.Poor:
		return web.Terracotta
	case experience.Good:
		return web.Petrol
	}
	return web.Sand
}

func sentimentTone(s string) web.Tone {
	switch s {
	case negative:
		return web.Terracotta
	case positive:
		return web.Petrol
	}
	return web.Sand
}

// piece is a part of a text as it is shown: a sentence with how it feels, or
// what stands between two.
type piece struct{ text, sentiment string }

// pieces cuts a text into its sentences. Offsets that do not fit the text, as
// when it was changed since, cut nothing.
func (v Voice) pieces() []piece {
	if len(v.Labels.Sentences) < 2 && len(v.Labels.Sentences) > 0 {
		return []piece{{v.Text, v.Labels.Sentiment.counted()}}
	}
	var out []piece
	at := 0
	for _, s := range v.Labels.Sentences {
		if s.Start < at || s.End > len(v.Text) || s.End < s.Start {
			return []piece{{text: v.Text}}
		}
		if s.Start > at {
			out = append(out, piece{text: v.Text[at:s.Start]})
		}
		out = append(out, piece{v.Text[s.Start:s.End], s.Sentiment})
		at = s.End
	}
	return append(out, piece{text: v.Text[at:]})
}

// topics gives those that count.
func (l VoiceLabels) topics() []VoiceLabel {
	return slices.DeleteFunc(slices.Clone(l.Topics), func(t VoiceLabel) bool { return t.Guess })
}

// about tells whether a text is about a topic.
func (l VoiceLabels) about(topic string) bool {
	return slices.ContainsFunc(l.topics(), func(t VoiceLabel) bool { return t.Label == topic })
}

// sure writes how sure a label is.
func (n names) sure(confidence float64, hand bool) string {
	if hand {
		return n.l.T("voice.byhand")
	}
	return n.l.T("voice.sure", "share", n.l.Percent(confidence))
}

// choice is one button by which a label is put right.
type choice struct {
	value, label string
	pressed      bool
}

func (n names) sentimentChoices(v Voice) []choice {
	out := []choice{}
	for _, s := range sentiments() {
		out = append(out, choice{s, n.l.T("voice.sentiment." + s), v.Labels.Sentiment.counted() == s})
	}
	return out
}

func (n names) topicChoices(v Voice) []choice {
	out := []choice{}
	for _, t := range n.topics {
		c := choice{"+" + t, n.topic(t), v.Labels.about(t)}
		if c.pressed {
			c.value = "-" + t
		}
		out = append(out, c)
	}
	return out
}

func (n names) urgencyChoices(v Voice) []choice {
	out := []choice{}
	for u := range 4 {
		out = append(out, choice{strconv.Itoa(u), n.l.T("voice.urgency." + strconv.Itoa(u)), v.Labels.Urgency.value() == u})
	}
	return out
}

// signals gives what the text says outright, as far as there are words for it.
func (n names) signals(v Voice) []string {
	var out []string
	for _, s := range v.Labels.Signals {
		if key := "voice.signal." + s; n.l.Has(key) {
			out = append(out, n.l.T(key))
		}
	}
	return out
}

// correctionText says what was put right.
func (n names) correctionText(c Correction) string {
	value := func(s string) string {
		if s == "" {
			return n.l.T("voice.unsaid")
		}
		if c.Aspect == aspectTopic {
			return n.topic(s[1:])
		}
		return n.l.T("voice." + c.Aspect + "." + s)
	}
	key := "voice.corrected." + c.Aspect
	if c.Aspect == aspectTopic {
		key += map[byte]string{'+': ".added", '-': ".removed"}[c.Value[0]]
	}
	return n.l.T(key, "value", value(c.Value), "name", c.Name, "when", n.l.Date(c.At))
}
