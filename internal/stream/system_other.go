//go:build !linux

package stream

import (
	"os"
	"time"
)

// rest waits.
func rest(d time.Duration) { time.Sleep(d) }

// datasync returns once what was written to a file is on the disk.
func datasync(f *os.File) error { return f.Sync() }
