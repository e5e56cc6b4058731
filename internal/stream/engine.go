package stream

import (
	"context"
	"fmt"
	"time"

	"regia/internal/experience"
)

// engine keeps sealed blocks, each under the next number, and carries the live
// bus. One engine is a folder of files, the other a NATS cluster.
type engine interface {
	// append puts a block on disk (on a quorum) and numbers it. One call at a
	// time. A block that append refused may be there all the same.
	append(block []byte) error
	// next gives the blocks after a position, as Log.Next does. One call at a time.
	next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error)
	// block gives one, and when it was written. The error wraps ErrDamaged where
	// there is none.
	block(ctx context.Context, sequence uint64) (data []byte, written time.Time, err error)
	// written tells when a block was written.
	written(ctx context.Context, sequence uint64) (time.Time, error)
	tail(ctx context.Context) (Tail, error)
	// trim drops blocks before keep that were written before a time: as many of
	// them as is cheap.
	trim(ctx context.Context, keep uint64, before time.Time) error
	// publish and subscribe are the live bus.
	publish(subject string, data []byte) error
	subscribe(subject string, f func(data []byte)) (cancel func(), err error)
	// largest is the most bytes that one block may have.
	largest() int
	close() error
}

// verify refuses a position that a log cannot go on from: its block is not the
// same any more, or blocks after it are gone. A position whose own block was
// trimmed is fine as long as the next one is there.
func verify(ctx context.Context, e engine, after experience.Position) error {
	tail, err := e.tail(ctx)
	switch {
	case err != nil:
		return err
	case after.Sequence > tail.Last:
		return missing(tail.Last+1, after.Sequence)
	case after.Sequence+1 < tail.First:
		return missing(after.Sequence+1, tail.First-1)
	case after.Sequence < tail.First || after.Sequence == 0:
		return nil
	}
	data, _, err := e.block(ctx, after.Sequence)
	switch {
	case err != nil:
		return err
	case fingerprint(data) != after.Hash:
		return fmt.Errorf("%w: block %d is not the one that was read before", ErrDamaged, after.Sequence)
	}
	return nil
}

// unpack makes a Block of what an engine kept under a number.
func unpack(sequence uint64, data []byte, written time.Time) (*Block, error) {
	records, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, sequence, err)
	}
	return &Block{
		Position: experience.Position{Sequence: sequence, Hash: fingerprint(data)},
		Time:     written.UTC(),
		Records:  records,
		Bytes:    len(data),
	}, nil
}

func missing(from, to uint64) error {
	if from == to {
		return fmt.Errorf("%w: block %d is missing", ErrDamaged, from)
	}
	return fmt.Errorf("%w: blocks %d to %d are missing", ErrDamaged, from, to)
}
