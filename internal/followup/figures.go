package followup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"regia/internal/registry"
	"regia/internal/stats"
)

func limited(limit, offset int) string { return fmt.Sprintf(" LIMIT %d OFFSET %d", limit, offset) }

// Figures are how well the loop is closed, of what was opened in a time.
type Figures struct {
	From, To time.Time
	// InTime is what part of those whose deadline passed, or that are closed, was
	// closed by then.
	InTime   stats.Interval
	Outcomes map[string]int64 // of those closed
	Turned   []FollowUpTurned // by scale
	Waiting  int64            // closed, and no second answer yet
}

// FollowUpTurned is how people answered again, on the same scale, after their
// follow-up was closed. Scales are never put together.
type FollowUpTurned struct {
	Scale string `json:"scale"`
	// Share is of whom the second answer is not low any more, by the rule's own limit.
	Share stats.Interval `json:"share"`
	// Rise is by how much the second answer is above the first, in the scale's own
	// units.
	Rise stats.Interval `json:"rise"`
}

// mostTurned is how many closed follow-ups are looked at for a second answer,
// the latest first.
const mostTurned = 2000

// Figures reckons how well the loop was closed in the days before now.
func (r *Room) Figures(ctx context.Context, days int) (f Figures, err error) {
	f.To = r.Clock()
	f.From = f.To.AddDate(0, 0, -days)
	f.Outcomes = map[string]int64{}
	var closed []Item
	var list []FollowUpRule
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var inTime, n int64
		err := tx.QueryRow(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN closed_at > 0 AND closed_at <= due_at THEN 1 ELSE 0 END), 0) FROM followups
			WHERE opened_at >= $1 AND (closed_at > 0 OR due_at < $2)`, f.From.UnixMicro(), f.To.UnixMicro()).Scan(&n, &inTime)
		if err != nil {
			return err
		}
		f.InTime = stats.Share(inTime, n)
		if closed, err = selectItems(ctx, tx, `opened_at >= $1 AND closed_at > 0 ORDER BY closed_at DESC, id`+limited(mostTurned, 0), f.From.UnixMicro()); err != nil {
			return err
		}
		list, err = rules(ctx, tx)
		return err
	})
	if err != nil {
		return f, err
	}
	limits := list[slices.IndexFunc(list, func(x FollowUpRule) bool { return x.Key == detractor })]
	rises, turned := map[string]*stats.Running{}, map[string]int64{}
	for _, i := range closed {
		f.Outcomes[i.Outcome]++
		if i.Scale == "" || !limits.low(i.Scale, i.Score) {
			continue
		}
		again, ok, err := r.again(ctx, i)
		if err != nil {
			return f, err
		}
		if !ok {
			f.Waiting++
			continue
		}
		if rises[i.Scale] == nil {
			rises[i.Scale] = &stats.Running{}
		}
		rises[i.Scale].Add(again.Score - i.Score)
		if !limits.low(i.Scale, again.Score) {
			turned[i.Scale]++
		}
	}
	for scale, x := range rises {
		f.Turned = append(f.Turned, FollowUpTurned{scale, stats.Share(turned[scale], x.N()), x.Interval()})
	}
	slices.SortFunc(f.Turned, func(a, b FollowUpTurned) int {
		return cmp.Or(cmp.Compare(b.Share.N, a.Share.N), strings.Compare(a.Scale, b.Scale))
	})
	return f, nil
}

// again gives the person's first answer on the same scale after a follow-up was
// closed. Whose it is, is what is known now.
func (r *Room) again(ctx context.Context, i Item) (Voice, bool, error) {
	if i.Closed.IsZero() || i.Scale == "" {
		return Voice{}, false, nil
	}
	person := i.Person
	if v, err := r.Voices.Get(ctx, i.Voice); err == nil {
		person = v.Person
	}
	if person.IsZero() {
		return Voice{}, false, nil
	}
	return r.Voices.Answer(ctx, person, i.Scale, i.Closed)
}
