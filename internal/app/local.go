package app

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// localToken lets the commands of whoever owns the data folder in. It lives as
// long as this process, and in a file that only its owner can read.
type localToken string

func newLocalToken() localToken { return localToken("rl_" + rand.Text() + rand.Text()) }

// authenticator knows the local token, and asks next about everything else.
type authenticator struct {
	local localToken
	next  web.Authenticator
}

func (a authenticator) Authenticate(r *http.Request) (*web.User, error) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if ok && subtle.ConstantTimeCompare([]byte(bearer), []byte(a.local)) == 1 {
		return &web.User{ID: "local", Name: "regia", Role: experience.Owner, Token: true}, nil
	}
	return a.next.Authenticate(r)
}

// InProcess is a transport that hands requests to this App without a network:
// how a command works on a folder on which no server runs.
func (a *App) InProcess() http.RoundTripper { return inProcess{a.Site} }

// LocalToken is the bearer token of InProcess requests.
func (a *App) LocalToken() string { return string(a.local) }
