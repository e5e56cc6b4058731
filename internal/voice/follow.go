package voice

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
)

const (
	wovenSubject = "regia.woven"
	// Heard is the bus subject on which it is told that voices were heard.
	Heard = "regia.heard"
	// overlap is how much earlier than what was read last something may have been
	// received that is woven later: doors work at the same time, their clocks differ,
	// and large requests take long. Nearly always it is much less: so far back is
	// looked once in wideEvery, and between only for what came within the last narrow.
	overlap   = 10 * time.Minute
	wideEvery = 5 * time.Minute
	narrow    = 10 * time.Second
	// wholeEvery is how often all of the ledger is gone through although nothing
	// seems to have changed about the past.
	wholeEvery = time.Hour
	// share: one part in so many of the time is what it may take to go through the
	// ledger, and shareOfNew through what came of late, which may be much.
	share      = 20
	shareOfNew = 50
	// stretch is how long what other models read is read anew before it is looked
	// for what is new.
	stretch = 3 * time.Second
	// mostRest is how long what is new waits at most, however much there is.
	mostRest = 30 * time.Second
	// batch is how many texts are read between two commits.
	batch = 200
	// followed is how many voices are looked for in the ledger at a time.
	followed = 100_000
)

// head is how far the ledger was read.
type head struct {
	sequence     int64
	move         int64
	catalogue    int64
	interactions int64
	received     int64 // the latest
	wholeAt      int64 // when all of it was gone through last; 0: never
}

// lookBack is when it was looked far back last, and how far the ledger was then:
// what was woven since is no more than overlap earlier. Zero: this Regia did not.
type lookBack struct {
	at       time.Time
	sequence int64
	received int64 // microseconds
}

// Run reads what enters the ledger, the past first, until ctx ends.
func (r *Room) Run(ctx context.Context) error {
	told := make(chan struct{}, 1)
	cancel, err := r.Bus.Subscribe(wovenSubject, func([]byte) { nudge(told) })
	if err != nil {
		return err
	}
	defer cancel()
	nudge(told)
	var rested time.Time // until when the whole ledger is left alone
	again := time.NewTicker(time.Minute)
	defer again.Stop()
	for {
		whole := false
		select {
		case <-ctx.Done():
			return nil
		case <-r.amiss:
			whole = true
		case <-told:
		case <-r.anew:
		case <-again.C:
		}
		began := time.Now()
		took, looked, err := r.catchUp(ctx, whole, began.After(rested), began.Add(stretch))
		if err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "what people said could not be read; it will be tried again", "error", err)
		}
		if took {
			rested = time.Now().Add(share * time.Since(began))
		}
		pause := time.NewTimer(max(r.Pause, min(shareOfNew*looked, mostRest)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil
		case <-pause.C:
		}
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // somebody did already
	}
}

// CatchUp reads all that the ledger has and this room does not, and follows what
// changed about the past: who people are, what was taken back, touchpoints.
func (r *Room) CatchUp(ctx context.Context) error {
	_, _, err := r.catchUp(ctx, true, true, time.Time{})
	return err
}

// catchUp reads what is new. It goes through the whole ledger where that is
// asked for, or where it is time and it may take its time, which is also when it
// follows what changed about the past. took says that it did either; looked is
// how long it took else to find in the ledger what is new. What other models read
// is read anew until a moment passed; zero: to the end.
func (r *Room) catchUp(ctx context.Context, asked, may bool, until time.Time) (took bool, looked time.Duration, err error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	if r.reader == nil {
		fresh, err := newReader()
		if err != nil {
			return false, 0, err
		}
		r.use(fresh.models)
	}
	if err := r.learn(ctx, asked); err != nil {
		return false, 0, err
	}
	if mine, err := r.mine(ctx); err != nil || !mine {
		return false, 0, err
	}
	book, err := r.Ledger.Head(ctx)
	if err != nil {
		return false, 0, err
	}
	h, err := r.head(ctx)
	if err != nil {
		return false, 0, err
	}
	same := h.sequence == int64(book.Position.Sequence) && h.move == book.Move && h.catalogue == book.Catalogue && h.interactions == book.Rows
	late := h.wholeAt == 0 || !same && r.Clock().Sub(time.UnixMicro(h.wholeAt)) > wholeEvery
	past := h.move != book.Move || h.catalogue != book.Catalogue || book.Rows < h.interactions
	whole := asked || late && may
	took = whole || past && may
	if same && !took && (r.back.sequence == h.sequence || !r.wide()) {
		return false, 0, r.readAnew(ctx, until)
	}
	if looked, err = r.bring(ctx, &h, book, whole, took); err != nil {
		return took, looked, err
	}
	return took, looked, r.readAnew(ctx, until)
}

// wide tells whether it is time to look far back.
func (r *Room) wide() bool { return r.Clock().Sub(r.back.at) >= wideEvery }

// bring brings the registry from one head of the ledger to another: by all of
// the ledger, or by what is new in it and, where that is asked for, by what
// became of the past. It gives how long the ledger was asked for what is new.
func (r *Room) bring(ctx context.Context, h *head, book ledger.Head, whole, past bool) (looked time.Duration, err error) {
	from, wide := time.UnixMicro(0), whole || r.wide()
	switch {
	case whole:
	case wide && r.back.received > 0:
		from = time.UnixMicro(r.back.received).Add(-overlap)
	case wide:
		from = time.UnixMicro(h.received).Add(-overlap - wideEvery)
	default:
		from = time.UnixMicro(h.received).Add(-narrow)
	}
	if looked, err = r.reconcile(ctx, from, h); err != nil {
		return 0, err
	}
	h.sequence = int64(book.Position.Sequence)
	if wide {
		r.back = lookBack{r.Clock(), h.sequence, h.received}
	}
	switch {
	case whole:
		looked, h.wholeAt = 0, r.Clock().UnixMicro()
	case past:
		if err := r.follow(ctx); err != nil {
			return looked, err
		}
	}
	if past {
		h.move, h.catalogue, h.interactions = book.Move, book.Catalogue, book.Rows
	}
	h.interactions = max(h.interactions, book.Rows) // fewer: what was taken back is followed later
	return looked, r.saveHead(ctx, *h)
}

// follow makes the voices that are known those of whom they belong to now, where
// they belong now, and drops those that are gone. They are looked for by their
// ids: what everybody may have said need not be read.
func (r *Room) follow(ctx context.Context) error {
	known, err := r.known(ctx, time.UnixMicro(0))
	if err != nil {
		return err
	}
	var moved []key
	for some := range slices.Chunk(slices.Collect(maps.Keys(known)), followed) {
		err := r.keysOf(ctx, some, func(k key) {
			if was := known[k.id]; was.person != k.person || was.touchpoint != k.touchpoint {
				moved = append(moved, k)
			}
			delete(known, k.id)
		})
		if err != nil {
			return err
		}
	}
	return r.settle(ctx, moved, known)
}

// reconcile makes the registry have the voices of the ledger that were received
// since a moment: those that are new are read, those that are gone go, and whose
// they are and where they belong is followed. It gives how long the ledger was
// asked.
func (r *Room) reconcile(ctx context.Context, since time.Time, h *head) (looked time.Duration, err error) {
	known, err := r.known(ctx, since)
	if err != nil {
		return looked, err
	}
	began := time.Now()
	// Also where nobody said anything: else all of the ledger is gone through
	// again as soon as something happens.
	newest, err := r.newest(ctx, since)
	if err != nil {
		return looked, err
	}
	h.received = max(h.received, newest)
	var fresh, moved []key
	err = r.keys(ctx, since, func(k key) {
		h.received = max(h.received, k.received)
		was, ok := known[k.id]
		delete(known, k.id)
		switch {
		case !ok:
			fresh = append(fresh, k)
		case was.person != k.person || was.touchpoint != k.touchpoint:
			moved = append(moved, k)
		}
	})
	looked = time.Since(began)
	if err != nil {
		return looked, err
	}
	if err := r.settle(ctx, moved, known); err != nil {
		return looked, err
	}
	// Those of one moment stand together in the ledger; people are answered in
	// the order in which they came.
	slices.SortFunc(fresh, func(a, b key) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id.String(), b.id.String())) })
	for some := range slices.Chunk(fresh, batch) {
		if err := r.hear(ctx, some); err != nil {
			return looked, err
		}
	}
	return looked, nil
}

// hear reads some voices and keeps what they say.
func (r *Room) hear(ctx context.Context, some []key) error {
	places := make([]place, len(some))
	for i, k := range some {
		places[i] = place{k.id, k.at}
	}
	found, err := r.fetch(ctx, places)
	if err != nil {
		return err
	}
	list := make([]Voice, 0, len(some))
	for _, k := range some {
		if v, ok := found[k.id]; ok {
			if v.Worded {
				v.Labels = r.reader.read(v.Text)
			}
			list = append(list, v)
		}
	}
	if err := r.add(ctx, list, r.reader.version); err != nil {
		return err
	}
	return r.Bus.Publish(Heard, []byte(`{}`))
}

// readAnew reads again what other models had read, some at a time. Where it
// stops before the end, it sees to it that it is called again.
func (r *Room) readAnew(ctx context.Context, until time.Time) error {
	for {
		if !until.IsZero() && time.Now().After(until) {
			nudge(r.anew)
			return nil
		}
		stale, err := r.stale(ctx, r.reader.version, batch)
		if err != nil || len(stale) == 0 {
			return err
		}
		found, err := r.fetch(ctx, stale)
		if err != nil {
			return err
		}
		list := make([]Voice, 0, len(stale))
		for _, p := range stale {
			v := found[p.id]
			if v.ID = p.id; v.Text != "" {
				v.Labels = r.reader.read(v.Text)
			}
			list = append(list, v)
		}
		if err := r.relabel(ctx, list, r.reader.version); err != nil {
			return err
		}
	}
}

// settle follows who and where voices are, and drops those that are gone.
func (r *Room) settle(ctx context.Context, moved []key, gone map[experience.ID]known) error {
	for some := range slices.Chunk(moved, batch) {
		err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
			for _, k := range some {
				for _, statement := range []string{`UPDATE voices SET person = $1, touchpoint = $2 WHERE id = $3`, `UPDATE voice_topics SET person = $1, touchpoint = $2 WHERE voice = $3`} {
					if _, err := tx.Exec(ctx, statement, k.person.String(), k.touchpoint, k.id.String()); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	ids := make([]experience.ID, 0, len(gone))
	for id := range gone {
		ids = append(ids, id)
	}
	for some := range slices.Chunk(ids, batch) {
		if err := r.drop(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
