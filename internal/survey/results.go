package survey

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/stats"
)

// Results are what was answered to a survey so far, by all its versions.
type Results struct {
	Record   Record
	Funnel   []Reach  // by channel, the most opened first
	Figures  []Figure // in the order the questions are asked
	Finished int64
	Partial  int64     // left unfinished, with something answered
	First    time.Time // when the first and the last was settled
	Last     time.Time
}

// Reach is how far people got by one channel.
type Reach struct {
	Channel  Channel
	Opened   int64 // times the first page was looked at
	Begun    int64
	Finished int64
}

// Figure is what was answered to one question, or one item of a matrix, on one
// scale: on another it is another figure.
type Figure struct {
	Question Question // as it was published last with this scale
	Item     string   // key of the item of a matrix; "" = the question itself
	Scale    string
	Counts   []Count // every possible answer, the worst first
	N        int64   // who answered
	Former   bool    // the survey no longer asks it on this scale
	// Value is the figure of the scale, by its measure. Of choices there is none.
	Value stats.Interval
}

// Count is how often an answer was given.
type Count struct {
	Value string
	Label Words // of a choice; nil = the score speaks for itself
	N     int64
	Share stats.Interval
}

// staffLeast is how many of the company's own people must have answered before
// anything of it is shown: fewer might be known by what they say.
const staffLeast = 5

// hidden tells whether there is too little to be shown.
func (r *Results) hidden() bool { return r.Record.Draft.Staff && r.Finished+r.Partial < staffLeast }

type tally struct {
	version                      int
	question, item, scale, value string
	n                            int64
}

// Results counts what was answered.
func (s *Store) Results(ctx context.Context, key string) (*Results, error) {
	versions, err := s.Versions(ctx, key)
	if err != nil {
		return nil, err
	}
	out := &Results{}
	var tallies []tally
	var who map[[2]string]int64
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if out.Record, err = selectSurvey(ctx, tx, key); err != nil {
			return err
		}
		if err = out.reach(ctx, tx, key); err != nil {
			return err
		}
		if tallies, err = selectTallies(ctx, tx, key); err != nil {
			return err
		}
		who, err = selectWho(ctx, tx, key)
		return err
	})
	if err != nil {
		return nil, missing(err)
	}
	if !out.hidden() {
		out.Figures = figures(versions, tallies, who)
	}
	return out, nil
}

// figures puts tallies together by question, item and scale.
func figures(versions []*Version, tallies []tally, who map[[2]string]int64) []Figure {
	var out []Figure
	at := map[[3]string]int{}
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i]
		for k := range v.Questions {
			for _, f := range v.Questions[k].figures() {
				id := [3]string{f.Question.Key, f.Item, f.Scale}
				if j, ok := at[id]; ok {
					out[j].more(&v.Questions[k])
					continue
				}
				f.Former = i < len(versions)-1
				at[id] = len(out)
				out = append(out, f)
			}
		}
	}
	for _, t := range tallies {
		if j, ok := at[[3]string{t.question, t.item, t.scale}]; ok {
			out[j].add(t.value, t.n)
		}
	}
	for i := range out {
		out[i].finish(who)
	}
	return slices.DeleteFunc(out, func(f Figure) bool { return f.Former && f.N == 0 })
}

// figures are the empty figures of a question; an open text has none.
func (q *Question) figures() []Figure {
	switch {
	case q.Type == Matrix:
		out := make([]Figure, len(q.Items))
		for i, item := range q.Items {
			out[i] = Figure{Question: *q, Item: item.Key, Scale: q.Scale(), Counts: q.counts()}
		}
		return out
	case q.Type.Scored():
		return []Figure{{Question: *q, Scale: q.Scale(), Counts: q.counts()}}
	case q.Type.Chosen():
		f := Figure{Question: *q}
		f.more(q)
		return []Figure{f}
	}
	return nil
}

func (q *Question) counts() (out []Count) {
	for _, n := range points(q) {
		out = append(out, Count{Value: strconv.Itoa(n)})
	}
	return out
}

// more takes in the choices that another version of the question had.
func (f *Figure) more(q *Question) {
	if !q.Type.Chosen() {
		return
	}
	for _, c := range q.Choices {
		if !slices.ContainsFunc(f.Counts, func(x Count) bool { return x.Value == c.Key }) {
			f.Counts = append(f.Counts, Count{Value: c.Key, Label: c.Text})
		}
	}
}

func (f *Figure) add(value string, n int64) {
	for i := range f.Counts {
		if f.Counts[i].Value == value {
			f.Counts[i].N += n
		}
	}
	f.N += n
}

// finish works the figure out, once everything is counted.
func (f *Figure) finish(who map[[2]string]int64) {
	if f.Scale == "" { // several choices of one person count as one person
		f.N = who[[2]string{f.Question.Key, f.Item}]
	}
	scale := f.Question.scale()
	of := stats.Tally{Scale: scale}
	for i := range f.Counts {
		c := &f.Counts[i]
		c.Share = stats.Share(min(c.N, f.N), f.N)
		score, err := strconv.Atoi(c.Value)
		if f.Scale == "" || err != nil {
			continue
		}
		for range c.N {
			of.Add(float64(score))
		}
	}
	if f.Scale != "" {
		f.Value = of.Figure()
	}
}

// Main is the figure by which a survey is judged as a whole, as it asks now;
// nil where there is none.
func (r *Results) Main() *Figure {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Question.Type.Scored() && !f.Former {
			return f
		}
	}
	return nil
}

func (r *Results) reach(ctx context.Context, tx registry.Tx, key string) error {
	by := map[Channel]*Reach{}
	of := func(c Channel) *Reach {
		if by[c] == nil {
			by[c] = &Reach{Channel: c}
		}
		return by[c]
	}
	rows, err := tx.Query(ctx, `SELECT channel, n FROM survey_opens WHERE survey = $1`, key)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c Channel
		var n int64
		if err := rows.Scan(&c, &n); err != nil {
			return err
		}
		of(c).Opened = n
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	rows, err = tx.Query(ctx, `SELECT channel, COUNT(*), COALESCE(SUM(CASE WHEN finished_at > 0 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN settled_at > 0 AND finished_at = 0 AND answers <> '{}' THEN 1 ELSE 0 END), 0),
		COALESCE(MIN(CASE WHEN settled_at > 0 THEN settled_at END), 0), COALESCE(MAX(settled_at), 0)
		FROM survey_responses WHERE survey = $1 GROUP BY channel`, key)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c Channel
		var begun, finished, partial, first, last int64
		if err := rows.Scan(&c, &begun, &finished, &partial, &first, &last); err != nil {
			return err
		}
		x := of(c)
		x.Begun, x.Finished, x.Opened = begun, finished, max(x.Opened, begun)
		r.Finished, r.Partial = r.Finished+finished, r.Partial+partial
		if at := moment(first); !at.IsZero() && (r.First.IsZero() || at.Before(r.First)) {
			r.First = at
		}
		if at := moment(last); at.After(r.Last) {
			r.Last = at
		}
	}
	for _, x := range by {
		r.Funnel = append(r.Funnel, *x)
	}
	slices.SortFunc(r.Funnel, func(a, b Reach) int {
		return cmp.Or(cmp.Compare(b.Opened, a.Opened), strings.Compare(string(a.Channel), string(b.Channel)))
	})
	return rows.Err()
}

func selectTallies(ctx context.Context, tx registry.Tx, key string) (out []tally, err error) {
	rows, err := tx.Query(ctx, `SELECT version, question, item, scale, value, COUNT(*) FROM survey_answers WHERE survey = $1
		GROUP BY version, question, item, scale, value ORDER BY version, question, item, scale, value`, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t tally
		if err := rows.Scan(&t.version, &t.question, &t.item, &t.scale, &t.value, &t.n); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// selectWho counts who chose anything, by question.
func selectWho(ctx context.Context, tx registry.Tx, key string) (map[[2]string]int64, error) {
	rows, err := tx.Query(ctx, `SELECT question, item, COUNT(DISTINCT response) FROM survey_answers WHERE survey = $1 AND scale = '' GROUP BY question, item`, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[[2]string]int64{}
	for rows.Next() {
		var id [2]string
		var n int64
		if err := rows.Scan(&id[0], &id[1], &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}

// Answered counts who answered, wholly or in part, and when the last one did.
type Answered struct {
	N    int64
	Last time.Time
}

// Counts gives how many answered each survey, by key.
func (s *Store) Counts(ctx context.Context) (map[string]Answered, error) {
	out := map[string]Answered{}
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT survey, COUNT(*), MAX(settled_at) FROM survey_responses
			WHERE settled_at > 0 AND answers <> '{}' GROUP BY survey`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var a Answered
			var last int64
			if err := rows.Scan(&key, &a.N, &last); err != nil {
				return err
			}
			a.Last = moment(last)
			out[key] = a
		}
		return rows.Err()
	})
	return out, err
}

// Settled gives responses that are settled, the latest first: those before a
// mark, which is that of the last one of the page before; "" = from the first.
// With only texts, those who wrote something.
func (s *Store) Settled(ctx context.Context, key, before string, texts bool, most int) (list []Response, next string, err error) {
	at, id := int64(1)<<62, ""
	if before != "" {
		var ok bool
		if at, id, ok = parseMark(before); !ok {
			return nil, "", errMark
		}
	}
	least := 0
	if texts {
		least = 1
	}
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		list, err = selectResponses(ctx, tx, `survey = $1 AND settled_at > 0 AND texts >= $2 AND answers <> '{}'
			AND (settled_at < $3 OR settled_at = $3 AND id < $4) ORDER BY settled_at DESC, id DESC LIMIT $5`, key, least, at, id, most)
		return err
	})
	if err == nil && len(list) == most {
		last := list[most-1]
		next = strconv.FormatInt(last.SettledAt.UnixMicro(), 10) + "." + last.ID.String()
	}
	return list, next, err
}

var errMark = experience.Errorf(experience.Invalid, "survey.error.mark")

func parseMark(mark string) (at int64, id string, ok bool) {
	text, id, ok := strings.Cut(mark, ".")
	at, err := strconv.ParseInt(text, 10, 64)
	return at, id, ok && err == nil && len(id) <= 40
}
