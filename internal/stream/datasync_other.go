//go:build !linux

package stream

import "os"

// datasync returns once what was written to a file is on the disk.
func datasync(f *os.File) error { return f.Sync() }
