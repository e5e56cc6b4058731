package impact

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
	Engine() string
	Property(name string) string
	Micros(expr string) string
}

// Separators of what the ledger gives: characters that no sensible value holds.
const (
	betweenMoments = "\x1e"
	betweenParts   = "\x1f"
)

// slice is how many interactions are usually read at a time.
const slice = 1_000_000

// reader reads the moments of everybody, a person at a time.
type reader struct {
	ledger Ledger
	book   *Book
	args   []any
	text   string // SQL of one moment
	where  string
	slice  int64 // interactions read at a time
}

// newReader writes the SQL: of all that happened only the events that some rule
// or answer reads, and of their properties only those they read of them.
func newReader(l Ledger, b *Book, assumed []Assumption) *reader {
	r := &reader{ledger: l, book: b, slice: slice}
	reads := b.reads()
	parts := []string{
		"CAST(id AS TEXT)", "CAST(" + l.Micros("time") + " AS TEXT)", "kind", r.clean("name"), r.clean("touchpoint"), r.clean("order_id"), "CAST(revenue AS TEXT)",
	}
	for f := range factCount {
		if names := reads.of(f); len(names) > 0 {
			parts = append(parts, "CASE WHEN name IN ("+r.list(names)+") THEN coalesce("+r.clean(l.Property(factNames[f]))+", '') ELSE '' END")
		} else {
			parts = append(parts, "''")
		}
	}
	r.text = strings.Join(parts, " || '"+betweenParts+"' || ")
	read := []string{"name IN (" + r.list(reads.always()) + ")"}
	sometimes := reads.sometimes()
	for _, name := range keys(sometimes) {
		var met []string
		for _, c := range sometimes[name] {
			met = append(met, "coalesce("+l.Property(c.Fact)+", '') IN ("+r.list(c.Is)+")")
		}
		read = append(read, "(name = "+r.arg(name)+" AND ("+strings.Join(met, " OR ")+"))")
	}
	for _, a := range assumed {
		var met []string
		if a.Event != "" {
			met = append(met, "name = "+r.arg(a.Event))
		}
		if a.Touchpoint != "" {
			met = append(met, "touchpoint = "+r.arg(a.Touchpoint))
		}
		if len(met) > 0 {
			read = append(read, "("+strings.Join(met, " AND ")+")")
		}
	}
	r.where = "flags = 0 AND (" + strings.Join(read, " OR ") + ")"
	return r
}

func (r *reader) arg(v any) string {
	r.args = append(r.args, v)
	return "CAST($" + strconv.Itoa(len(r.args)) + " AS TEXT)"
}

// list writes names of rules.yaml and of ours, not of senders.
func (r *reader) list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + strings.ReplaceAll(n, "'", "''") + "'"
	}
	return strings.Join(quoted, ", ")
}

func (r *reader) clean(expr string) string {
	return "translate(" + expr + ", '" + betweenMoments + betweenParts + "', '  ')"
}

// reading says which events are read, which of their facts, and on what
// condition.
type reading struct {
	facts      [factCount]map[string]bool
	plain      map[string]bool // read whatever they say
	conditions map[string][]condition
}

// reads gathers what answers and rules read.
func (b *Book) reads() reading {
	x := reading{plain: map[string]bool{}, conditions: map[string][]condition{}}
	add := func(f fact, names ...string) {
		if x.facts[f] == nil {
			x.facts[f] = map[string]bool{}
		}
		for _, n := range names {
			x.facts[f][n] = true
		}
	}
	for _, name := range experience.AnswerEvents() {
		x.plain[name] = true
		for _, f := range []fact{factScore, factRating, factScale, factOutOf, factDimension, factCase} {
			add(f, name)
		}
	}
	add(factAnswers, experience.SurveyAnswered)
	for _, name := range slices.Concat(placed, approved, sent, cancelled, arrived) {
		x.plain[name] = true
	}
	for _, f := range []fact{factProducts, factShipping, factPayments, factPayment} {
		add(f, placed...)
	}
	add(factTimeIs, cancelled...)
	for i := range b.Rules {
		r := &b.Rules[i]
		for _, name := range slices.Concat(r.Then, r.Before) {
			x.plain[name] = true
		}
		for _, name := range r.Events {
			if len(r.Where) == 0 {
				x.plain[name] = true
			}
			x.conditions[name] = append(x.conditions[name], r.Where...)
		}
		if r.measured {
			add(r.fact, r.Events...)
		}
		if r.says {
			add(r.allowed, r.Events...)
		}
		for _, c := range r.Where {
			add(c.fact, r.Events...)
		}
		switch r.Pattern {
		case promise:
			add(factDelay, r.Events...)
			add(factEstimated, slices.Concat(r.Events, r.Before)...)
			add(factPromisedDays, slices.Concat(r.Events, r.Before)...)
		case answers:
			add(factCase, slices.Concat(r.Events, r.Then)...)
		}
		if r.Dimension != experience.Behavioural { // so that an answer about a case finds what happened in it
			add(factCase, b.aboutCases(r)...)
		}
	}
	return x
}

// aboutCases gives those events of a rule that may name a case.
func (b *Book) aboutCases(r *Rule) []string {
	var out []string
	for _, n := range r.Events {
		if strings.HasPrefix(n, "Case ") || strings.HasPrefix(n, "Complaint ") || strings.Contains(n, "Chat ") || strings.HasPrefix(n, "Phone Call ") {
			out = append(out, n)
		}
	}
	return out
}

func (x reading) of(f fact) []string { return keys(x.facts[f]) }

func (x reading) always() []string { return keys(x.plain) }

// sometimes gives the events that are read only where they say something, in
// which case any of the conditions holds.
func (x reading) sometimes() map[string][]condition {
	out := map[string][]condition{}
	for name, list := range x.conditions {
		if !x.plain[name] {
			out[name] = list
		}
	}
	return out
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// everybody gives do each person with the moments read of them, in no order;
// those of nobody come one by one, without a person. The moments are do's only
// until it returns.
func (r *reader) everybody(ctx context.Context, do func(person experience.ID, moments []Moment) error) error {
	bounds, err := r.bounds(ctx)
	if err != nil {
		return err
	}
	for i := range len(bounds) + 1 {
		where := "person_id IS NOT NULL"
		if i > 0 {
			where += " AND person_id >= '" + bounds[i-1].String() + "'::UUID"
		}
		if i < len(bounds) {
			where += " AND person_id < '" + bounds[i].String() + "'::UUID"
		}
		if err := r.some(ctx, "person_id", where, do); err != nil {
			return err
		}
	}
	return r.some(ctx, "id", "person_id IS NULL", func(_ experience.ID, moments []Moment) error {
		return do(experience.ID{}, moments)
	})
}

// bounds cuts people into slices of about a million interactions each, so that
// DuckDB never holds more than one slice. PostgreSQL streams by itself.
func (r *reader) bounds(ctx context.Context) ([]experience.ID, error) {
	if r.ledger.Engine() != "DuckDB" {
		return nil, nil
	}
	var rows, people int64
	if err := r.ledger.QueryRow(ctx, `SELECT count(*) FROM interactions`).Scan(&rows); err != nil || rows < 2*r.slice {
		return nil, err
	}
	const distinct = `(SELECT DISTINCT person_id FROM interactions WHERE person_id IS NOT NULL) AS p`
	if err := r.ledger.QueryRow(ctx, `SELECT count(*) FROM `+distinct).Scan(&people); err != nil {
		return nil, err
	}
	each := max(1, people*r.slice/rows)
	found, err := r.ledger.Query(ctx, fmt.Sprintf(`SELECT CAST(person_id AS TEXT) FROM
		(SELECT person_id, row_number() OVER (ORDER BY person_id) AS n FROM %s) AS q WHERE n %% %d = 0 ORDER BY person_id`, distinct, each))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []experience.ID
	for found.Next() {
		var id experience.ID
		if err := found.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, found.Err()
}

func (r *reader) some(ctx context.Context, who, where string, do func(experience.ID, []Moment) error) error {
	rows, err := r.ledger.Query(ctx, `SELECT CAST(who AS TEXT), string_agg(t, '`+betweenMoments+`') FROM
		(SELECT `+who+` AS who, `+r.text+` AS t FROM interactions WHERE `+where+` AND `+r.where+`) AS m GROUP BY who`, r.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var moments []Moment
	for rows.Next() {
		var id experience.ID
		var raw sql.RawBytes
		var name string
		if err := rows.Scan(&name, &raw); err != nil {
			return err
		}
		if err := parseID(&id, name); err != nil {
			return err
		}
		if moments, err = parseMoments(moments[:0], string(raw)); err != nil {
			return err
		}
		if err := do(id, moments); err != nil {
			return err
		}
	}
	return rows.Err()
}

// parseMoments reads what a row of the ledger's answer holds.
func parseMoments(into []Moment, text string) ([]Moment, error) {
	for one := range strings.SplitSeq(text, betweenMoments) {
		into = append(into, Moment{})
		m := &into[len(into)-1]
		var id, micros, kind, revenue string
		fixed := [...]*string{&id, &micros, &kind, &m.Name, &m.Touchpoint, &m.Order, &revenue}
		rest := one
		for _, to := range fixed {
			*to, rest, _ = strings.Cut(rest, betweenParts)
		}
		for f := range m.facts {
			m.facts[f], rest, _ = strings.Cut(rest, betweenParts)
		}
		at, err := strconv.ParseInt(micros, 10, 64)
		if err == nil {
			m.Revenue, err = strconv.ParseInt(revenue, 10, 64)
		}
		if err == nil {
			err = parseID(&m.ID, id)
		}
		if err != nil {
			return nil, fmt.Errorf("a moment of the ledger cannot be read: %w", err)
		}
		m.Time, m.Kind = time.UnixMicro(at).UTC(), experience.Kind(kind)
	}
	return into, nil
}

// parseID reads a UUID as the engines write it, faster than one that may be
// written in any way.
func parseID(into *experience.ID, text string) error {
	if len(text) != 36 {
		return fmt.Errorf("%q is not an id", text)
	}
	var plain [32]byte
	n := copy(plain[:], text[:8])
	n += copy(plain[n:], text[9:13])
	n += copy(plain[n:], text[14:18])
	n += copy(plain[n:], text[19:23])
	copy(plain[n:], text[24:])
	_, err := hex.Decode(into[:], plain[:])
	return err
}
