package app

import (
	"os"
	"path/filepath"

	"regia/internal/people"
	"regia/internal/voice"
)

// voiceRoom wires the room that reads what people say.
func (a *App) voiceRoom(n naming) *voice.Room {
	return voice.New(voice.Options{
		Name: a.among(), Ledger: a.Ledger, Book: a.Registry, Bus: a.Log, Touchpoints: n.Touchpoints, Sources: n.Sources,
		People: a.People, Title: people.EventTitle, Clock: a.Clock, Logger: a.Logger,
	})
}

// among tells this Regia from others on the same books: another one's machine or
// folder is another. "" = there are no others, as the weaver has it.
func (a *App) among() string {
	if a.Config.Registry == "" || a.Config.NATS == "" {
		return ""
	}
	machine, _ := os.Hostname() // without one the folder still tells
	folder, err := filepath.Abs(a.Config.Data)
	if err != nil {
		folder = a.Config.Data
	}
	return machine + ":" + folder
}
