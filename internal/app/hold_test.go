package app

import (
	"context"
	"testing"

	"pgregory.net/rapid"
)

// While somebody holds, nobody runs; afterwards all run again, and they end with
// their context whether held or not.
func TestHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHold()
		ctx, stop := context.WithCancel(context.Background())
		began := make(chan struct{})
		runners := rapid.IntRange(1, 3).Draw(rt, "runners")
		ended := make(chan error, runners)
		var running [3]bool
		for i := range runners {
			go func() {
				ended <- h.run(ctx, func(inner context.Context) error {
					running[i] = true
					select {
					case began <- struct{}{}:
					case <-inner.Done():
					}
					<-inner.Done()
					running[i] = false
					return nil
				})
			}()
		}
		all := func() {
			for range runners {
				<-began
			}
		}
		all()
		for range rapid.IntRange(0, 4).Draw(rt, "times") {
			release := h.take()
			if running != [3]bool{} {
				rt.Fatal("somebody runs while another holds")
			}
			release()
			release() // more than once is once
			all()
		}
		if rapid.Bool().Draw(rt, "held at the end") {
			defer h.take()()
		}
		stop()
		for range runners {
			if err := <-ended; err != nil {
				rt.Fatal(err)
			}
		}
	})
}
