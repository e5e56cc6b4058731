package mapping

import (
	"context"
	"errors"
	"slices"
	"time"

	"regia/internal/experience"
)

// Bound is a mapping bound to the files at hand: its columns are checked and
// its expressions compiled. It is walked once at a time.
type Bound struct {
	mapping  *Mapping
	inputs   map[string]*input
	order    []string // the inputs' names, sorted
	tables   []*table
	plans    []*plan
	settings settings
}

// Sink takes what a walk makes of the rows. Both are called by the goroutine
// that walks; an error ends the walk and is what Walk returns.
type Sink interface {
	Take(Item) error
	Reject(Refusal) error
}

// Refusal is a row that could not be used, and why.
type Refusal struct {
	File    string // the document it stands in: "orders.csv", "olist.zip: orders.csv"
	Line    int64  // where it begins, from 1
	Reasons []Reason
	Table   string // the mapping's name of the file
	Columns []string
	Cells   []string // in the order of Columns; nil: the line could not be cut into columns
	Raw     string   // that line as it stands
}

// Tally counts what a walk read and made.
type Tally struct {
	Files        []FileReport `json:"files"`
	Rows         int64        `json:"rows"`         // walked; joined rows are not among them
	Skipped      int64        `json:"skipped"`      // left out by where:
	Interactions int64        `json:"interactions"` // made and handed on
	Profiles     int64        `json:"profiles"`     // sets of traits handed on
	People       int64        `json:"people"`       // distinct sets of identifiers
}

// FileReport tells what was read of one file of the mapping.
type FileReport struct {
	Name      string   `json:"name"`
	Documents []string `json:"documents"`
	Rows      int64    `json:"rows"`
	Damaged   int64    `json:"damaged"` // lines that are no rows
}

// Progress tells how far a walk is.
type Progress struct {
	Rows       int64         // walked so far
	Bytes      int64         // read so far
	TotalBytes int64         // to read in all; grouped files count twice
	Rate       float64       // rows a second
	Left       time.Duration // estimate; 0: not known yet
}

// WalkOptions say how a walk goes. Zero values mean the defaults.
type WalkOptions struct {
	Sample   int              // stop when about so many items are made, each step having its share; 0: walk everything
	Progress func(Progress)   // called by the goroutine that walks, about ten times a second
	Clock    experience.Clock // experience.SystemClock
}

// Bind finds the mapping's files among the given paths (files, folders, .gz,
// .zip, or name=path for a file of the mapping), checks their columns and
// compiles every expression. Errors carry experience.Invalid or NotFound and
// say what to change.
func Bind(m *Mapping, paths []string) (*Bound, error) {
	if len(m.spec.Files) == 0 {
		return nil, m.fault(errors.New("files: is missing: it names the files to read"))
	}
	docs, err := documents(paths)
	if err != nil {
		return nil, err
	}
	if err := checkClaims(m, docs); err != nil {
		return nil, err
	}
	compiler, err := newCompiler(m.spec.Defaults)
	if err != nil {
		return nil, m.fault(err)
	}
	inputs, err := bind(m, compiler.settings, docs)
	if err != nil {
		return nil, err
	}
	b := &Bound{mapping: m, inputs: inputs, settings: compiler.settings}
	for name := range inputs {
		b.order = append(b.order, name)
	}
	slices.Sort(b.order)
	binder := &binder{compiler: compiler, inputs: inputs}
	for n := range m.spec.Steps {
		p, err := binder.plan(&m.spec.Steps[n])
		if err != nil {
			return nil, m.fault(err)
		}
		b.plans = append(b.plans, p)
	}
	b.tables = binder.tables
	return b, nil
}

func checkClaims(m *Mapping, docs []document) error {
	for _, d := range docs {
		if _, ok := m.spec.Files[d.claimed]; d.claimed != "" && !ok {
			return experience.Errorf(experience.Invalid, "%s=%s: the mapping has no file called %s", d.claimed, d.name, d.claimed)
		}
	}
	return nil
}

// Name is the mapping's own name.
func (b *Bound) Name() string { return b.mapping.Name() }

// Columns gives the columns of all files, those of the first file by name first.
func (b *Bound) Columns() []string {
	var out []string
	for _, name := range b.order {
		for _, c := range b.inputs[name].header {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// errEnough ends a sample early.
var errEnough = errors.New("enough")

// Walk reads everything and hands what it makes to the sink. The tally is right
// about what was handed on even when an error ended the walk early.
func (b *Bound) Walk(ctx context.Context, o WalkOptions, to Sink) (Tally, error) {
	w := b.newWalk(o, to)
	for at, p := range b.plans {
		if o.Sample > 0 {
			left := len(b.plans) - at
			w.enough = int(w.taken) + max((o.Sample-int(w.taken))/left, 1)
		}
		if err := w.step(ctx, p); err != nil && !errors.Is(err, errEnough) {
			return w.tally(), err
		}
		if o.Sample > 0 && w.taken >= int64(o.Sample) {
			break
		}
	}
	w.tell(true)
	return w.tally(), ctx.Err()
}

// walk is one walk over the files of a binding.
type walk struct {
	*Bound
	*mapper
	options WalkOptions
	sink    Sink
	began   time.Time
	told    time.Time
	taken   int64
	rows    int64
	skipped int64
	bytes   int64
	total   int64
	files   map[string]*FileReport
	damaged map[lineOf]bool // files are read more than once, damage is told once
}

type lineOf struct {
	in   *input
	doc  int
	line int64
}

func (b *Bound) newWalk(o WalkOptions, to Sink) *walk {
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	w := &walk{Bound: b, options: o, sink: to, began: o.Clock(), files: map[string]*FileReport{}, damaged: map[lineOf]bool{}}
	for _, name := range b.order {
		f := &FileReport{Name: name, Documents: []string{}}
		for _, d := range b.inputs[name].docs {
			f.Documents = append(f.Documents, d.name)
		}
		w.files[name] = f
	}
	for _, t := range b.tables {
		t.index, t.rows = nil, nil
		w.total += t.in.size()
	}
	for _, p := range b.plans {
		w.total += p.in.size()
		if p.group != nil {
			w.total += p.in.size()
		}
	}
	w.mapper = newMapper(b.mapping.spec.Name, b.settings, w)
	w.mapper.emit = w.take
	w.mapper.made = func() int { return int(w.taken) }
	return w
}

func (in *input) size() int64 {
	var n int64
	for _, d := range in.docs {
		n += d.size
	}
	return n
}

func (w *walk) take(item Item) error {
	w.taken++
	return w.sink.Take(item)
}

func (w *walk) count(n int) { w.bytes += int64(n) }

// step loads what a step joins and walks its rows.
func (w *walk) step(ctx context.Context, p *plan) error {
	if err := w.load(ctx, p.lookups); err != nil {
		return err
	}
	w.begin(p)
	w.files[p.in.name].Rows = 0 // a file that several steps read is counted once
	over := w.single
	if p.group != nil {
		over = w.grouped
	}
	if err := over(ctx, p); err != nil {
		return err
	}
	if err := w.flushTraits(); err != nil {
		return err
	}
	for _, l := range p.lookups {
		if l.spec.Many {
			if err := l.orphans(p.in.name, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads the tables that a step joins, once for all steps.
func (w *walk) load(ctx context.Context, lookups []*lookup) error {
	for _, l := range lookups {
		t := l.table
		if t.index == nil {
			if err := t.load(ctx, w.count, w); err != nil {
				return err
			}
			w.files[t.in.name].Rows = int64(len(t.rows))
			w.tell(false)
		}
		if err := w.load(ctx, l.nested); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) rejectRow(one row, why ...Reason) error { return w.sink.Reject(one.refusal(why)) }

func (r row) refusal(why []Reason) Refusal {
	return Refusal{File: r.file.docs[r.doc].name, Line: r.line, Reasons: why, Table: r.file.name, Columns: r.file.header, Cells: r.cells}
}

func (w *walk) rejectDamage(in *input, doc int, d *damage) error {
	at := lineOf{in, doc, d.line}
	if w.damaged[at] {
		return nil
	}
	w.damaged[at] = true
	w.files[in.name].Damaged++
	return w.sink.Reject(Refusal{File: in.docs[doc].name, Line: d.line, Reasons: []Reason{d.reason}, Table: in.name, Columns: in.header, Raw: d.raw})
}

// arrived counts a walked row and tells whether it is to be used, and whether
// that could not be told (the row is rejected then).
func (w *walk) arrived(p *plan, one row) (use, faulty bool, err error) {
	w.rows++
	w.files[p.in.name].Rows++
	if w.rows&255 == 0 {
		w.tell(false)
	}
	for _, l := range p.lookups {
		l.mark(one.cells)
	}
	if p.where == nil {
		return true, false, nil
	}
	wanted, err := w.wanted(one)
	if err != nil {
		return false, true, w.rejectRow(one, reasonOf(about("where", err)))
	}
	if !wanted {
		w.skipped++
	}
	return wanted, false, nil
}

// single walks a file whose rows stand by themselves.
func (w *walk) single(ctx context.Context, p *plan) error {
	return p.in.walk(ctx, w.count, func(one row) error {
		use, _, err := w.arrived(p, one)
		if err != nil || !use {
			return err
		}
		return w.unit([]row{one})
	}, func(doc int, d *damage) error { return w.rejectDamage(p.in, doc, d) })
}

// tell reports progress, at most ten times a second.
func (w *walk) tell(last bool) {
	now := w.options.Clock()
	if !last && now.Sub(w.told) < 100*time.Millisecond {
		return
	}
	w.told = now
	p := Progress{Rows: w.rows, Bytes: min(w.bytes, w.total), TotalBytes: w.total}
	if spent := now.Sub(w.began); spent > 0 {
		p.Rate = float64(w.rows) / spent.Seconds()
		if p.Bytes > 0 && !last {
			p.Left = time.Duration(float64(spent) * float64(w.total-p.Bytes) / float64(p.Bytes)).Round(time.Second)
		}
	}
	w.options.Progress(p)
}

func (w *walk) tally() Tally {
	out := Tally{Rows: w.rows, Skipped: w.skipped, Interactions: w.interactions, Profiles: w.profiles, People: int64(len(w.people))}
	for _, name := range w.order {
		out.Files = append(out.Files, *w.files[name])
	}
	return out
}

// Expecting gives the mapping's file that expects these columns: the one that
// names most of them; "" for none.
func (m *Mapping) Expecting(columns []string) string {
	best, most := "", 0
	for name, f := range m.spec.Files {
		fits := len(f.Columns) > most
		for _, c := range f.Columns {
			fits = fits && slices.Contains(columns, c)
		}
		if fits {
			best, most = name, len(f.Columns)
		}
	}
	return best
}
