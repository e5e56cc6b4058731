package stream

import (
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"regia/internal/experience"
)

const (
	// reserved is how much of the disk Append leaves free: the engine stops when
	// it cannot write, and the books, which often share the disk, need room to
	// take what the log holds. On a small disk it is a share of it.
	reserved      = 64 << 20
	reservedShare = 16
	spaceLook     = 200 * time.Millisecond
)

// space watches how much room the disk of an embedded log has.
type space struct {
	dir    string
	looked atomic.Int64 // Unix nanoseconds
	low    atomic.Bool
	free   atomic.Int64 // bytes
	failed atomic.Bool  // a write failed
}

// check refuses when the disk is nearly full; nil space never does.
func (s *space) check(now time.Time) error {
	if s == nil {
		return nil
	}
	if last := s.looked.Load(); now.UnixNano()-last > int64(spaceLook) && s.looked.CompareAndSwap(last, now.UnixNano()) {
		s.look()
	}
	if s.low.Load() {
		return experience.Errorf(experience.Unavailable, "the disk of the log is nearly full (%d MB are free); please send again in a moment", s.free.Load()>>20)
	}
	return nil
}

func (s *space) look() {
	var f syscall.Statfs_t
	if syscall.Statfs(s.dir, &f) != nil {
		return // as it was; writing will tell
	}
	free, all := int64(f.Bavail)*f.Bsize, int64(f.Blocks)*f.Bsize
	s.free.Store(free)
	s.low.Store(free < min(reserved, all/reservedShare))
}

// failing tells whether the engine said that it could not write, which it never
// forgets by itself; nil never.
func (s *space) failing() bool { return s != nil && s.failed.Load() }

// revive starts the engine's storage again once there is room: after a failed
// write it answers nobody, and where it has to it shuts itself down.
func (l *Log) revive() {
	if l.space == nil || !l.space.failing() && l.server.JetStreamEnabled() {
		return
	}
	if l.space.look(); l.space.low.Load() {
		return
	}
	l.space.failed.Store(false)
	err := l.server.ShutdownJetStream()
	if err == nil {
		err = l.server.EnableJetStream(&server.JetStreamConfig{
			StoreDir: l.o.Dir, MaxMemory: serverMemory, MaxStore: l.o.MaxBytes + serverHeadroom, SyncAlways: true,
		})
	}
	if err != nil {
		l.space.failed.Store(true)
		l.o.Logger.Warn("the log's storage could not be started again", "error", err)
		return
	}
	l.o.Logger.Info("the log's storage was started again after a failed write")
}
