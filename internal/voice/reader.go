package voice

import (
	"context"

	"regia/internal/language"
)

// reader reads texts with the models of package language.
type reader struct {
	models  *language.Reader
	version string // of the models together: what was read by others is read anew
}

// form is the version of what is kept of a reading.
const form = "2"

func newReader() (*reader, error) {
	m, err := language.NewReader()
	if err != nil {
		return nil, err
	}
	return &reader{models: m, version: versionOf(m)}, nil
}

func versionOf(m *language.Reader) string { return form + ": " + m.Version() }

// use has texts be read with some models from now on. Called by who holds reading.
func (r *Room) use(m *language.Reader) {
	r.reader = &reader{models: m, version: versionOf(m)}
	r.used.Store(m)
}

// current gives the models that texts are read with, for the caller alone.
func (r *Room) current(ctx context.Context) (*language.Reader, error) {
	if m := r.used.Load(); m != nil {
		return m.Fork(), nil
	}
	t, err := r.topicTree(ctx)
	if err != nil {
		return nil, err
	}
	fresh, err := newReader() // nothing was read yet since Regia was started
	if err != nil {
		return nil, err
	}
	return fresh.models.With(t.rules), nil
}

// read tells what a text says.
func (r *reader) read(text string) VoiceLabels {
	said := r.models.Read(text)
	out := VoiceLabels{
		Language: label(said.Language), Sentiment: label(said.Sentiment),
		Urgency: grade(said.Urgency), Effort: grade(said.Effort), Politeness: grade(said.Politeness), Actionable: grade(said.Actionability),
	}
	for _, t := range said.Topics {
		out.Topics = append(out.Topics, label(t))
	}
	for _, e := range said.Emotions {
		out.Emotions = append(out.Emotions, VoiceEmotion(e))
	}
	for _, s := range said.Signals {
		out.Signals = append(out.Signals, s.Label)
	}
	for _, i := range said.Impacts {
		out.Impacts = append(out.Impacts, VoiceImpact{i.Dimension, i.Value})
	}
	for _, s := range said.Sentences {
		out.Sentences = append(out.Sentences, VoicePiece{s.Start, s.End, label(s.Sentiment).counted()})
	}
	return out
}

// leastSure is how sure a label must be to be counted where the model's card
// asks for less.
const leastSure = 0.4

func label(t language.Told) VoiceLabel {
	return VoiceLabel{Label: t.Label, Confidence: round(t.Confidence), Guess: t.Abstained || t.Confidence < leastSure}
}

func grade(g *language.Grade) *VoiceGrade {
	if g == nil {
		return nil
	}
	return &VoiceGrade{Value: g.Value, Confidence: round(g.Confidence), Guess: g.Abstained || g.Confidence < leastSure}
}

// round keeps as much of a confidence as it is worth.
func round(f float64) float64 { return float64(int(f*1000+0.5)) / 1000 }
