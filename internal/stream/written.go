package stream

import (
	"context"
	"time"
)

// Written tells when a block was written.
func (l *Log) Written(ctx context.Context, sequence uint64) (time.Time, error) {
	m, err := l.stream.GetMsg(ctx, sequence)
	if err != nil {
		return time.Time{}, l.fail(err)
	}
	return m.Time.UTC(), nil
}
