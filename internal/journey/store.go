package journey

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Book is the registry as maps use it.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// Store keeps maps and all their versions in the registry. It is safe for
// concurrent use.
type Store struct {
	book  Book
	clock experience.Clock
}

// NewStore makes a store.
func NewStore(book Book, clock experience.Clock) *Store { return &Store{book, clock} }

// Saved says who made a version of a map, and when.
type Saved struct {
	Version  int64
	At       time.Time
	By       string // id of a user; "" = Regia itself
	Restores int64  // the version that was brought back; 0 = none
}

// The errors of this room that callers tell apart.
var (
	errUnknown = experience.Errorf(experience.NotFound, "journey.error.unknown")
	// ErrStale says that somebody saved the map meanwhile. Nothing was changed.
	ErrStale = experience.Errorf(experience.Conflict, "journey.error.stale")
	errTaken = experience.Errorf(experience.Conflict, "journey.error.taken")
)

// List gives the latest version of every map that was not taken away, by name.
func (s *Store) List(ctx context.Context) ([]Map, error) {
	var list []Map
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		list, err = selectMaps(ctx, tx)
		return err
	})
	slices.SortFunc(list, func(a, b Map) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Key, b.Key))
	})
	return list, err
}

// Get gives the latest version of a map. NotFound when there is none of that
// key, or it was taken away.
func (s *Store) Get(ctx context.Context, key string) (Map, error) { return s.Version(ctx, key, 0) }

// Version gives one version of a map; 0 is the latest.
func (s *Store) Version(ctx context.Context, key string, version int64) (m Map, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		m, err = selectMap(ctx, tx, key, version)
		return err
	})
	return m, missing(err)
}

// Versions lists who saved a map and when, the latest first.
func (s *Store) Versions(ctx context.Context, key string) (list []Saved, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		h, err := selectHead(ctx, tx, key)
		if err != nil || h.removed {
			return cmp.Or[error](err, errUnknown)
		}
		list, err = selectVersions(ctx, tx, h.id)
		return err
	})
	return list, missing(err)
}

// Create keeps a new map as version 1. Without a key it gets one from its name.
// Conflict when the key it names is taken, also by a map that was taken away.
func (s *Store) Create(ctx context.Context, by string, m Map) (Map, error) {
	named := strings.TrimSpace(m.Key) != ""
	m.ID, m.Version = experience.NewID(), 1
	if m.Origin == "" {
		m.Origin = Drawn
	}
	m = m.clean()
	if err := m.Check(); err != nil {
		return Map{}, err
	}
	now, wanted := s.clock(), m.Key
	err := s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		m.Key = wanted
		for n := 2; ; n++ {
			_, err := selectHead(ctx, tx, m.Key)
			if experience.CodeOf(missing(err)) == experience.NotFound {
				break
			}
			if err != nil {
				return err
			}
			if named {
				return errTaken
			}
			m.Key = wanted + "-" + strconv.Itoa(n)
		}
		if err := insertHead(ctx, tx, m); err != nil {
			return err
		}
		return insertVersion(ctx, tx, m, Saved{Version: 1, At: now, By: by})
	})
	return m, err
}

// Save keeps a changed map as the next version. m.Key says which, m.Version
// from which version it was made: ErrStale when that is not the latest. A map
// that is as it was stays at its version.
func (s *Store) Save(ctx context.Context, by string, m Map) (Map, error) {
	return s.save(ctx, Saved{By: by}, m)
}

// Restore brings an old version back, as the next one. ErrStale when latest is
// not the latest version.
func (s *Store) Restore(ctx context.Context, by, key string, version, latest int64) (Map, error) {
	m, err := s.Version(ctx, key, version)
	if err != nil {
		return Map{}, err
	}
	m.Version = latest
	return s.save(ctx, Saved{By: by, Restores: version}, m)
}

func (s *Store) save(ctx context.Context, how Saved, m Map) (Map, error) {
	m = m.clean()
	base := m.Version
	how.At = s.clock()
	err := s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		old, err := selectMap(ctx, tx, m.Key, 0)
		if err != nil {
			return missing(err)
		}
		m.ID, m.Origin, m.Version = old.ID, old.Origin, base
		if err := m.Check(); err != nil {
			return err
		}
		if base != old.Version {
			return ErrStale
		}
		if reflect.DeepEqual(m, old) {
			return nil
		}
		m.Version++
		how.Version = m.Version
		if err := raise(ctx, tx, m); err != nil {
			return err
		}
		return insertVersion(ctx, tx, m, how)
	})
	return m, err
}

// Remove takes a map away. Its versions stay, and so does its key.
func (s *Store) Remove(ctx context.Context, key string) error { return s.remove(ctx, key, true) }

// PutBack undoes Remove.
func (s *Store) PutBack(ctx context.Context, key string) error { return s.remove(ctx, key, false) }

func (s *Store) remove(ctx context.Context, key string, removed bool) error {
	return missing(s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		h, err := selectHead(ctx, tx, key)
		if err != nil {
			return err
		}
		if h.removed == removed {
			if removed {
				return errUnknown
			}
			return nil
		}
		return markRemoved(ctx, tx, h.id, removed)
	}))
}
