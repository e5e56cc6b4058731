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
		Ledger: a.Ledger, People: listenPeople{a}, Report: a.Mail.TakeReport, Version: a.Version, URL: a.Config.URL, Clock: a.Clock, Logger: a.Logger,
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

// listenPeople tells who authors elsewhere may be, and takes what is decided.
type listenPeople struct{ *App }

func (p listenPeople) Somebody(ctx context.Context, id experience.ID) (listen.Somebody, error) {
	found, err := p.People.Person(ctx, id, 0)
	if err != nil {
		return listen.Somebody{}, err
	}
	out := listen.Somebody{ID: found.ID, Name: found.Name}
	for _, i := range found.Identifiers {
		switch {
		case i.Kind == "author":
			if out.Author.Value == "" {
				out.Author = i.Identifier
			}
		case !i.Joins && i.Kind != experience.UserID, i.Kind.Technical():
		case out.Anchor.Value == "" || i.Compare(out.Anchor) < 0:
			out.Anchor = i.Identifier
		}
	}
	return out, nil
}

func (p listenPeople) Search(ctx context.Context, name string, limit int) ([]listen.Somebody, error) {
	found, err := p.People.Suggest(ctx, name, p.Company(ctx).Region, limit)
	if err != nil {
		return nil, err
	}
	out := make([]listen.Somebody, 0, len(found))
	for _, f := range found {
		one, err := p.Somebody(ctx, f.ID)
		if experience.CodeOf(err) == experience.NotFound {
			continue // joined to somebody else meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (p listenPeople) Woven(ctx context.Context) error { return p.Caught(ctx) }
