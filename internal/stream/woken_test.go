package stream_test

import (
	"errors"
	"testing"

	"regia/internal/stream"
)

// bell is a bus that tells at once, and refuses a subject named "broken".
type bell map[string]func([]byte)

func (b bell) Subscribe(subject string, f func(data []byte)) (func(), error) {
	if subject == "broken" {
		return nil, errors.New("no bus")
	}
	b[subject] = f
	return func() { delete(b, subject) }, nil
}

// However much is told before somebody looks, it is one reason to look, and
// nobody who tells waits.
func TestWoken(t *testing.T) {
	b := bell{}
	woken, cancel, err := stream.Woken(b, "a", "b")
	if err != nil || len(b) != 2 {
		t.Fatalf("%v %v", b, err)
	}
	for range 3 {
		b["a"](nil)
		b["b"](nil)
	}
	<-woken
	select {
	case <-woken:
		t.Error("there is one reason to look, not two")
	default:
	}
	b["b"](nil)
	<-woken
	if cancel(); len(b) != 0 {
		t.Error("it is still listened")
	}
	if _, _, err := stream.Woken(b, "a", "broken"); err == nil || len(b) != 0 {
		t.Errorf("%v %v", b, err)
	}
}
