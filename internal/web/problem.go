package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"regia/internal/experience"
)

// Problem is an error as the API tells it (RFC 9457). Code is the word for
// programs; Detail is for people, in their language.
type Problem struct {
	Type   string         `json:"type" doc:"always about:blank: the code says what kind of problem it is"`
	Title  string         `json:"title" doc:"the meaning of the status"`
	Status int            `json:"status"`
	Code   string         `json:"code" doc:"invalid, not_found, conflict, unauthorised, forbidden, too_large, too_many, unavailable or internal"`
	Detail string         `json:"detail,omitempty" doc:"what happened, for people"`
	Errors []ProblemField `json:"errors,omitempty" doc:"what is wrong where, when several things are"`
}

// ProblemField is one thing that is wrong in what was sent.
type ProblemField struct {
	Location string `json:"location,omitempty" doc:"where, such as query.limit or body.name"`
	Message  string `json:"message"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus makes Problem a huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json whatever was asked for.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// Status maps an error's code to HTTP. It is the only place that does.
func Status(err error) int {
	if errors.Is(err, context.Canceled) {
		return 499 // the reader went away: nobody will see it, the log tells it apart
	}
	switch experience.CodeOf(err) {
	case "":
		return http.StatusOK
	case experience.Invalid:
		return http.StatusBadRequest
	case experience.NotFound:
		return http.StatusNotFound
	case experience.Conflict:
		return http.StatusConflict
	case experience.Unauthorised:
		return http.StatusUnauthorized
	case experience.Forbidden:
		return http.StatusForbidden
	case experience.TooLarge:
		return http.StatusRequestEntityTooLarge
	case experience.TooMany:
		return http.StatusTooManyRequests
	case experience.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// codeOf is the way back, for errors that arise as a bare status.
func codeOf(status int) experience.Code {
	switch status {
	case http.StatusNotFound:
		return experience.NotFound
	case http.StatusConflict:
		return experience.Conflict
	case http.StatusUnauthorized:
		return experience.Unauthorised
	case http.StatusForbidden:
		return experience.Forbidden
	case http.StatusRequestEntityTooLarge:
		return experience.TooLarge
	case http.StatusTooManyRequests:
		return experience.TooMany
	case http.StatusServiceUnavailable:
		return experience.Unavailable
	}
	if status >= 500 {
		return experience.Internal
	}
	return experience.Invalid
}

// Explain gives the message of an error in the reader's language: the message
// itself may be the key of a text. An error without a code tells nothing of
// its inside.
func (l *Locale) Explain(err error) string {
	if err == nil {
		return ""
	}
	var e *experience.Error
	if !errors.As(err, &e) || e.Code == experience.Internal {
		return l.T("web.error.internal")
	}
	return l.T(e.Message)
}

func problemOf(l *Locale, err error) *Problem {
	status := Status(err)
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: string(experience.CodeOf(err)), Detail: l.Explain(err)}
}

// fail answers an error in the shape the caller can read, and logs it when it is ours.
func (s *Site) fail(w http.ResponseWriter, r *Request, err error) {
	if err == nil {
		return
	}
	status := Status(err)
	if status >= 500 {
		s.log.Error("request failed", "pattern", r.Pattern, "error", cause(err))
	}
	if a, ok := w.(*answer); ok && a.status != 0 {
		return // too late for another answer
	}
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	switch {
	case wantsJSON(r.Request):
		writeProblem(w, problemOf(r.L, err))
	case status == http.StatusUnauthorized && r.HTMX():
		w.Header().Set("HX-Redirect", signInURL(r.Request))
		w.WriteHeader(http.StatusUnauthorized)
	case status == http.StatusUnauthorized && errors.Is(err, errSignIn):
		http.Redirect(w, r.Request, signInURL(r.Request), http.StatusSeeOther)
	case r.HTMX():
		s.write(w, r, status, ErrorBox(err))
	default:
		s.errorPage(w, r, status, err)
	}
}

// cause is what the log should tell of an error: its inside, if it has one.
func cause(err error) error {
	var e *experience.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}

func wantsJSON(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/api/docs" {
		return true
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", problemType)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="regia"`)
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the reader may be gone: nothing to be done
}
