package ledger

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
)

// mendPause is how long to wait before the file is opened once more.
const mendPause = time.Second

// errMending is what everybody is told until the file is open again.
var errMending error = &experience.Error{Code: experience.Unavailable,
	Message: "the ledger has stopped after a fault of its disk or memory, and is being opened again"}

// mending opens the file again. DuckDB does nothing more once a commit failed
// half way, as on a full disk: what is on disk is whole, and opening it again is
// all it takes.
type mending struct {
	broken atomic.Bool
	alive  context.Context // ends when the ledger closes
	stop   context.CancelFunc
	work   sync.WaitGroup
}

func (m *mending) end() {
	m.stop()
	m.work.Wait()
}

// mend starts mending, unless that is under way.
func (d *duck) mend() {
	m := &d.mending
	if m.alive.Err() != nil || !m.broken.CompareAndSwap(false, true) {
		return
	}
	d.options.Logger.Error("the ledger stopped after a fault of its disk or memory; it is being opened again")
	m.work.Go(func() {
		for first := true; ; first = false {
			err := d.reopen(m.alive)
			if err == nil {
				m.broken.Store(false)
				d.options.Logger.Info("the ledger is open again")
				return
			}
			if first {
				d.options.Logger.Warn("the ledger cannot be opened yet", "error", err)
			}
			select {
			case <-time.After(mendPause):
			case <-m.alive.Done():
				return
			}
		}
	})
}

// reopen closes the file, where it is still open, and opens it. DuckDB gives one
// process the same database for as long as a reader holds it: then it fails,
// and goes the next time.
func (d *duck) reopen(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	_ = d.disconnect() // it says again what is known
	return d.connect(ctx)
}
