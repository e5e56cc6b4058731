package app

import (
	"regia/internal/people"
	"regia/internal/voice"
)

// voiceRoom wires the room that reads what people say.
func (a *App) voiceRoom(n naming) *voice.Room {
	return voice.New(voice.Options{
		Ledger: a.Ledger, Book: a.Registry, Bus: a.Log, Touchpoints: n.Touchpoints, Sources: n.Sources,
		People: a.People, Title: people.EventTitle, Clock: a.Clock, Logger: a.Logger,
	})
}
