package driver

import (
	"cmp"
	"context"
	"database/sql"
	"regia/internal/experience"
	"slices"
	"time"
)

// Outcome asks what drives the answers on one scale.
type Outcome struct {
	Question
	Kind   Kind   // "": the first that can tell something
	Survey string // of what was rated; "": the one with most answers
}

// outcomes are the scales whose drivers are looked for.
func outcomes() []string { return []string{"nps", "stars", "csat"} }

// outcome chooses the scale whose drivers are looked for: the one that is asked
// for, else the first with enough answers, else the one with most. list is what
// people answered on in the period.
func outcome(list []Figure, asked string) (experience.Scale, []Figure) {
	list = slices.DeleteFunc(slices.Clone(list), func(f Figure) bool { return !slices.Contains(outcomes(), f.Key) })
	if asked != "" && slices.Contains(outcomes(), asked) {
		s, _ := choose(list, asked)
		if s.Key != asked {
			s, _ = experience.ScaleNamed(asked, "")
		}
		return s, list
	}
	for _, key := range outcomes() {
		if i := slices.IndexFunc(list, func(f Figure) bool { return f.Key == key && f.Interval.N >= leastInAll }); i >= 0 {
			return list[i].Scale, list
		}
	}
	if len(list) > 0 {
		return list[0].Scale, list
	}
	s, _ := experience.ScaleNamed(outcomes()[0], "")
	return s, list
}

// analysis ranks the drivers that an outcome asks for.
func (r *Room) analysis(ctx context.Context, b *book, o Outcome) (Analysis, error) {
	k, err := r.keysOf(ctx, b, o.Question)
	if err != nil {
		return Analysis{}, err
	}
	var best Analysis
	var of material
	for _, kind := range kinds() {
		if o.Kind != "" && kind != o.Kind {
			continue
		}
		m, survey, err := r.gather(ctx, b, o, k, kind)
		if err != nil {
			return Analysis{}, err
		}
		a := m.analyse()
		a.Survey = survey
		if kind == Written && r.Topics == nil {
			a.Refused = refusedTopics
		}
		if best.Kind == "" || best.Refused != "" && (a.Refused == "" || best.Refused == refusedNothing && kind == Lived) {
			best, of = a, m
		}
		if best.Refused == "" {
			break
		}
	}
	best.From, best.To = o.From, o.To
	if best.Scale.Key == "" {
		best.Scale, _ = experience.ScaleNamed(o.Scale, "")
	}
	end, err := r.end(ctx)
	if err != nil || len(of.samples) == 0 {
		return best, err
	}
	list, err := r.returns(ctx, &of, end)
	if err != nil {
		return best, err
	}
	best.Again = again(best.Scale, list)
	if best.Refused == "" {
		best.worth(&of, list)
	}
	return best, nil
}

// gather brings together the answers and what may drive them.
func (r *Room) gather(ctx context.Context, b *book, o Outcome, k keys, kind Kind) (material, string, error) {
	switch kind {
	case Rated:
		survey := o.Survey
		if list := b.ratedSurveys(o.Question, k); survey == "" && len(list) > 0 {
			survey = list[0]
		}
		return b.rated(o.Question, k, survey), survey, nil
	case Lived:
		if r.Past == nil {
			return material{kind: Lived}, "", nil
		}
		passages, of, err := r.Past.Before(ctx)
		if err != nil {
			return material{}, "", err
		}
		return b.lived(o.Question, k, passages, of), "", nil
	}
	m, err := r.said(ctx, b, o.Question, k)
	return m, "", err
}

// ratedSurveys lists the surveys that ask something beside the outcome, those
// with most answers first.
func (b *book) ratedSurveys(q Question, k keys) []string {
	counts := map[string]int{}
	b.each(q, k, false, func(r *Response, outcome *Item) {
		for i := range r.Items {
			if r.Items[i].drives(outcome) {
				counts[r.Survey]++
				return
			}
		}
	})
	var list []string
	for s := range counts {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return list
}

// end is until when orders are known: now, or the last payment.
func (r *Room) end(ctx context.Context) (time.Time, error) {
	var last sql.NullTime
	now := r.Clock()
	err := r.Ledger.QueryRow(ctx, `SELECT max(time) FROM interactions WHERE flags = 0 AND revenue > 0`).Scan(&last)
	if last.Valid && last.Time.Before(now) {
		return last.Time.UTC(), err
	}
	return now, err
}
