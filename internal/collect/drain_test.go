package collect

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSendersHearWhyTheyWereRefused: most senders read the answer only once
// they have sent all. A connection that is reset before tells them nothing.
func TestSendersHearWhyTheyWereRefused(t *testing.T) {
	h := newHouse(t, nil)
	server := httptest.NewServer(h.mux)
	defer server.Close()
	for _, c := range []struct {
		name, key string
		size      int
		status    int
	}{
		{"too large", h.keys[Shop], 9 << 20, http.StatusRequestEntityTooLarge},
		{"a wrong key", "wk_wrong", 3 << 20, http.StatusUnauthorized},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		must(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST /v1/batch HTTP/1.1\r\nHost: x\r\nX-Write-Key: %s\r\nContent-Length: %d\r\n\r\n%s", c.key, c.size, strings.Repeat(" ", c.size))
		must(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, answer.StatusCode, c.status)
		}
	}
}

// TestAContextIsPartOfEachEvent: what a batch says once counts against the limit
// of each of its events; else a body of some hundred bytes could fill the memory.
func TestAContextIsPartOfEachEvent(t *testing.T) {
	h := newHouse(t, nil)
	event := `{"type":"track","userId":"u","event":"X"}`
	batch := `{"context":{"blob":"` + strings.Repeat("x", DefaultLimits.Event) + `"},"batch":[` + event + `,` + event + `]}`
	if a := h.post(Site, "/v1/batch", batch); a.status != 200 || a.Accepted != 0 || len(a.Rejected) != 2 || !strings.Contains(a.Rejected[1].Error, "bytes") {
		t.Errorf("a context as large as an event may be: %d, %d accepted, %v", a.status, a.Accepted, a.Rejected)
	}
	if h.door.reader.hold(maxInFlight); h.post(Site, "/v1/batch", `{"context":{"a":1},"batch":[`+event+`]}`).status != http.StatusServiceUnavailable {
		t.Error("a batch was taken though the memory is full")
	}
}
