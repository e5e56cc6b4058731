package collect

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// sourceConfig is what RudderStack's libraries ask the control plane for.
type sourceConfig struct {
	Source  rudderSource `json:"source"`
	Consent struct {
		Providers []struct{} `json:"providers"` // how consent rules destinations: there are none
	} `json:"consentManagementMetadata"`
}

// rudderSource describes a source: without destinations, and without leave to
// report errors and figures of the library to anybody.
type rudderSource struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	WriteKey     string       `json:"writeKey"`
	Enabled      bool         `json:"enabled"`
	WorkspaceID  string       `json:"workspaceId"`
	Destinations []struct{}   `json:"destinations"`
	Dataplanes   struct{}     `json:"dataplanes"`
	Config       rudderConfig `json:"config"`
}

type rudderConfig struct {
	StatsCollection struct {
		Errors  rudderSwitch `json:"errors"`
		Metrics rudderSwitch `json:"metrics"`
	} `json:"statsCollection"`
}

type rudderSwitch struct {
	Enabled bool `json:"enabled"`
}

// sourceConfig answers GET /sourceConfig. The library also asks with HEAD, to
// see whether somebody blocks it.
func (d *Door) sourceConfig(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	w.Header().Add("Vary", "Authorization")
	source, ok := d.settingsFor(w, r, keyOf(r))
	if !ok {
		return
	}
	// The id stands for the name: a site's visitors need not know what it is called inside.
	c := sourceConfig{Source: rudderSource{
		ID: source.ID, Name: source.ID, WriteKey: source.WriteKey, Enabled: true, WorkspaceID: RegiaID, Destinations: []struct{}{},
	}}
	c.Consent.Providers = []struct{}{}
	d.settings(w, r, c)
}

// deviceOf reads the header AnonymousId, in which RudderStack's libraries say
// in base64 on whose device they run, as the JSON that an event would say it
// with; nil when there is none. Only a site's or an app's requests come from
// one device: a server sends for many people at once.
func deviceOf(r *http.Request, source Source) []byte {
	told := strings.TrimSpace(sent(r.Header, "Anonymousid"))
	if told == "" || !source.Kind.Browser() {
		return nil
	}
	id, err := base64.StdEncoding.DecodeString(told)
	if err != nil || !utf8.Valid(id) {
		return nil
	}
	return appendText(nil, bytes.ReplaceAll(id, []byte{0}, []byte("\ufffd"))) // as in a body's texts
}

// ofDevice gives events without an anonymousId that of the device they come from.
func ofDevice(items []item, device []byte) {
	if device == nil {
		return
	}
	for i := range items {
		if id, ok := scalar(present(items[i].anonymousID)); ok && len(bytes.TrimSpace(id)) == 0 {
			items[i].anonymousID = device
		}
	}
}
