package collect

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"regia/internal/experience"
)

// metrics counts what passes the door.
type metrics struct {
	accepted *prometheus.CounterVec    // by source
	rejected *prometheus.CounterVec    // by class of reason
	requests *prometheus.CounterVec    // by status
	ok       func() prometheus.Counter // of them, those of status 200
	bytes    prometheus.Counter
	unnoted  prometheus.Counter
	// libraries counts reports of libraries on themselves, of which nothing is kept.
	libraries prometheus.Counter
}

// newMetrics registers the counters; r may be nil.
func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "regia", Subsystem: "collect", Name: name, Help: help}
	}
	m := &metrics{
		accepted: prometheus.NewCounterVec(counter("events_accepted_total", "Events taken and safe in the log."), []string{"source"}),
		rejected: prometheus.NewCounterVec(counter("events_rejected_total", "Events and bodies refused."), []string{"class"}),
		requests: prometheus.NewCounterVec(counter("requests_total", "Requests answered."), []string{"status"}),
		bytes:    prometheus.NewCounter(counter("bytes_total", "Bytes of bodies read, inflated.")),
		unnoted:  prometheus.NewCounter(counter("rejections_unnoted_total", "Rejections not written down because too many came at once.")),

		libraries: prometheus.NewCounter(counter("library_reports_total", "Reports of Segment's libraries on themselves, answered and dropped.")),
	}
	m.ok = sync.OnceValue(func() prometheus.Counter { return m.requests.WithLabelValues("200") })
	if r != nil {
		r.MustRegister(m.accepted, m.rejected, m.requests, m.bytes, m.unnoted, m.libraries)
	}
	return m
}

func (m *metrics) took(source Source, records []experience.Record) {
	m.accepted.WithLabelValues(source.ID).Add(float64(len(records)))
}

func (m *metrics) answered(status int) {
	if status == http.StatusOK {
		m.ok().Inc()
		return
	}
	m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
}
