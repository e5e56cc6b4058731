package collect

import (
	"io"
	"net/http"
	"strings"
)

// segmentSettings are what Segment's libraries ask the CDN for. Regia has no
// destinations to load; what matters is that events come back here.
type segmentSettings struct {
	Integrations       map[string]segmentTarget `json:"integrations"`
	Plan               struct{}                 `json:"plan"`
	EdgeFunction       struct{}                 `json:"edgeFunction"`
	MiddlewareSettings struct{}                 `json:"middlewareSettings"`
	EnabledMiddleware  struct{}                 `json:"enabledMiddleware"`
	// Metrics say where the library reports on itself: nowhere. Left out, it
	// would report to Segment.
	Metrics struct {
		SampleRate int    `json:"sampleRate"`
		Host       string `json:"host"`
	} `json:"metrics"`
}

// segmentTarget says where events go.
type segmentTarget struct {
	APIKey   string `json:"apiKey"`
	APIHost  string `json:"apiHost"`  // with "/v1", without the scheme
	Protocol string `json:"protocol"` // http or https
	Type     string `json:"type"`
	// AddBundledMetadata false spares each event a list of destinations.
	AddBundledMetadata    bool     `json:"addBundledMetadata"`
	UnbundledIntegrations []string `json:"unbundledIntegrations"`
}

// segmentSettings answers GET /v1/projects/{writeKey}/settings.
func (d *Door) segmentSettings(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	source, ok := d.settingsFor(w, r, r.PathValue("writeKey"))
	if !ok {
		return
	}
	protocol, host, _ := strings.Cut(baseOf(d.o.BaseURL, r), "://")
	host = strings.TrimRight(host, "/") + "/v1"
	s := segmentSettings{Integrations: map[string]segmentTarget{"Segment.io": {
		APIKey: source.WriteKey, APIHost: host, Protocol: protocol, Type: "server", UnbundledIntegrations: []string{},
	}}}
	s.Metrics.Host = host
	d.settings(w, r, s)
}

// libraryMetrics takes what analytics.js tells about itself at /v1/m, and
// keeps nothing of it: those who switched it on expect an answer.
func (d *Door) libraryMetrics(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodPost) {
		return
	}
	n, _ := io.CopyN(io.Discard, r.Body, int64(d.o.Limits.Body)) // it may end before, or be gone
	d.metrics.bytes.Add(float64(n))
	d.metrics.libraries.Inc()
	d.answer(w, reply{})
}
