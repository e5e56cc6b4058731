package collect

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"regia/internal/experience"
)

// Appender is the log: it returns once all records are on disk, and needs
// nothing of them any more.
type Appender interface {
	Append(ctx context.Context, records []experience.Record) error
}

// Bus carries word of what was refused to whoever listens, at most once.
type Bus interface {
	Publish(subject string, data []byte) error
}

// Options say what a Door needs. Sources and Log must be given.
type Options struct {
	Sources        *Sources
	Log            Appender
	Bus            Bus                                      // nil = nobody is told of rejections
	Company        func(context.Context) experience.Company // whose staff are marked; nil = nobody is
	Limits         Limits
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	BaseURL        string         // how others reach this Regia, without a slash at its end; "" = as they do now
	Metrics        prometheus.Registerer
	Logger         *slog.Logger
	Clock          experience.Clock
}

// Door takes interactions over HTTP.
type Door struct {
	o          Options
	reader     reader
	buckets    buckets
	bots       bots
	admission  *admission
	rejections *rejections
	metrics    *metrics

	staffMu   sync.Mutex // held to read it anew
	staffList atomic.Pointer[staff]

	inside sync.RWMutex // held for reading by each request, for ever once closed
	closed sync.Once
}

// New makes a door. Close it when the server no longer serves.
func New(o Options) *Door {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Company == nil {
		o.Company = func(context.Context) experience.Company { return experience.Company{} }
	}
	o.Limits = o.Limits.withDefaults()
	d := &Door{o: o, metrics: newMetrics(o.Metrics)}
	d.reader.limit = o.Limits.Body
	d.buckets.limits, d.buckets.of = o.Limits, map[string]*rate.Limiter{}
	d.admission = newAdmission(time.Now)
	d.rejections = newRejections(o, d.metrics)
	return d
}

// Register puts the door's addresses on a site: any method, without sign-in.
func (d *Door) Register(s site) {
	for _, kind := range experience.Kinds {
		s.Handle("/v1/"+string(kind), d.handler(call{kind: kind}))
	}
	s.Handle("/v1/batch", d.handler(call{batch: true}))
	s.Handle("/v1/import", d.handler(call{batch: true, imported: true}))
	d.registerLibraries(s)
}

// Close refuses further requests, waits for those inside, and writes down the
// last rejections.
func (d *Door) Close() {
	d.closed.Do(d.inside.Lock)
	d.rejections.close()
}

// enter tells whether a request may come in; then leave must be called.
func (d *Door) enter() bool { return d.inside.TryRLock() }

func (d *Door) leave() { d.inside.RUnlock() }

// call is what an address means.
type call struct {
	kind     experience.Kind // "" = each event says its own
	batch    bool
	imported bool
	idRoot   string // what ids are made of where an event has none; "" = chance
}

func (d *Door) handler(c call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allow(w, r, http.MethodPost) {
			return
		}
		if !d.enter() {
			d.answer(w, reply{err: experience.Errorf(experience.Unavailable, "Regia is restarting; please send again in a moment")})
			return
		}
		defer d.leave()
		out := d.serve(w, r, c)
		if out.err != nil {
			d.drain(r)
		}
		d.answer(w, out)
	})
}

// drained is how much more than the largest body is read of a body that was
// refused.
const drained = 4

// drain reads the rest of a refused body, within bounds: were it left unread,
// the connection would be reset, and the sender, who learns nothing from that,
// would send it again for ever. Who waits for leave to send is told at once.
func (d *Door) drain(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, int64(drained*d.o.Limits.Body)) // it may end before, or be gone
	}
}

// serve takes one request in, as far as the answer.
func (d *Door) serve(w http.ResponseWriter, r *http.Request, c call) reply {
	if err := d.admission.check(); err != nil {
		return reply{err: err}
	}
	received := d.o.Clock().Truncate(time.Microsecond).UTC()
	source, err := d.authenticate(r.Context(), keyOf(r), received)
	if err != nil && !errors.Is(err, errNoKey) {
		return reply{err: err}
	}
	known := err == nil
	desk := d.reader.desk()
	defer d.reader.clear(desk)
	body, err := d.reader.read(w, r, desk)
	d.metrics.bytes.Add(float64(len(body)))
	if err != nil {
		return d.refuseBody(source, received, err)
	}
	maxItems := d.o.Limits.Batch
	if c.imported {
		maxItems = d.o.Limits.ImportBatch
	}
	v, err := desk.envelope.open(body, c.batch, maxItems)
	if !known && v != nil {
		var authErr error
		if source, authErr = d.authenticate(r.Context(), textOf(present(v.writeKey)), received); authErr != nil {
			if err != nil && errors.Is(authErr, errNoKey) {
				return reply{err: err} // broken before its key could be read
			}
			return reply{err: authErr}
		}
	}
	if err == nil && c.batch {
		err = v.checkBatch(d.o.Limits.Body)
	}
	if err != nil {
		return d.refuseBody(source, received, err)
	}
	if wait := d.buckets.take(source.ID, len(v.items), received); wait > 0 {
		return reply{err: experience.Errorf(experience.TooMany, "this source sends too fast; please send again in %d s", wait), retryAfter: wait}
	}
	ofDevice(v.items, deviceOf(r, source))
	own := d.staff(r.Context(), received)
	return d.take(r.Context(), d.visitorOf(r, own), own, c, source, v, received, desk)
}

// refuseBody notes a body that could not be taken apart, for its source.
func (d *Door) refuseBody(source Source, received time.Time, err error) reply {
	class := map[experience.Code]string{experience.Invalid: "body", experience.TooLarge: "size"}[experience.CodeOf(err)]
	if class != "" && source.ID != "" {
		d.rejections.add(Rejection{Source: source.ID, Time: received, Class: class, Reason: experience.MessageOf(err)})
	}
	return reply{err: err}
}

// amplification is how much larger than the largest body a batch may become
// when what it says once is written into each of its events.
const amplification = 8

func (v *envelope) checkBatch(maxBody int) error {
	if !v.isBatch {
		return experience.Errorf(experience.Invalid, "batch is missing: it must be a list of events")
	}
	for _, o := range []struct {
		name string
		raw  []byte
	}{{"context", present(v.fields.context)}, {"integrations", present(v.integrations)}} {
		if o.raw != nil && !isObject(o.raw) {
			return experience.Errorf(experience.Invalid, "%s must be an object", o.name)
		}
	}
	if v.spread() > amplification*maxBody {
		return experience.Errorf(experience.TooLarge, "the batch's context is too large for so many events; send fewer at a time")
	}
	return nil
}

// spread is how many bytes the events grow by when what the batch says once is
// written into each: a body of a few hundred bytes may hold megabytes of it.
func (v *envelope) spread() int {
	if !v.isBatch {
		return 0
	}
	return (len(v.fields.context) + len(v.integrations)) * len(v.items)
}

// take checks each event of an envelope and writes the good ones to the log.
func (d *Door) take(ctx context.Context, from visitor, own *staff, c call, source Source, v *envelope, received time.Time, on *desk) reply {
	release, err := d.reader.hold(2 * v.spread()) // in the events, and in what goes to the log
	defer release()
	if err != nil {
		return reply{err: err}
	}
	check := &on.checker
	*check = checker{
		list: check.list, joined: check.joined, source: source, path: c.kind, imported: c.imported, received: received, limit: d.o.Limits.Event, idRoot: c.idRoot,
		visitor: from, staff: own, bots: &d.bots,
	}
	if c.imported {
		check.limit = d.o.Limits.ImportEvent
	}
	if c.batch {
		check.shared = v.surroundings()
	}
	if c.imported {
		if check.shared.importID, err = importOf(&v.fields); err != nil {
			return d.refuseBody(source, received, err)
		}
	}
	out := reply{single: !c.batch}
	var refused []Rejection
	for i := range v.items {
		e := &on.event
		if no := check.check(&v.items[i], e); no != nil {
			out.reject(i, e, no)
			refused = append(refused, rejectionOf(source.ID, received, &v.items[i], e, no))
			continue
		}
		on.text = e.appendJSON(on.text)
		on.ends = append(on.ends, len(on.text))
		// A microsecond apart, so that what happened at one moment keeps the order
		// in which its sender told it.
		arrived := received.Add(time.Duration(len(on.records)) * time.Microsecond)
		on.records = append(on.records, experience.Record{Source: source.ID, ReceivedAt: arrived, Flags: e.flags})
	}
	start := 0
	for i, end := range on.ends { // only now: until here the text may have moved
		on.records[i].Event, start = on.text[start:end:end], end
	}
	if len(on.records) > 0 {
		turn := d.admission.wait(len(on.text))
		err := d.o.Log.Append(ctx, on.records)
		turn.kept()
		if err != nil {
			return reply{err: err}
		}
	}
	for _, x := range refused { // only now: an answer of 503 brings them all again
		d.rejections.add(x)
	}
	out.accepted = len(on.records)
	d.metrics.took(source, on.records)
	return out
}

// importOf gives the import that a batch says it belongs to; zero: none.
func importOf(f *fields) (experience.ID, error) {
	raw := present(f.importID)
	if raw == nil {
		return experience.ID{}, nil
	}
	id, err := experience.ParseID(textOf(raw))
	if err != nil || id.IsZero() {
		return experience.ID{}, experience.Errorf(experience.Invalid, "importId must be a UUID")
	}
	return id, nil
}

func (v *envelope) surroundings() surroundings {
	s := surroundings{sentAt: present(v.sentAt), notes: v.notes, size: len(v.fields.context) + len(v.integrations)}
	if raw := present(v.fields.context); raw != nil {
		s.context = members(raw)
	}
	if raw := present(v.integrations); raw != nil {
		s.integrations = members(raw)
	}
	return s
}

const staffFresh = 5 * time.Second

// staff gives whom to mark as the company's own.
func (d *Door) staff(ctx context.Context, now time.Time) *staff {
	if s := d.staffList.Load(); s.fresh(now) {
		return s
	}
	d.staffMu.Lock()
	defer d.staffMu.Unlock()
	if s := d.staffList.Load(); s.fresh(now) {
		return s
	}
	s := staffOf(d.o.Company(ctx))
	s.read = now
	d.staffList.Store(s)
	return s
}

func (s *staff) fresh(now time.Time) bool { return s != nil && now.Sub(s.read) <= staffFresh }
