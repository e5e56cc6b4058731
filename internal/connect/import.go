package connect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"regia/internal/experience"
)

// Options say how an import is done. Zero values mean the defaults.
type Options struct {
	Inputs   []string         // files, folders, .gz, .zip, or name=path for a file of the mapping
	Rejected string           // where bad rows go, "rejected.csv"; "" only counts them
	Progress func(Progress)   // called from one goroutine, about ten times a second
	Clock    experience.Clock // experience.SystemClock
	Logger   *slog.Logger     // none; it is told no personal data
	// Bounds of what is sent: items a batch (at most 1000), bytes a batch (at
	// most 3.5 MB), batches in flight (4).
	BatchItems, BatchBytes, InFlight int
}

// Limits of what POST /v1/import takes at once.
const (
	MaxItemBytes  = 512 << 10
	MaxBatchItems = 1000
	MaxBatchBytes = 3_500_000
)

var identifierKind = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Import is a mapping bound to the files at hand. It runs once at a time.
type Import struct {
	mapping *Mapping
	options Options
	inputs  map[string]*input
	tables  []*table
	plans   []*plan
	setting settings
}

// Report tells what an import did.
type Report struct {
	Mapping      string        `json:"mapping"`
	Files        []FileReport  `json:"files"`
	Rows         int64         `json:"rows"`         // walked; joined rows are not among them
	Skipped      int64         `json:"skipped"`      // left out by where:
	Interactions int64         `json:"interactions"` // made and handed to the server
	Profiles     int64         `json:"profiles"`     // sets of traits handed to the server
	People       int64         `json:"people"`       // distinct sets of identifiers
	Accepted     int64         `json:"accepted"`     // taken by the server, known ones included
	Rejected     int64         `json:"rejected"`     // rows in rejected.csv
	RejectedFile string        `json:"rejected_file,omitempty"`
	Rejections   []Rejection   `json:"rejections"` // the first twenty
	Duration     time.Duration `json:"-"`
	Seconds      float64       `json:"seconds"`
	Rate         float64       `json:"rate"` // rows a second
}

// FileReport tells what was read of one file of the mapping.
type FileReport struct {
	Name      string   `json:"name"`
	Documents []string `json:"documents"`
	Rows      int64    `json:"rows"`
	Damaged   int64    `json:"damaged"` // lines that are no rows
}

// Progress tells how far an import is.
type Progress struct {
	Rows       int64         // walked so far
	Bytes      int64         // read so far
	TotalBytes int64         // to read in all; grouped files count twice
	Rate       float64       // rows a second
	Left       time.Duration // estimate; 0: not known yet
}

// Open binds a mapping to files: it finds them, checks their columns and
// compiles every expression. Errors carry experience.Invalid or NotFound and
// say what to change.
func Open(m *Mapping, o Options) (*Import, error) {
	o = o.withDefaults()
	docs, err := documents(o.Inputs)
	if err != nil {
		return nil, err
	}
	if err := checkClaims(m, docs); err != nil {
		return nil, err
	}
	inputs, err := bind(m, docs)
	if err != nil {
		return nil, err
	}
	compiler, err := newCompiler(m.spec.Defaults)
	if err != nil {
		return nil, m.fault(err)
	}
	i := &Import{mapping: m, options: o, inputs: inputs, setting: compiler.settings}
	b := &binder{compiler: compiler, inputs: inputs}
	for n := range m.spec.Steps {
		p, err := b.plan(&m.spec.Steps[n])
		if err != nil {
			return nil, m.fault(err)
		}
		i.plans = append(i.plans, p)
	}
	i.tables = b.tables
	return i, nil
}

func checkClaims(m *Mapping, docs []document) error {
	for _, d := range docs {
		if _, ok := m.spec.Files[d.claimed]; d.claimed != "" && !ok {
			return experience.Errorf(experience.Invalid, "%s=%s: the mapping has no file called %s", d.claimed, d.name, d.claimed)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.BatchItems <= 0 || o.BatchItems > MaxBatchItems {
		o.BatchItems = MaxBatchItems
	}
	if o.BatchBytes <= 0 || o.BatchBytes > MaxBatchBytes {
		o.BatchBytes = MaxBatchBytes
	}
	if o.InFlight <= 0 {
		o.InFlight = 4
	}
	return o
}

// errEnough ends a dry run early.
var errEnough = errors.New("enough")

// DryRun gives the first n items (ten when n is 0) without sending anything or
// writing rejected.csv. Each step of the mapping has its share of them.
func (i *Import) DryRun(ctx context.Context, n int) ([]Item, Report, error) {
	if n <= 0 {
		n = 10
	}
	run := i.newRun("")
	var items []Item
	run.emit = func(item Item) error {
		items = append(items, item)
		return nil
	}
	for at, p := range i.plans {
		left := len(i.plans) - at
		run.enough = len(items) + max((n-len(items))/left, 1)
		run.made = func() int { return len(items) }
		if err := run.step(ctx, p); err != nil && !errors.Is(err, errEnough) {
			return items, run.report(), err
		}
		if len(items) >= n {
			break
		}
	}
	return items[:min(n, len(items))], run.report(), ctx.Err()
}

// Run imports everything. The report is right about what was done even when an
// error ends it early; running it again then does the rest and changes nothing
// of what is there.
func (i *Import) Run(ctx context.Context, to Sender) (Report, error) {
	if err := i.checkRejected(); err != nil {
		return Report{}, err
	}
	run := i.newRun(i.options.Rejected)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := newOutbox(ctx, cancel, to, i.options, run.rejects)
	run.emit = out.add
	var err error
	for _, p := range i.plans {
		if err = run.step(ctx, p); err != nil {
			break
		}
	}
	if sent := out.close(); sent != nil {
		err = sent // the reason why the steps were stopped, too
	}
	run.accepted = out.accepted.Load()
	path, closed := run.rejects.close()
	run.rejectedFile = path
	run.tell(true)
	report := run.report()
	i.options.Logger.InfoContext(ctx, "import ended", "mapping", report.Mapping, "rows", report.Rows,
		"accepted", report.Accepted, "rejected", report.Rejected, "seconds", report.Seconds)
	return report, errors.Join(err, closed)
}

// checkRejected finds out before the work, not after it, that rejected rows have nowhere to go.
func (i *Import) checkRejected() error {
	if i.options.Rejected == "" {
		return nil
	}
	folder := filepath.Dir(i.options.Rejected)
	if !exists(folder) {
		return experience.Errorf(experience.NotFound, "the folder %s for the rejected rows is not there", folder)
	}
	return nil
}

// run is one run of an import.
type run struct {
	*Import
	*mapper
	rejects      *rejects
	began        time.Time
	told         time.Time
	rows         int64
	skipped      int64
	bytes        int64
	total        int64
	files        map[string]*FileReport
	order        []string
	accepted     int64
	rejectedFile string
}

func (i *Import) newRun(rejected string) *run {
	r := &run{Import: i, began: i.options.Clock(), files: map[string]*FileReport{}}
	for name := range i.inputs {
		r.order = append(r.order, name)
	}
	slices.Sort(r.order)
	r.rejects = newRejects(rejected, i.inputs, r.order)
	for _, name := range r.order {
		f := &FileReport{Name: name, Documents: []string{}}
		for _, d := range i.inputs[name].docs {
			f.Documents = append(f.Documents, d.name)
		}
		r.files[name] = f
	}
	for _, t := range i.tables {
		r.total += t.in.size()
	}
	for _, p := range i.plans {
		r.total += p.in.size()
		if p.group != nil {
			r.total += p.in.size()
		}
	}
	r.mapper = newMapper(i.mapping.spec.Name, i.setting, r.rejects)
	for _, t := range i.tables {
		t.index, t.rows = nil, nil
	}
	return r
}

func (in *input) size() int64 {
	var n int64
	for _, d := range in.docs {
		n += d.size
	}
	return n
}

func (r *run) count(n int) { r.bytes += int64(n) }

// step loads what a step joins and walks its rows.
func (r *run) step(ctx context.Context, p *plan) error {
	if err := r.load(ctx, p.lookups); err != nil {
		return err
	}
	r.begin(p)
	r.files[p.in.name].Rows = 0 // a file that several steps read is counted once
	walk := r.single
	if p.group != nil {
		walk = r.grouped
	}
	if err := walk(ctx, p); err != nil {
		return err
	}
	if err := r.flushTraits(); err != nil {
		return err
	}
	for _, l := range p.lookups {
		if l.spec.Many {
			if err := l.orphans(p.in.name, r.rejects); err != nil {
				return err
			}
		}
	}
	return nil
}

// tables that a step joins, loaded once for all steps.
func (r *run) load(ctx context.Context, lookups []*lookup) error {
	for _, l := range lookups {
		t := l.table
		if t.index == nil {
			if err := t.load(ctx, r.count, r.noting(t.in)); err != nil {
				return err
			}
			r.files[t.in.name].Rows = int64(len(t.rows))
			r.tell(false)
		}
		if err := r.load(ctx, l.nested); err != nil {
			return err
		}
	}
	return nil
}

// noting rejects and counts damaged lines of a file.
func (r *run) noting(in *input) rejecter { return noted{r.rejects, r.files[in.name]} }

type noted struct {
	*rejects
	file *FileReport
}

func (n noted) rejectDamage(in *input, doc int, d *damage) error {
	before := len(n.damaged)
	defer func() { n.file.Damaged += int64(len(n.damaged) - before) }()
	return n.rejects.rejectDamage(in, doc, d)
}

// arrived counts a walked row and tells whether it is to be used, and whether
// that could not be told (the row is rejected then).
func (r *run) arrived(p *plan, one row) (use, faulty bool, err error) {
	r.rows++
	r.files[p.in.name].Rows++
	if r.rows&255 == 0 {
		r.tell(false)
	}
	for _, l := range p.lookups {
		l.mark(one.cells)
	}
	if p.where == nil {
		return true, false, nil
	}
	wanted, err := r.wanted(one)
	if err != nil {
		return false, true, r.rejects.rejectRow(one, "where: "+err.Error())
	}
	if !wanted {
		r.skipped++
	}
	return wanted, false, nil
}

// single walks a file whose rows stand by themselves.
func (r *run) single(ctx context.Context, p *plan) error {
	return p.in.walk(ctx, r.count, func(one row) error {
		use, _, err := r.arrived(p, one)
		if err != nil || !use {
			return err
		}
		return r.unit([]row{one})
	}, func(doc int, d *damage) error { return r.noting(p.in).rejectDamage(p.in, doc, d) })
}

// tell reports progress, at most ten times a second.
func (r *run) tell(last bool) {
	now := r.options.Clock()
	if !last && now.Sub(r.told) < 100*time.Millisecond {
		return
	}
	r.told = now
	p := Progress{Rows: r.rows, Bytes: min(r.bytes, r.total), TotalBytes: r.total}
	if spent := now.Sub(r.began); spent > 0 {
		p.Rate = float64(r.rows) / spent.Seconds()
		if p.Bytes > 0 && !last {
			p.Left = time.Duration(float64(spent) * float64(r.total-p.Bytes) / float64(p.Bytes)).Round(time.Second)
		}
	}
	r.options.Progress(p)
}

func (r *run) report() Report {
	d := r.options.Clock().Sub(r.began)
	out := Report{
		Mapping: r.mapping.spec.Name, Rows: r.rows, Skipped: r.skipped, Interactions: r.interactions, Profiles: r.profiles,
		People: int64(len(r.people)), Accepted: r.accepted, Rejected: r.rejects.rows, RejectedFile: r.rejectedFile,
		Rejections: append([]Rejection{}, r.rejects.sample...), Duration: d, Seconds: d.Seconds(),
	}
	if d > 0 {
		out.Rate = float64(r.rows) / d.Seconds()
	}
	for _, name := range r.order {
		out.Files = append(out.Files, *r.files[name])
	}
	return out
}

// Summary says a report in one line.
func (r Report) Summary() string {
	s := fmt.Sprintf("%d rows: %d interactions and %d profiles sent, %d taken, %d rows rejected, %.1f s", r.Rows, r.Interactions, r.Profiles, r.Accepted, r.Rejected, r.Seconds)
	if r.RejectedFile != "" {
		s += "; see " + r.RejectedFile
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
