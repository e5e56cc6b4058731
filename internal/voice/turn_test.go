package voice

import (
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Of two Regia on the same books one reads, however differently they learnt; the
// other takes over when it is gone.
func TestOneOfSeveralReads(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		clock := now
		h.room.Clock, h.room.Name = func() time.Time { return clock }, "one"
		options := h.room.Options
		heard := &bus{}
		options.Bus, options.Name = heard, "other"
		other := New(options)
		h.tell(h.said(1, 3, "Review Posted", map[string]any{"text": "Il corriere ha perso il pacco."}))
		look := func() {
			t.Helper()
			if err := other.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look()
		other.reader.version = "learnt at another time"
		h.weave(ledger.Batch{Rows: []experience.Interaction{h.said(2, 2, "Review Posted", map[string]any{"text": "Tutto bene, grazie."})}})
		look()
		var anew int
		if err := h.book.Read(t.Context(), count(&anew, `SELECT count(*) FROM voices WHERE model = 'learnt at another time'`)); err != nil || anew != 0 || len(heard.told) != 0 {
			t.Errorf("both read: %d anew, told %v (%v)", anew, heard.told, err)
		}
		clock = clock.Add(turnFor + time.Second)
		look()
		if err := h.book.Read(t.Context(), count(&anew, `SELECT count(*) FROM voices WHERE model = 'learnt at another time'`)); err != nil || anew != 2 || len(heard.told) == 0 {
			t.Errorf("nobody takes over: %d anew, told %v (%v)", anew, heard.told, err)
		}
		h.look()
		if err := h.book.Read(t.Context(), count(&anew, `SELECT count(*) FROM voices WHERE model = 'learnt at another time'`)); err != nil || anew != 2 {
			t.Errorf("who comes back reads beside the other: %d (%v)", anew, err)
		}
	})
}
