package app

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

// Who goes before the answer is read breaks off like a connection: the handler
// learns it from its context, as huma does, and does not take it for a failure.
func TestAnswerNobodyReads(t *testing.T) {
	var wrote, told error
	client := inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, wrote = w.Write(make([]byte, 1<<16))
		told = r.Context().Err()
	})}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://regia/", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatalf("%v %v", answer, err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(wrote, io.ErrClosedPipe) || told == nil {
		t.Errorf("writing gave %v, the context said %v", wrote, told)
	}
	if r.Context().Err() != nil {
		t.Error("who asked is ended as well")
	}
}
