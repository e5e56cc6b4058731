package app

import (
	"context"

	"regia/internal/people"
	"regia/internal/voice"
)

// voiceRoom wires the room that reads what people say.
func (a *App) voiceRoom(n naming) *voice.Room {
	return voice.New(voice.Options{
		Ledger: a.Ledger, Book: a.Registry, Bus: a.Log, Touchpoints: forVoice{n}.Touchpoints, Sources: forVoice{n}.Sources,
		People: a.People, Title: people.EventTitle, Clock: a.Clock, Logger: a.Logger,
	})
}

// forVoice gives touchpoints and sources as the Voice room sees them.
type forVoice struct{ naming }

func (n forVoice) Sources(ctx context.Context) ([]voice.Source, error) {
	all, err := n.sources.List(ctx)
	out := make([]voice.Source, len(all))
	for k, s := range all {
		out[k] = voice.Source{ID: s.ID, Name: s.Name, Channel: s.Channel}
	}
	return out, err
}

func (n forVoice) Touchpoints(ctx context.Context) ([]voice.Touchpoint, error) {
	c, err := n.touchpoints.Catalogue(ctx)
	out := make([]voice.Touchpoint, len(c.Touchpoints))
	for k, t := range c.Touchpoints {
		out[k] = voice.Touchpoint{Key: t.Key, Name: map[string]string{"it": t.Name.In("it"), "en": t.Name.In("en")}, Channel: t.Channel}
	}
	return out, err
}
