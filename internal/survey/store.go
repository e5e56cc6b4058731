package survey

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// Store keeps surveys, their versions and what was answered. It is safe for
// use by many goroutines.
type Store struct {
	book  Book
	clock experience.Clock
	mu    sync.Mutex
	known map[published]*Version // they never change
	opens map[opening]int64      // counted, and not yet written down

	keeper keeper
}

type published struct {
	survey string
	number int
}

type opening struct {
	survey  string
	channel Channel
}

// manyVersions is how many versions are remembered.
const manyVersions = 500

// NewStore makes the Store of a registry.
func NewStore(book Book, clock experience.Clock) *Store {
	if clock == nil {
		clock = experience.SystemClock
	}
	s := &Store{book: book, clock: clock, known: map[published]*Version{}, opens: map[opening]int64{}}
	s.keeper.store = s
	return s
}

// Create keeps a new draft under its key, or one made of its name where it has
// none; a key that is taken gets a number. By is who does it.
func (s *Store) Create(ctx context.Context, by string, draft Survey) (Record, error) {
	if len(draft.Languages) == 0 {
		draft.Languages = []string{Languages[0]}
	}
	base := draft.Key
	if base == "" {
		base = keyFrom(draft.Name.In(draft.language()))
	}
	if base == "" {
		base = "survey"
	}
	var made Record
	err := s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		key, err := freeKey(ctx, tx, base)
		if err != nil {
			return err
		}
		draft.Key = key
		if err := draft.prepare(); err != nil {
			return err
		}
		now := s.clock()
		made = Record{Draft: draft, Status: Draft, ChangedBy: by, ChangedAt: now, CreatedAt: now}
		return insertSurvey(ctx, tx, made)
	})
	return made, err
}

// Save keeps a draft that was worked on. Seen is when the draft that it was
// made from was changed; Conflict when somebody else changed it since. A zero
// time does not ask.
func (s *Store) Save(ctx context.Context, by string, draft Survey, seen time.Time) (Record, error) {
	if err := draft.prepare(); err != nil {
		return Record{}, err
	}
	return s.change(ctx, by, draft.Key, func(_ context.Context, _ registry.Tx, r *Record) error {
		if !seen.IsZero() && !seen.Equal(r.ChangedAt) {
			return experience.Errorf(experience.Conflict, "survey.error.changed")
		}
		draft.Next = max(draft.Next, r.Draft.Next)
		r.Draft = draft
		return nil
	})
}

// Publish freezes the draft as the next version and opens the survey. Invalid
// where the draft is not finished; a draft like the version before makes none.
func (s *Store) Publish(ctx context.Context, by, key string) (Record, error) {
	return s.change(ctx, by, key, func(ctx context.Context, tx registry.Tx, r *Record) error {
		if len(r.Draft.problems()) > 0 {
			return experience.Errorf(experience.Invalid, "survey.error.unfinished")
		}
		r.Status = Open
		text, err := json.Marshal(r.Draft)
		if err != nil {
			return err
		}
		same, err := sameVersion(ctx, tx, key, r.Version, string(text))
		if err != nil || same {
			return err
		}
		r.Version++
		return insertVersion(ctx, tx, key, r.Version, string(text), by, s.clock())
	})
}

// SetStatus opens or closes a survey that was published.
func (s *Store) SetStatus(ctx context.Context, by, key string, status Status) (Record, error) {
	return s.change(ctx, by, key, func(_ context.Context, _ registry.Tx, r *Record) error {
		if r.Version == 0 || status != Open && status != Closed {
			return experience.Errorf(experience.Conflict, "survey.error.unpublished")
		}
		r.Status = status
		return nil
	})
}

// Delete removes a survey that was never published. What was answered to the
// others must keep its wording, so they can only be closed: Conflict.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		r, err := selectSurvey(ctx, tx, key)
		if err != nil {
			return missing(err)
		}
		if r.Version > 0 {
			return experience.Errorf(experience.Conflict, "survey.error.answered.delete")
		}
		_, err = tx.Exec(ctx, `DELETE FROM surveys WHERE key = $1`, key)
		return err
	})
}

// change reads a survey, has f change it, and keeps it.
func (s *Store) change(ctx context.Context, by, key string, f func(ctx context.Context, tx registry.Tx, r *Record) error) (r Record, err error) {
	err = s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if r, err = selectSurvey(ctx, tx, key); err != nil {
			return missing(err)
		}
		if err := f(ctx, tx, &r); err != nil {
			return err
		}
		r.ChangedBy, r.ChangedAt = by, s.clock()
		return updateSurvey(ctx, tx, r)
	})
	return r, err
}

// Get reads a survey. NotFound where there is none.
func (s *Store) Get(ctx context.Context, key string) (r Record, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		r, err = selectSurvey(ctx, tx, key)
		return err
	})
	return r, missing(err)
}

// List gives all surveys by name, without what was answered.
func (s *Store) List(ctx context.Context) (list []Record, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list, err = selectSurveys(ctx, tx)
		return err
	})
	return list, err
}

// Version gives a version of a survey as it was published. It must not be
// changed: others read it.
func (s *Store) Version(ctx context.Context, key string, number int) (*Version, error) {
	at := published{key, number}
	s.mu.Lock()
	v := s.known[at]
	s.mu.Unlock()
	if v != nil {
		return v, nil
	}
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		v, err = selectVersion(ctx, tx, key, number)
		return err
	})
	if err != nil {
		return nil, missing(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= manyVersions {
		clear(s.known)
	}
	s.known[at] = v
	return v, nil
}

// Current gives the version to ask now. NotFound where the survey was never
// published; one that is closed is given all the same, with its status.
func (s *Store) Current(ctx context.Context, key string) (*Version, Status, error) {
	var number int
	var status Status
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT version, status FROM surveys WHERE key = $1`, key).Scan(&number, &status)
	})
	if err == nil && number == 0 {
		err = errNone
	}
	if err != nil {
		return nil, "", missing(err)
	}
	v, err := s.Version(ctx, key, number)
	return v, status, err
}

// Versions gives all versions of a survey, the first one first.
func (s *Store) Versions(ctx context.Context, key string) ([]*Version, error) {
	r, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	list := make([]*Version, 0, r.Version)
	for n := 1; n <= r.Version; n++ {
		v, err := s.Version(ctx, key, n)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

var errNone = experience.Errorf(experience.NotFound, "survey.error.none")

// missing says that there is no such survey, where there is no such row.
func missing(err error) error {
	if isMissing(err) {
		return errNone
	}
	return err
}
