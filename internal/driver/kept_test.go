package driver

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What was reckoned from the same answers is not reckoned again, whoever asks;
// what fails is.
func TestAnAnalysisIsReckonedOnce(t *testing.T) {
	var k kept
	times := 0
	reckon := func(context.Context) (Analysis, error) {
		times++
		return Analysis{N: int64(times)}, nil
	}
	ask := func(asked, of string) int64 {
		x, _ := k.begin(t.Context(), asked, of, reckon)
		<-x.done
		return x.a.N
	}
	for _, c := range []struct {
		asked, of string
		want      int64
	}{{"nps", "1", 1}, {"nps", "1", 1}, {"stars", "1", 2}, {"nps", "1", 1}, {"nps", "2", 3}, {"stars", "1", 2}} {
		if got := ask(c.asked, c.of); got != c.want {
			t.Errorf("%s from %s is reckoning %d, not %d", c.asked, c.of, got, c.want)
		}
	}
	for n := range 2 * mostKept {
		ask(string(rune('a'+n)), "1")
	}
	if len(k.now) > mostKept || len(k.last) > mostKept {
		t.Errorf("%d analyses are kept", len(k.now))
	}
	fails := func(context.Context) (Analysis, error) { return Analysis{}, context.DeadlineExceeded }
	x, _ := k.begin(t.Context(), "csat", "1", fails)
	<-x.done
	if y, before := k.begin(t.Context(), "csat", "1", reckon); y == x || before != nil {
		t.Error("a failure is kept")
	}
}

// Who looks while it is being reckoned is told so, and comes again by
// themselves; where there was an analysis before they see that one.
func TestAPageSaysThatItIsBeingReckoned(t *testing.T) {
	h := newHouse(t).year().rate(400, 1)
	h.room.Patience = time.Nanosecond
	h.room.kept.slot.Lock() // as if it took long
	w := h.ask(driversPath, "owner-en")
	if w.Code != http.StatusOK || w.Header().Get("Refresh") == "" || !strings.Contains(w.Body.String(), "Being reckoned") {
		t.Errorf("%d %v %.300s", w.Code, w.Header(), w.Body)
	}
	h.room.kept.slot.Unlock()
	h.room.Patience = time.Minute
	w = h.ask(driversPath, "owner-en")
	if w.Header().Get("Refresh") != "" || strings.Contains(w.Body.String(), "being reckoned") {
		t.Errorf("%v", w.Header())
	}
}
