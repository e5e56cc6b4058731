package weave

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/stream"
)

// known is what the registry has of blocks that follow the ledger's head.
type known struct {
	ahead            bool   // it has some
	blocks           int    // how many of those at hand
	region, currency string // of the company they were read as
}

// replay tells whether the registry is ahead of the ledger. The block at its
// position must be the one it saw.
func (w *Weaver) replay(ctx context.Context, at experience.Position, blocks []stream.Block) (known, error) {
	var stands experience.Position
	var k known
	err := w.Registry.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		var sequence int64
		err = tx.QueryRow(ctx, `SELECT sequence, hash, region, currency FROM weave_head WHERE id = 1`).Scan(&sequence, &stands.Hash, &k.region, &k.currency)
		stands.Sequence = uint64(sequence)
		return err
	})
	if err != nil || stands == at {
		return known{}, err
	}
	if stands.Sequence <= at.Sequence {
		return known{}, fmt.Errorf("%w: the registry stands at block %d, the ledger at %d", ErrDamaged, stands.Sequence, at.Sequence)
	}
	k.ahead = true
	for _, b := range blocks {
		if b.Position.Sequence > stands.Sequence {
			break
		}
		if b.Position.Sequence == stands.Sequence && b.Position.Hash != stands.Hash {
			return known{}, fmt.Errorf("%w: block %d is not the one the registry saw", ErrDamaged, stands.Sequence)
		}
		k.blocks++
	}
	return k, nil
}

// register commits the registry: its position, and what the facts teach. A
// registry that is ahead is only read.
func (w *Weaver) register(ctx context.Context, head ledger.Head, s skein) (Lesson, []ledger.Move, error) {
	var (
		lesson Lesson
		moves  []ledger.Move
	)
	run := w.Registry.Write
	var forgetting Forgetting
	var err error
	switch {
	case s.ahead:
		run = w.Registry.Read
	case len(s.forget) > 0:
		if forgetting, err = w.forgetting(ctx, &s); err != nil {
			return lesson, nil, err
		}
	}
	err = run(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if s.ahead {
			lesson, err = w.Identity.Recall(ctx, tx, s.facts)
		} else {
			lesson, err = w.learn(ctx, tx, head, s, forgetting)
		}
		if err != nil {
			return err
		}
		moves, err = w.Identity.Moves(ctx, tx, head.Move)
		return err
	})
	if err != nil {
		return lesson, nil, err
	}
	if lesson.Commit != nil {
		lesson.Commit()
	}
	return lesson, moves, nil
}

func (w *Weaver) learn(ctx context.Context, tx registry.Tx, head ledger.Head, s skein, forgetting Forgetting) (Lesson, error) {
	// The position is also the fence: a weaver that lost its turn without
	// noticing finds it moved on, and changes nothing.
	n, err := tx.Exec(ctx, `UPDATE weave_head SET sequence = $1, hash = $2, region = $3, currency = $4 WHERE id = 1 AND sequence = $5 AND hash = $6`,
		int64(s.after.Sequence), s.after.Hash, s.company.Region, s.company.Currency, int64(head.Position.Sequence), head.Position.Hash)
	if err != nil {
		return Lesson{}, err
	}
	if n == 0 {
		return Lesson{}, experience.Errorf(experience.Conflict, "another weaver went on from block %d", head.Position.Sequence)
	}
	if err := w.Identity.ForgetMoves(ctx, tx, head.Move); err != nil {
		return Lesson{}, err
	}
	if len(s.forget) > 0 {
		if err := w.Identity.Forget(ctx, tx, forgetting); err != nil {
			return Lesson{}, err
		}
		if err := noteTakenBack(ctx, tx, s.forget, w.Clock()); err != nil {
			return Lesson{}, err
		}
	}
	return w.Identity.Learn(ctx, tx, s.facts)
}

// acquire waits for the weaver's lease. The context it gives ends when the
// lease is lost; release gives it back, so that another may go on at once.
func (w *Weaver) acquire(ctx context.Context) (context.Context, func(), error) {
	if w.Alone {
		return ctx, func() {}, nil
	}
	for {
		ok, err := w.renew(ctx)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			break
		}
		if !sleep(ctx, w.Lease/4) {
			return nil, nil, ctx.Err()
		}
	}
	held, lost := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer lost()
		for sleep(held, w.Lease/4) {
			if ok, err := w.renew(held); err == nil && !ok {
				w.Logger.InfoContext(held, "another node weaves now")
				return
			} else if err != nil {
				return
			}
		}
	}()
	return held, func() {
		lost()
		<-done
		w.release()
	}, nil
}

// lease is the name of the weaver's.
const lease = "weaver"

// renew takes the lease or prolongs it; false when somebody else has it.
func (w *Weaver) renew(ctx context.Context) (bool, error) {
	now := w.Clock()
	return w.Registry.Lease(ctx, lease, w.holder, now, now.Add(w.Lease))
}

func (w *Weaver) release() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := w.Registry.Release(ctx, lease, w.holder); err != nil {
		w.Logger.WarnContext(ctx, "the weaver's lease runs out by itself", "error", err)
	}
}

// sleep waits, and tells whether ctx still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// backoff waits longer each time, up to five seconds, with jitter.
type backoff struct{ next time.Duration }

func (b *backoff) wait(ctx context.Context) {
	b.next = min(max(2*b.next, 50*time.Millisecond), 5*time.Second)
	sleep(ctx, b.next/2+rand.N(b.next/2+1))
}
