package touchpoint

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Book is the registry as the catalogue uses it.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// Bus carries word of a change to whoever listens, at most once.
type Bus interface {
	Publish(subject string, data []byte) error
}

// ChangedSubject is where the bus hears of a new version, as {"version":n}.
const ChangedSubject = "regia.catalogue"

// Store keeps the catalogue in the registry. Every change raises its version
// in the same transaction and is told to the bus after the commit. It is safe
// for concurrent use.
type Store struct {
	book  Book
	bus   Bus
	clock experience.Clock
	log   *slog.Logger
	last  atomic.Pointer[Catalogue] // the catalogue as last read
}

// NewStore makes a store. The bus may be nil.
func NewStore(book Book, bus Bus, clock experience.Clock, log *slog.Logger) *Store {
	return &Store{book: book, bus: bus, clock: clock, log: log}
}

// Seed takes over the default catalogue: all of it on the first start, what is
// new in it after an upgrade. What people changed stays.
func (s *Store) Seed(ctx context.Context) error {
	d, err := Defaults()
	if err != nil {
		return err
	}
	return s.seed(ctx, d)
}

func (s *Store) seed(ctx context.Context, d Catalogue) error {
	_, err := s.change(ctx, "", func(ctx context.Context, tx registry.Tx, _ Catalogue) ([]string, error) {
		k, err := loadKept(ctx, tx)
		if err != nil {
			return nil, err
		}
		if k.version >= d.Version {
			return nil, errUnchanged
		}
		return nil, upgrade(ctx, tx, d)
	})
	return err
}

// Catalogue gives the whole catalogue, read again only when it has changed.
// It is shared: callers must not write into it.
func (s *Store) Catalogue(ctx context.Context) (Catalogue, error) {
	var c Catalogue
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		version, err := Version(ctx, tx)
		if err != nil {
			return err
		}
		if last := s.last.Load(); last != nil && last.Version == version {
			c = *last
			return nil
		}
		c, err = Load(ctx, tx)
		return err
	})
	if err != nil {
		return Catalogue{}, err
	}
	s.last.Store(&c)
	return c, nil
}

// errUnchanged ends a change that turned out to change nothing.
var errUnchanged = experience.Errorf(experience.Conflict, "touchpoint.error.unchanged")

// change runs f in a transaction with the catalogue as it stands and, when f
// gives no error, raises the version. f gives the lower-case event names whose
// touchpoint may differ now (see raise). by is who did it: a user's id, or "".
func (s *Store) change(ctx context.Context, by string, f func(context.Context, registry.Tx, Catalogue) ([]string, error)) (int64, error) {
	now := s.clock().UnixMicro()
	var version int64
	err := s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		c, err := Load(ctx, tx)
		if err != nil {
			return err
		}
		version = c.Version
		names, err := f(ctx, tx, c)
		if err != nil {
			return err
		}
		version, err = raise(ctx, tx, now, by, names)
		return err
	})
	if errors.Is(err, errUnchanged) {
		return version, nil
	}
	if err != nil {
		return 0, err
	}
	s.announce(ctx, version)
	return version, nil
}

func (s *Store) announce(ctx context.Context, version int64) {
	if s.bus == nil {
		return
	}
	data, _ := json.Marshal(map[string]int64{"version": version}) // always marshals
	if err := s.bus.Publish(ChangedSubject, data); err != nil {
		// Listeners also compare versions by themselves.
		s.log.WarnContext(ctx, "catalogue change not announced", "version", version, "error", err)
	}
}

// no event changes its touchpoint.
var noNames = []string{}

// Create adds a touchpoint of the company's own. Without a key it gets one
// from its name; without an Order it goes last in its stage. Conflict when the
// key is taken.
func (s *Store) Create(ctx context.Context, by string, t Touchpoint) (Touchpoint, int64, error) {
	t = t.clean()
	t.Own = true
	if err := t.Check(); err != nil {
		return Touchpoint{}, 0, err
	}
	version, err := s.change(ctx, by, func(ctx context.Context, tx registry.Tx, c Catalogue) ([]string, error) {
		if _, taken := c.Touchpoint(t.Key); taken {
			return nil, experience.Errorf(experience.Conflict, "touchpoint.error.taken")
		}
		if t.Order == 0 {
			t.Order = lastOrder(c, t.Stage) + orderStep
		}
		return noNames, saveTouchpoint(ctx, tx, t, false)
	})
	return t, version, err
}

func lastOrder(c Catalogue, stage experience.Stage) int {
	last := 0
	for _, t := range c.Touchpoints {
		if t.Stage == stage {
			last = max(last, t.Order)
		}
	}
	return last
}

// Update changes a touchpoint; its key and where it comes from stay. A default
// that was changed is left alone by later upgrades. edit may run more than
// once. Retiring is an update that sets Retired.
func (s *Store) Update(ctx context.Context, by, key string, edit func(*Touchpoint)) (Touchpoint, int64, error) {
	var t Touchpoint
	version, err := s.change(ctx, by, func(ctx context.Context, tx registry.Tx, c Catalogue) ([]string, error) {
		old, ok := c.Touchpoint(key)
		if !ok {
			return nil, errUnknown
		}
		t = old
		edit(&t)
		t = t.clean()
		t.Key, t.Own = old.Key, old.Own
		if t == old {
			return nil, errUnchanged
		}
		if err := t.Check(); err != nil {
			return nil, err
		}
		return noNames, saveTouchpoint(ctx, tx, t, !t.Own)
	})
	return t, version, err
}

var errUnknown = experience.Errorf(experience.NotFound, "touchpoint.error.unknown")

// AddBinding binds events to a touchpoint, before every binding as narrow as
// this one. A binding of the company's own that asks for exactly the same
// events gives way to it. Conflict when these events belong there already.
func (s *Store) AddBinding(ctx context.Context, by string, b experience.Binding) (Binding, int64, error) {
	b.ID = experience.NewID().String()
	if err := CheckBinding(b); err != nil {
		return Binding{}, 0, err
	}
	added := Binding{Binding: b, Own: true}
	version, err := s.change(ctx, by, func(ctx context.Context, tx registry.Tx, c Catalogue) ([]string, error) {
		if _, ok := c.Touchpoint(b.Touchpoint); !ok {
			return nil, errUnknown
		}
		for _, old := range c.Bindings {
			if !same(old.Binding, b) {
				continue
			}
			if old.Touchpoint == b.Touchpoint {
				return nil, experience.Errorf(experience.Conflict, "touchpoint.error.binding.there")
			}
			if old.Own {
				if err := deleteBinding(ctx, tx, old); err != nil {
					return nil, err
				}
				continue
			}
			break // own bindings stand first, so what follows are defaults
		}
		added.Position = placeFirst(c.Bindings)
		return eventNames(b), insertBinding(ctx, tx, added)
	})
	return added, version, err
}

// RemoveBinding takes a binding away from a touchpoint; its events, also those
// of the past, go to the next binding that matches or are unbound.
func (s *Store) RemoveBinding(ctx context.Context, by, key, id string) (int64, error) {
	return s.change(ctx, by, func(ctx context.Context, tx registry.Tx, c Catalogue) ([]string, error) {
		i := slices.IndexFunc(c.Bindings, func(b Binding) bool { return b.ID == id && b.Touchpoint == key })
		if i < 0 {
			return nil, experience.Errorf(experience.NotFound, "touchpoint.error.binding.unknown")
		}
		return eventNames(c.Bindings[i].Binding), deleteBinding(ctx, tx, c.Bindings[i])
	})
}

// MoveBinding lets a binding decide earlier, or later, than the nearest one
// that is as narrow and may want the same events. Conflict when there is none:
// narrower bindings always decide before wider ones.
func (s *Store) MoveBinding(ctx context.Context, by, key, id string, earlier bool) (int64, error) {
	return s.change(ctx, by, func(ctx context.Context, tx registry.Tx, c Catalogue) ([]string, error) {
		peers, i := c.peers(id)
		if i < 0 || peers[i].Touchpoint != key {
			return nil, experience.Errorf(experience.NotFound, "touchpoint.error.binding.unknown")
		}
		j := i + 1
		if earlier {
			j = i - 1
		}
		if j < 0 || j >= len(peers) {
			return nil, experience.Errorf(experience.Conflict, "touchpoint.error.binding.first")
		}
		peers[i], peers[j] = peers[j], peers[i]
		for place, b := range peers {
			if _, err := tx.Exec(ctx, `UPDATE touchpoint_bindings SET place = $1 WHERE id = $2`, place, b.ID); err != nil {
				return nil, err
			}
		}
		return eventNames(peers[i].Binding), nil
	})
}

// peers gives the bindings among which only their Position decides and which
// may want the same event, in order, and which of them has the id: -1 = none.
func (c Catalogue) peers(id string) ([]Binding, int) {
	i := slices.IndexFunc(c.Bindings, func(b Binding) bool { return b.ID == id })
	if i < 0 {
		return nil, -1
	}
	one := c.Bindings[i]
	var out []Binding
	for _, b := range c.Bindings {
		if b.Own == one.Own && b.compareWidth(one) == 0 && sameName(b.Name, one.Name) && b.Source == one.Source && b.Kind == one.Kind {
			out = append(out, b)
		}
	}
	return out, slices.IndexFunc(out, func(b Binding) bool { return b.ID == id })
}

// SourcesChanged must be told when a source was made, or changed its kind or
// channel: bindings for a sort of source then mean other events than before.
func (s *Store) SourcesChanged(ctx context.Context, by string) (int64, error) {
	return s.change(ctx, by, func(_ context.Context, _ registry.Tx, c Catalogue) ([]string, error) {
		var touched []experience.Binding
		for _, b := range c.Bindings {
			if strings.HasPrefix(b.Source, KindPrefix) {
				touched = append(touched, b.Binding)
			}
		}
		if len(touched) == 0 {
			return nil, errUnchanged
		}
		return eventNames(touched...), nil
	})
}
