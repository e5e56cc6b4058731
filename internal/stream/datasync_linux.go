package stream

import (
	"os"
	"syscall"
)

// datasync returns once what was written to a file is on the disk, and its size
// where that changed; times and the like may follow later.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
