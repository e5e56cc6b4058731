package survey

import (
	"context"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

const (
	// mostTogether is how many steps are committed together.
	mostTogether = 64
	// keepFor is how long a commit may take before it is given up.
	keepFor = 30 * time.Second
)

// keeper commits the steps of many people together: while one lot is being
// written the next one gathers, so that a disk that is slow to be sure is waited
// for once a lot, and not once a step.
type keeper struct {
	store   *Store
	mu      sync.Mutex
	waiting []*keeping
	writing bool
}

// keeping is a step on its way to the disk.
type keeping struct {
	version  *Version
	step     Step
	response Response
	err      error
	done     chan struct{}
}

// Keep commits a step: it begins the response where there is none under its id
// yet, and adds the answers to it. Given again it changes nothing. ErrAnswered
// when the response is settled. The version must be the one of the response,
// once that was begun.
func (s *Store) Keep(ctx context.Context, v *Version, step Step) (Response, error) {
	k := &keeping{version: v, step: step, done: make(chan struct{})}
	s.keeper.add(k)
	select {
	case <-k.done:
		return k.response, k.err
	case <-ctx.Done(): // it may be kept all the same: whoever sends it again is told
		return Response{}, experience.Errorf(experience.Unavailable, "survey.error.waited")
	}
}

func (x *keeper) add(k *keeping) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiting = append(x.waiting, k)
	if !x.writing {
		x.writing = true
		go x.write()
	}
}

// next takes the lot that gathered; none ends the writing.
func (x *keeper) next() []*keeping {
	x.mu.Lock()
	defer x.mu.Unlock()
	lot := x.waiting[:min(len(x.waiting), mostTogether)]
	x.waiting = append([]*keeping(nil), x.waiting[len(lot):]...)
	x.writing = len(lot) > 0
	return lot
}

// write commits lot after lot until nobody waits. A lot that fails is tried one
// step at a time, so that one of them cannot spoil it for the others.
func (x *keeper) write() {
	for lot := x.next(); len(lot) > 0; lot = x.next() {
		err := x.commit(lot)
		if err != nil && len(lot) > 1 {
			for _, k := range lot {
				if err := x.commit([]*keeping{k}); err != nil {
					k.err = err
				}
			}
		} else if err != nil {
			lot[0].err = err
		}
		for _, k := range lot {
			close(k.done)
		}
	}
}

// commit writes a lot in one transaction. What is wrong with a step by itself
// is told to that one alone.
func (x *keeper) commit(lot []*keeping) error {
	ctx, cancel := context.WithTimeout(context.Background(), keepFor)
	defer cancel()
	now := x.store.clock()
	return x.store.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		for _, k := range lot {
			if err := k.write(ctx, tx, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// write writes one step; its error is trouble with the book.
func (k *keeping) write(ctx context.Context, tx registry.Tx, now time.Time) error {
	k.err = nil
	r, err := selectResponse(ctx, tx, k.step.ID)
	begins := isMissing(err)
	switch {
	case begins:
		r = k.step.begin(k.version, now)
	case err != nil:
		return err
	case !r.SettledAt.IsZero():
		k.err = ErrAnswered
		return nil
	}
	if r.Version != k.version.Number || r.Survey != k.version.Key {
		k.err = experience.Errorf(experience.Conflict, "survey.error.version")
		return nil
	}
	r.Answers, r.ChangedAt = r.Answers.with(k.step.Answers), now
	if k.step.Finish {
		r.Answers, r.FinishedAt, r.SettledAt = k.version.kept(r.Answers), now, now
	}
	k.response = r
	if err := saveResponse(ctx, tx, r, begins); err != nil || !k.step.Finish {
		return err
	}
	return insertAnswers(ctx, tx, k.version, r)
}
