package voice

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/stats"
)

// VoiceTally counts texts by how they feel. Unsure are those of which the model
// could not tell: they are in no share.
type VoiceTally struct {
	Negative int64 `json:"negative"`
	Neutral  int64 `json:"neutral"`
	Positive int64 `json:"positive"`
	Unsure   int64 `json:"unsure" doc:"The model abstained; they are in no share"`
}

// All counts the texts.
func (t VoiceTally) All() int64 { return t.Told() + t.Unsure }

// Told counts the texts of which it is known how they feel.
func (t VoiceTally) Told() int64 { return t.Negative + t.Neutral + t.Positive }

// Bad is what part of those told is negative, 0 to 1, with Wilson's interval.
func (t VoiceTally) Bad() stats.Interval { return stats.Share(t.Negative, t.Told()) }

// Good is what part of those told is positive, 0 to 1, with Wilson's interval.
func (t VoiceTally) Good() stats.Interval { return stats.Share(t.Positive, t.Told()) }

func (t *VoiceTally) add(sentiment string, n int64) {
	switch sentiment {
	case negative:
		t.Negative += n
	case neutral:
		t.Neutral += n
	case positive:
		t.Positive += n
	default:
		t.Unsure += n
	}
}

// VoicePart is what was said about a topic, or in a language, on a platform, at a
// touchpoint.
type VoicePart struct {
	Key    string       `json:"key"`
	Now    VoiceTally   `json:"now"`
	Before VoiceTally   `json:"before" doc:"In the time of the same length before"`
	pieces []VoiceTally // of a topic: now, piece by piece
}

// What may move about a topic.
const (
	worse  = "worse"  // a larger part of what is said about it is negative
	better = "better" // a smaller one
	more   = "more"   // a larger part of all texts is about it
	less   = "less"   // a smaller one
)

// VoiceMove is something that changed by more than chance explains.
type VoiceMove struct {
	Topic  string           `json:"topic"`
	What   string           `json:"what" enum:"worse,better,more,less"`
	Now    stats.Interval   `json:"now"`
	Before stats.Interval   `json:"before"`
	Change stats.Difference `json:"change"`
	Voices []Voice          `json:"-"` // that explain it
}

// Overview is what people said in a time, against the time of the same length
// before.
type Overview struct {
	Span   VoiceSpan
	Former VoiceSpan
	Now    VoiceTally
	Before VoiceTally
	cuts   []time.Time // between the pieces of VoiceSpan, its ends included
	Pieces []VoiceTally
	Topics []VoicePart // the most frequent first
	Moves  []VoiceMove
	Tested int // how many changes were looked at

	Loudest *loudest // where nothing moved

	Languages, Platforms, Touchpoints []VoicePart
}

// falseAlarms is what part of the changes that are told may be chance.
const falseAlarms = 0.05

// pieces cuts a span for a chart: weeks, or months where it is long. They begin
// with the span, so the last may be short.
func (s VoiceSpan) pieces(zone *time.Location) []time.Time {
	step := func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }
	if s.To.Sub(s.From) > 200*24*time.Hour {
		step = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	}
	cuts := []time.Time{s.From}
	for t := step(s.From.In(zone)); t.Before(s.To) && len(cuts) < 120; t = step(t) {
		cuts = append(cuts, t)
	}
	return append(cuts, s.To)
}

// former is the time of the same length before.
func (s VoiceSpan) former() VoiceSpan { return VoiceSpan{s.From.Add(-s.To.Sub(s.From)), s.From} }

// piece gives SQL for the number of the piece that a time is in; -1 is before
// the first.
func pieceOf(column string, cuts []time.Time) string {
	var b strings.Builder
	b.WriteString("CASE")
	for i, c := range cuts[:len(cuts)-1] {
		fmt.Fprintf(&b, " WHEN %s < %d THEN %d", column, c.UnixMicro(), i-1)
	}
	fmt.Fprintf(&b, " ELSE %d END", len(cuts)-2)
	return b.String()
}

// Overview reckons what people said in a span.
func (r *Room) Overview(ctx context.Context, s VoiceSpan, zone *time.Location) (*Overview, error) {
	o := &Overview{Span: s, Former: s.former(), cuts: s.pieces(zone)}
	o.Pieces = make([]VoiceTally, len(o.cuts)-1)
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		for _, ask := range []func(context.Context, registry.Tx) error{o.askAll, o.askTopics} {
			if err := ask(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.detect()
	return o, nil
}

// askAll reads everything but topics in one go, from an index alone.
func (o *Overview) askAll(ctx context.Context, tx registry.Tx) error {
	rows, err := tx.Query(ctx, `SELECT `+pieceOf("at", o.cuts)+` AS piece, sentiment, language, platform, touchpoint, count(*) FROM voices
		WHERE worded = 1 AND at >= $1 AND at < $2 GROUP BY 1, 2, 3, 4, 5`, o.Former.From.UnixMicro(), o.Span.To.UnixMicro())
	if err != nil {
		return err
	}
	defer rows.Close()
	var languages, platforms, touchpoints parts
	for rows.Next() {
		var piece int
		var sentiment, language, platform, touchpoint string
		var n int64
		if err := rows.Scan(&piece, &sentiment, &language, &platform, &touchpoint, &n); err != nil {
			return err
		}
		if piece < 0 {
			o.Before.add(sentiment, n)
		} else {
			o.Now.add(sentiment, n)
			o.Pieces[piece].add(sentiment, n)
		}
		languages.add(language, piece >= 0, sentiment, n)
		touchpoints.add(touchpoint, piece >= 0, sentiment, n)
		if platform != "" {
			platforms.add(platform, piece >= 0, sentiment, n)
		}
	}
	silent := func(p VoicePart) bool { return p.Now.All() == 0 }
	o.Languages, o.Platforms, o.Touchpoints = slices.DeleteFunc(languages.sorted(), silent), slices.DeleteFunc(platforms.sorted(), silent), slices.DeleteFunc(touchpoints.sorted(), silent)
	return rows.Err()
}

// parts adds up what was said by some key.
type parts map[string]*VoicePart

func (p *parts) add(key string, now bool, sentiment string, n int64) {
	if *p == nil {
		*p = parts{}
	}
	one := (*p)[key]
	if one == nil {
		one = &VoicePart{Key: key}
		(*p)[key] = one
	}
	if now {
		one.Now.add(sentiment, n)
	} else {
		one.Before.add(sentiment, n)
	}
}

// sorted gives the most frequent first.
func (p parts) sorted() []VoicePart {
	var out []VoicePart
	for _, one := range p {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b VoicePart) int {
		return cmp.Or(cmp.Compare(b.Now.All(), a.Now.All()), cmp.Compare(b.Before.All(), a.Before.All()), strings.Compare(a.Key, b.Key))
	})
	return out
}

func (o *Overview) askTopics(ctx context.Context, tx registry.Tx) error {
	rows, err := tx.Query(ctx, `SELECT topic, `+pieceOf("at", o.cuts)+` AS piece, sentiment, count(*) FROM voice_topics
		WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3`, o.Former.From.UnixMicro(), o.Span.To.UnixMicro())
	if err != nil {
		return err
	}
	defer rows.Close()
	topics := parts{}
	for rows.Next() {
		var topic, sentiment string
		var piece int
		var n int64
		if err := rows.Scan(&topic, &piece, &sentiment, &n); err != nil {
			return err
		}
		topics.add(topic, piece >= 0, sentiment, n)
		one := topics[topic]
		if one.pieces == nil {
			one.pieces = make([]VoiceTally, len(o.cuts)-1)
		}
		if piece >= 0 {
			one.pieces[piece].add(sentiment, n)
		}
	}
	o.Topics = topics.sorted()
	return rows.Err()
}

// detect finds which topics moved by more than chance explains: in how they are
// spoken of (the part that is negative), and in how much. Both are differences
// of two shares; of all that are tested so many are told that at most a part
// falseAlarms of them is chance (stats.FalseDiscovery). Texts count one by one,
// as if each were of somebody else.
func (o *Overview) detect() {
	var found []VoiceMove
	var p []float64
	enough := func(n int64) bool { return n >= experience.TooFew }
	for _, t := range o.Topics {
		if enough(t.Now.Told()) && enough(t.Before.Told()) {
			d := stats.DiffShares(t.Now.Negative, t.Now.Told(), t.Before.Negative, t.Before.Told())
			found, p = append(found, VoiceMove{Topic: t.Key, What: one(d.Value > 0, worse, better), Now: t.Now.Bad(), Before: t.Before.Bad(), Change: d}), append(p, d.P)
		}
		if enough(o.Now.All()) && enough(o.Before.All()) && enough(t.Now.All()+t.Before.All()) {
			d := stats.DiffShares(t.Now.All(), o.Now.All(), t.Before.All(), o.Before.All())
			found, p = append(found, VoiceMove{Topic: t.Key, What: one(d.Value > 0, more, less),
				Now: stats.Share(t.Now.All(), o.Now.All()), Before: stats.Share(t.Before.All(), o.Before.All()), Change: d}), append(p, d.P)
		}
	}
	o.Tested = len(found)
	for i, stands := range stats.FalseDiscovery(p, falseAlarms) {
		if stands {
			o.Moves = append(o.Moves, found[i])
		}
	}
	slices.SortStableFunc(o.Moves, func(a, b VoiceMove) int { return cmp.Compare(order(a.What), order(b.What)) })
}

// order puts what hurts first.
func order(what string) int { return slices.Index([]string{worse, more, better, less}, what) }

func one(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

const (
	verbatims = 3
	// candidates is among how many texts verbatims are chosen: the same may have
	// been said many times.
	candidates = 15
)

// explain finds what people said that made a topic move. Where none did, it finds
// what they complain of most, in Loudest.
func (r *Room) explain(ctx context.Context, o *Overview) (err error) {
	for i := range o.Moves {
		m := &o.Moves[i]
		if m.What == less {
			continue
		}
		if m.Voices, err = r.verbatims(ctx, o.Span, m.Topic, m.What); err != nil {
			return err
		}
	}
	if len(o.Moves) > 0 {
		return nil
	}
	for _, t := range o.Topics {
		if n := t.Now.Negative; n > 0 && t.Key != otherTopic && (o.Loudest == nil || n > o.Loudest.negative) {
			o.Loudest = &loudest{topic: t.Key, negative: n}
		}
	}
	if o.Loudest != nil {
		o.Loudest.voices, err = r.verbatims(ctx, o.Span, o.Loudest.topic, worse)
	}
	return err
}

// loudest is the topic of the most negative texts.
type loudest struct {
	topic    string
	negative int64
	voices   []Voice
}

// verbatims finds what people said about a topic: of the sentiment that a move
// made more frequent, the surest first.
func (r *Room) verbatims(ctx context.Context, s VoiceSpan, topic, what string) (out []Voice, err error) {
	c := conditions{}
	c.add("t.topic = ? AND t.at >= ? AND t.at < ?", topic, s.From.UnixMicro(), s.To.UnixMicro())
	switch what {
	case worse:
		c.add("t.sentiment = ?", negative)
	case better:
		c.add("t.sentiment <> ?", negative)
	}
	list, err := r.some(ctx, fmt.Sprintf(`FROM voice_topics t JOIN voices v ON v.id = t.voice WHERE %s ORDER BY v.confidence * t.confidence DESC, t.at DESC, t.voice LIMIT %d`,
		c.where(), candidates), c.args...)
	said := map[string]bool{}
	for _, v := range list {
		if len(out) < verbatims && !said[v.Text] {
			out = append(out, v)
		}
		said[v.Text] = true
	}
	return out, err
}
