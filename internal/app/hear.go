package app

import (
	"context"
	"path/filepath"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/listen"
	"regia/internal/mapping"
)

// heardFolder holds the files that were brought to listening posts, in the data
// folder, until they are read.
const heardFolder = "heard"

// listenRoom wires the room that hears what is said elsewhere: it comes in by
// the front door like everything.
func (a *App) listenRoom() (*listen.Room, error) {
	own, err := collect.ParseNetworks(a.Config.ListenNetworks)
	if err != nil {
		return nil, experience.Errorf(experience.Invalid, "listen-networks: %w", err)
	}
	room := listen.New(listen.Options{
		Book: a.Registry, Door: listenDoor{a}, Source: a.heardSource, Folder: filepath.Join(a.Config.Data, heardFolder), Own: own,
		Report: a.Mail.TakeReport, Version: a.Version, URL: a.Config.URL, Clock: a.Clock, Logger: a.Logger,
	})
	a.closers = append(a.closers, func() error { room.Close(); return nil })
	return room, nil
}

// heardSource makes the source that a post's voices come from, where it is not
// there yet.
func (a *App) heardSource(ctx context.Context, id, name string, kind listen.SourceKind) error {
	want := collect.Source{ID: id, Name: name, Kind: map[listen.SourceKind]collect.SourceKind{
		listen.FromReviews: collect.ReviewsSource, listen.FromSocial: collect.SocialSource, listen.FromWeb: collect.ServerSource, listen.FromEmail: collect.EmailSource,
	}[kind]}
	if kind == listen.FromWeb {
		want.Channel = experience.Web
	}
	if _, err := a.Sources.Ensure(ctx, want); err != nil {
		return err
	}
	return a.sourcesChanged(ctx)
}

type listenDoor struct{ *App }

func (d listenDoor) Take(ctx context.Context, source string, items []mapping.Item) (listen.Taken, error) {
	taken, err := hooksDoor(d).Take(ctx, source, items)
	return listen.Taken(taken), err
}
