package stream

import (
	"context"
	"sync"
	"time"
)

// moments remembers when this process wrote the last blocks: reading one to
// learn it takes as long as a megabyte does.
type moments struct {
	mu   sync.Mutex
	last [keptMoments]struct {
		sequence uint64
		at       time.Time
	}
}

const keptMoments = 4096

func (m *moments) put(sequence uint64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := &m.last[sequence%keptMoments]
	kept.sequence, kept.at = sequence, at
}

func (m *moments) get(sequence uint64) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.last[sequence%keptMoments]
	return kept.at, sequence > 0 && kept.sequence == sequence
}

// Written tells when a block was written.
func (l *Log) Written(ctx context.Context, sequence uint64) (time.Time, error) {
	if at, ok := l.moments.get(sequence); ok {
		return at, nil
	}
	m, err := l.stream.GetMsg(ctx, sequence)
	if err != nil {
		return time.Time{}, l.fail(err)
	}
	return m.Time.UTC(), nil
}
