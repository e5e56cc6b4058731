package stream

// Woken listens to subjects of a bus, and has a channel ready as soon as any of
// them was told of, however often: whoever reads it looks for what is new, and
// whoever tells never waits for a reader. What is told of is told at most once,
// so a reader looks now and then anyway. Call cancel to listen no more.
func Woken(bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}, subjects ...string) (woken <-chan struct{}, cancel func(), err error) {
	told := make(chan struct{}, 1)
	var cancels []func()
	cancel = func() {
		for _, c := range cancels {
			c()
		}
	}
	for _, subject := range subjects {
		c, err := bus.Subscribe(subject, func([]byte) {
			select {
			case told <- struct{}{}:
			default:
			}
		})
		if err != nil {
			cancel()
			return nil, nil, err
		}
		cancels = append(cancels, c)
	}
	return told, cancel, nil
}
