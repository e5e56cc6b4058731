package weave

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stream"
)

// skein is what stands in some blocks, read and ready to be woven.
type skein struct {
	rows    []experience.Interaction
	facts   []experience.Fact // one for each row
	after   experience.Position
	company experience.Company // as which it was read
	ahead   bool               // the registry has it already
	forget  []experience.ID    // imports that it takes back
	blocks  int                // how many blocks it is of; an error counts as one
	bytes   int                // how large they are in the log
	err     error
}

// mostBytes is how large the blocks of one step are, about: their text stays in
// memory until it is woven.
const mostBytes = 16 << 20

// full tells that s is about as large as a step may be: what is read at a time
// ends with a block, so it is rarely all that was asked for.
func (s *skein) full(maxRecords int) bool {
	return s.last() || len(s.rows) >= maxRecords-maxRecords/8 || s.bytes >= mostBytes
}

// skein reads blocks that follow a position in the ledger.
func (w *Weaver) skein(ctx context.Context, at experience.Position, blocks []stream.Block) skein {
	company, err := w.Registry.Company(ctx)
	if err != nil {
		return skein{err: err}
	}
	known, err := w.replay(ctx, at, blocks)
	if err != nil {
		return skein{err: err}
	}
	if known.ahead {
		blocks = blocks[:known.blocks]
		if known.region != "" {
			company.Region, company.Currency = known.region, known.currency
		}
	}
	s := w.unravel(blocks, company)
	s.ahead = known.ahead
	return s
}

// unravel reads the blocks' records, on all cores: that is where most of the
// weaver's time outside of the books goes.
func (w *Weaver) unravel(blocks []stream.Block, company experience.Company) skein {
	starts, n := make([]int, len(blocks)), 0
	for k, b := range blocks {
		starts[k] = n
		n += len(b.Records)
	}
	s := skein{
		rows: make([]experience.Interaction, n), facts: make([]experience.Fact, n),
		after: blocks[len(blocks)-1].Position, company: company,
	}
	x := extractor{ids: w.ids, company: company, numbers: &w.numbers}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for k, b := range blocks {
		g.Go(func() error {
			for i := range b.Records {
				at := starts[k] + i
				if err := x.extract(&b.Records[i], &s.rows[at], &s.facts[at]); err != nil {
					return fmt.Errorf("%w: block %d, event %d: %w", ErrDamaged, b.Position.Sequence, i, err)
				}
			}
			return nil
		})
	}
	s.err = g.Wait()
	return s
}

// leaveOut takes out what was woven before.
func (w *Weaver) leaveOut(ctx context.Context, s *skein) error {
	fresh, err := w.Ledger.Fresh(ctx, s.rows)
	if err != nil {
		return err
	}
	s.keep(func(k int) bool { return fresh[k] })
	return nil
}

// keep drops what does not pass.
func (s *skein) keep(pass func(k int) bool) {
	n := 0
	for k := range s.rows {
		if !pass(k) {
			continue
		}
		if n != k {
			s.rows[n], s.facts[n] = s.rows[k], s.facts[k]
		}
		n++
	}
	s.rows, s.facts = s.rows[:n], s.facts[:n]
}

// join adds what follows s to it, where both can be one step: an error, what the
// registry has already and what was read as another company stand alone.
func (s *skein) join(more skein) bool {
	switch {
	case s.blocks == 0:
		*s = more
		return true
	case more.last() || s.last() || more.company.Region != s.company.Region || more.company.Currency != s.company.Currency:
		return false
	}
	s.rows, s.facts = append(s.rows, more.rows...), append(s.facts, more.facts...)
	s.after, s.blocks, s.bytes = more.after, s.blocks+more.blocks, s.bytes+more.bytes
	return true
}

// reader reads the log ahead: while a skein is being written into the books, the
// next one gathers, as large as a step may be, and is there at once. It serves
// one turn of a weaver.
type reader struct {
	weaver *Weaver
	coming chan skein          // nil when nothing is being read
	at     experience.Position // what the next skein follows
	work   sync.WaitGroup
}

// next gives what follows a position in the ledger, once it is read. Calling it
// again before that gives the same.
func (r *reader) next(ctx context.Context, at experience.Position) (<-chan skein, error) {
	switch {
	case r.coming == nil:
		coming := make(chan skein)
		r.coming, r.at = coming, at
		r.work.Go(func() { r.gather(ctx, at, coming) })
	case r.at != at:
		return nil, experience.Errorf(experience.Conflict, "the ledger is at block %d, not at %d", at.Sequence, r.at.Sequence)
	}
	return r.coming, nil
}

// took says that s was received. After an error, and where the registry was
// ahead of the ledger, reading begins anew.
func (r *reader) took(s skein) {
	r.at = s.after
	if s.last() {
		r.coming = nil
	}
}

// last tells that nothing is read after s before it is looked at.
func (s *skein) last() bool { return s.err != nil || s.ahead }

// gather reads on and on, and gives what it has whenever it is taken, but not
// before the weaver's pace says so.
func (r *reader) gather(ctx context.Context, at experience.Position, coming chan<- skein) {
	w := r.weaver
	var s, odd skein // odd cannot be joined to s
	reading := r.read(ctx, at, func(blocks []stream.Block) skein { return w.skein(ctx, at, blocks) })
	rested := time.After(0)
	ready := false
	for {
		in, out := reading, coming
		if s.full(w.pace.most(w.MaxRecords)) || odd.blocks > 0 {
			in = nil
		}
		if s.blocks == 0 || !ready {
			out = nil
		}
		select {
		case more := <-in:
			if !s.join(more) {
				odd = more
			}
			if reading = nil; !more.last() {
				reading = r.read(ctx, more.after, func(blocks []stream.Block) skein { return w.readAs(ctx, blocks) })
			}
		case <-rested:
			if left := w.pace.left(w.Clock()); left > 0 {
				rested = time.After(min(left, look))
			} else {
				ready = true
			}
		case out <- s:
			if s.last() {
				return
			}
			s, odd = odd, skein{}
			w.pace.begins(w.Clock())
			ready, rested = false, time.After(0)
		case <-ctx.Done():
			if reading != nil {
				<-reading
			}
			return
		}
	}
}

// read reads what follows a position in the log.
func (r *reader) read(ctx context.Context, at experience.Position, f func([]stream.Block) skein) <-chan skein {
	read := make(chan skein, 1)
	go func() {
		blocks, err := r.weaver.Log.Next(ctx, at, r.weaver.pace.most(r.weaver.MaxRecords))
		if err != nil {
			read <- skein{err: err, blocks: 1}
			return
		}
		s := f(blocks)
		s.blocks = len(blocks)
		for _, b := range blocks {
			s.bytes += b.Bytes
		}
		read <- s
	}()
	return read
}

// readAs reads blocks as the company is now.
func (w *Weaver) readAs(ctx context.Context, blocks []stream.Block) skein {
	company, err := w.Registry.Company(ctx)
	if err != nil {
		return skein{err: err}
	}
	return w.unravel(blocks, company)
}

// wait returns when nothing is being read any more; end the context first.
func (r *reader) wait() { r.work.Wait() }

// step weaves what the log has next, or the catalogue when it changed.
func (w *Weaver) step(ctx context.Context, changed <-chan struct{}, r *reader) error {
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	w.woven.Store(head.Position.Sequence)
	if err := w.refresh(ctx, head); err != nil {
		return err
	}
	coming, err := r.next(ctx, head.Position)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-changed: // the next step sees it, and goes on waiting
		return nil
	case s := <-coming:
		r.took(s)
		if len(s.rows) >= w.pace.most(w.MaxRecords)/2 {
			w.hurried.Store(w.Clock().UnixNano())
		}
		if s.err != nil {
			return s.err
		}
		return w.knit(ctx, head, s)
	}
}

// knit takes a skein that begins at the ledger's head into both books.
func (w *Weaver) knit(ctx context.Context, head ledger.Head, s skein) error {
	start := w.Clock()
	if err := w.takeBack(ctx, &s); err != nil {
		return err
	}
	if err := w.leaveOut(ctx, &s); err != nil {
		return err
	}
	lesson, moves, err := w.register(ctx, head, s)
	if err != nil {
		return err
	}
	for k := range s.rows {
		row := &s.rows[k]
		row.Person = lesson.Persons[k]
		if row.Flags&experience.FlagRecord != 0 {
			continue
		}
		row.Touchpoint = w.catalogue.Match(row.Source, row.Kind, row.Name, row.Properties)
	}
	if err := w.Ledger.Append(ctx, ledger.Batch{Before: head.Position, After: s.after, Forget: s.forget, Rows: s.rows, Checked: true, Moves: moves, Catalogue: w.catalogue.Version}); err != nil {
		return err
	}
	w.woven.Store(s.after.Sequence)
	w.Logger.DebugContext(ctx, "woven", "interactions", len(s.rows), "moves", len(moves), "took", w.Clock().Sub(start))
	if err := w.Log.Publish(Woven, told(len(s.rows), s.after)); err != nil {
		w.Logger.WarnContext(ctx, "live screens were not told", "error", err)
	}
	err = w.Log.Trim(ctx, s.after)
	w.pace.stepped(len(s.rows), w.Clock().Sub(start))
	return err
}
