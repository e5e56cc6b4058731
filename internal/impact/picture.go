package impact

import (
	"context"
	"sync"
	"time"

	"regia/internal/experience"
)

// Picture is what interactions did to everybody, reckoned from the ledger at
// one time. It never changes.
type Picture struct {
	AsOf  time.Time
	Took  time.Duration
	Book  *Book // with the weights it was weighed with
	Fit   Fit
	pack  *pack
	known []Known
	// Prediction tells what those who never answered would probably say. It is
	// reckoned when it is asked for first.
	Prediction func() *Prediction
	// spread is how much one person's impressions differ, by evidence.
	spread [3]float64
}

// mostKnown is how many answers are kept for fitting: the latest.
const mostKnown = 200_000

// Draw reckons the picture of everybody as of a time. Weights are fitted on
// the answers found, except those that hands holds.
func Draw(ctx context.Context, l Ledger, hands map[string]Hand, assumed []Assumption, now time.Time) (*Picture, error) {
	book, err := NewBook()
	if err != nil {
		return nil, err
	}
	if err := book.listen(ctx, l); err != nil {
		return nil, err
	}
	var g gathered
	p := &Picture{AsOf: now, pack: &pack{vocabulary: vocabulary{assumed: assumed}}}
	err = newReader(l, book, assumed).everybody(ctx, func(person experience.ID, moments []Moment) error {
		moments = sorted(moments)
		p.take(book, person, moments)
		g.take(book, person, moments, now)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	p.pack.close()
	p.known = latest(p.known, mostKnown)
	p.weigh(book, hands)
	p.Prediction = sync.OnceValue(func() *Prediction { return g.predict(book) })
	return p, nil
}

// take keeps what is known of one person.
func (p *Picture) take(book *Book, person experience.ID, moments []Moment) {
	firings := book.fire(moments, p.AsOf)
	p.pack.add(person, moments, book.marksOf(moments, firings, &p.pack.vocabulary, p.AsOf))
	p.known = append(p.known, book.known(person, moments, firings, p.AsOf)...)
	if len(p.known) > 2*mostKnown {
		p.known = latest(p.known, mostKnown)
	}
}

// weigh gives the rules their weights, and reckons what depends on them.
func (p *Picture) weigh(book *Book, hands map[string]Hand) {
	p.Book = book.with(hands)
	p.Fit = p.Book.fit(p.known)
	var spreads [3]within
	p.everyone(func(_ place, lists [3][]felt) {
		for e := range spreads {
			spreads[e].add(lists[e])
		}
	})
	for e := range spreads {
		p.spread[e] = spreads[e].spread()
	}
}

// Weighed gives the same picture with weights that hands changed.
func (p *Picture) Weighed(hands map[string]Hand) *Picture {
	fresh := *p
	fresh.weigh(p.Book, hands)
	return &fresh
}

// listen finds out which of the events that end a waiting the company tells of.
func (b *Book) listen(ctx context.Context, l Ledger) error {
	r := reader{}
	rows, err := l.Query(ctx, `SELECT DISTINCT name FROM interactions WHERE flags = 0 AND name IN (`+r.list(keys(b.tells))+`)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	b.tells = map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		b.tells[name] = true
	}
	return rows.Err()
}

// felt gives a person's impressions by kind of evidence, oldest first.
func (p *Picture) felt(at place) (lists [3][]felt) {
	p.pack.each(at, func(e *entry) {
		var sums, counts [3]float64
		for _, k := range e.marks {
			if i, ok := p.Book.impact(k, &p.pack.vocabulary); ok {
				sums[k.evidence] += i.Value
				counts[k.evidence]++
			}
		}
		for x, n := range counts {
			if n > 0 {
				lists[x] = append(lists[x], felt{time.UnixMicro(e.at), sums[x] / n})
			}
		}
	})
	return lists
}

// everyone gives do each person's impressions, in the order of their ids.
func (p *Picture) everyone(do func(at place, lists [3][]felt)) {
	for _, at := range p.pack.people {
		do(at, p.felt(at))
	}
}

// Impressions gives do what interactions from a moment, included, up to
// another, left out, did to people: by the order of people's ids (zero, nobody
// known, first), a person's in the order of their time. A zero limit is none.
// An error of do ends it and comes back.
func (p *Picture) Impressions(ctx context.Context, from, to time.Time, do func(experience.Impression) error) error {
	for _, at := range p.pack.people {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		p.pack.each(at, func(e *entry) {
			if err != nil || !from.IsZero() && e.at < from.UnixMicro() || !to.IsZero() && e.at >= to.UnixMicro() {
				return
			}
			if i, ok := p.pack.impression(p.Book, at.person, e); ok {
				err = do(i)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Curve gives what interactions did to one person, oldest first.
func (p *Picture) Curve(person experience.ID) []experience.Impression {
	at, ok := p.pack.find(person)
	if !ok {
		return nil
	}
	var out []experience.Impression
	p.pack.each(at, func(e *entry) {
		if i, ok := p.pack.impression(p.Book, person, e); ok {
			out = append(out, i)
		}
	})
	return out
}

// Score gives a person's experience score (see scoreOf) by one kind of
// evidence; false where there is none of it.
func (p *Picture) Score(person experience.ID, evidence experience.Evidence) (experience.Estimate, bool) {
	at, ok := p.pack.find(person)
	if !ok {
		return experience.Estimate{}, false
	}
	lists := p.felt(at)
	for x, e := range evidences {
		if e == evidence {
			return scoreOf(lists[x], p.spread[x], e)
		}
	}
	return experience.Estimate{}, false
}

// Scores gives people's experience scores: by what they stated, and only for
// those who stated nothing by what was inferred of them; each says which. Never
// by what was assumed. Who is not in it left no impression.
func (p *Picture) Scores(people []experience.ID) map[experience.ID]experience.Estimate {
	out := make(map[experience.ID]experience.Estimate, len(people))
	for _, id := range people {
		for _, e := range evidences[:2] {
			if s, ok := p.Score(id, e); ok {
				out[id] = s
				break
			}
		}
	}
	return out
}

// Answers gives what people stated, the latest 200,000 at most, oldest first,
// with what was known of them before.
func (p *Picture) Answers() []Known { return p.known }
