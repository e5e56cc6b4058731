package collect

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// reply is what a request is answered.
type reply struct {
	accepted   int
	rejected   []rejected
	single     bool  // one event, not a batch: rejected means refused
	large      bool  // the one event was too large
	err        error // nothing was taken
	retryAfter int   // seconds
}

// rejected is one event that was not taken.
type rejected struct {
	Index     int    `json:"index"`
	MessageID string `json:"message_id"`
	Error     string `json:"error"`
}

func (r *reply) reject(index int, e *event, no *refusal) {
	id := string(e.messageID)
	if e.made {
		id = "" // the sender does not know it
	}
	r.rejected = append(r.rejected, rejected{index, id, no.reason})
	r.large = no.class == "size"
}

// later is how many seconds a sender waits before it tries again.
const later = 2

// status is what a reply is in HTTP.
func (r *reply) status() int {
	switch {
	case r.err == nil && r.single && r.large:
		return http.StatusRequestEntityTooLarge
	case r.err == nil && r.single && len(r.rejected) > 0:
		return http.StatusBadRequest
	case r.err == nil:
		return http.StatusOK
	}
	if errors.Is(r.err, context.Canceled) || errors.Is(r.err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable // whoever asked is gone, or must ask again
	}
	return web.Status(r.err)
}

func (d *Door) answer(w http.ResponseWriter, r reply) {
	status := r.status()
	if status == http.StatusOK && len(r.rejected) == 0 {
		d.metrics.answered(status)
		writeAccepted(w, r.accepted)
		return
	}
	body := struct {
		Accepted int        `json:"accepted"`
		Rejected []rejected `json:"rejected"`
		Error    string     `json:"error,omitempty"`
	}{r.accepted, r.rejected, ""}
	if body.Rejected == nil {
		body.Rejected = []rejected{}
	}
	switch {
	case r.err != nil:
		body.Error = experience.MessageOf(r.err)
	case status != http.StatusOK:
		body.Error = r.rejected[0].Error
	}
	switch status {
	case http.StatusInternalServerError:
		d.o.Logger.Error("events could not be taken", "error", r.err)
	case http.StatusServiceUnavailable:
		if errors.Is(r.err, context.Canceled) || errors.Is(r.err, context.DeadlineExceeded) {
			body.Error = "the request ended before its events were safe; please send again"
		}
		r.retryAfter = max(r.retryAfter, later)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="write key"`)
	}
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	d.metrics.answered(status)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked may be gone
}

// Values of headers that each answer has, made once; nobody changes them.
var (
	jsonType  = []string{"application/json; charset=utf-8"}
	notStored = []string{"no-store"}
	byOrigin  = []string{"Origin"}
)

// writeAccepted answers that all events were taken: what is answered nearly
// always, so it is not left to encoding/json.
func writeAccepted(w http.ResponseWriter, n int) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, notStored
	b := strconv.AppendInt(append(make([]byte, 0, 64), `{"accepted":`...), int64(n), 10)
	_, _ = w.Write(append(b, ",\"rejected\":[]}\n"...)) // whoever asked may be gone
}

// cors lets browsers read our answers on other sites.
func cors(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if len(h["Vary"]) == 0 {
		h["Vary"] = byOrigin
	} else {
		h.Add("Vary", "Origin")
	}
	if origin := sent(r.Header, "Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "Retry-After")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// allow sets what browsers need to talk to us from other sites, answers
// preflights and refuses methods other than those given; it tells whether to
// go on.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	cors(w, r)
	if slices.Contains(methods, r.Method) {
		return true
	}
	h := w.Header()
	all := strings.Join(methods, ", ") + ", OPTIONS"
	h.Set("Allow", all)
	if r.Method != http.MethodOptions {
		writeProblem(w, http.StatusMethodNotAllowed, experience.Invalid, "this address takes "+strings.Join(methods, " or ")+" only")
		return false
	}
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", all)
	asked := r.Header.Get("Access-Control-Request-Headers")
	if asked == "" {
		asked = "Authorization, Content-Type, Content-Encoding, X-Write-Key, AnonymousId"
	}
	h.Set("Access-Control-Allow-Headers", asked)
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return false
}
