package stream

import (
	"os"
	"syscall"
	"time"
)

// rest waits for parts of a millisecond, too. time.Sleep takes a whole one where
// no goroutine runs meanwhile, because the runtime then waits in milliseconds
// (runtime/netpoll_epoll.go).
func rest(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // a signal may end it early: as good
}

// datasync returns once what was written to a file is on the disk, and its size
// where that changed; times and the like may follow later.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
