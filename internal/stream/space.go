package stream

import (
	"sync/atomic"
	"syscall"
	"time"

	"regia/internal/experience"
)

const (
	// reserved is how much of the disk Append leaves free: the books, which often share the disk, need room to
	// take what the log holds. On a small disk it is a share of it.
	reserved      = 64 << 20
	reservedShare = 16
	spaceLook     = 200 * time.Millisecond
)

// space watches how much room the disk of a folder has.
type space struct {
	dir    string
	looked atomic.Int64 // Unix nanoseconds
	low    atomic.Bool
	free   atomic.Int64 // bytes
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
