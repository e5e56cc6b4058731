package analytics

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// maxActivities is how many different things a question about sequences may
// tell apart. Whoever has more asks by touchpoint, or filters.
const maxActivities = 1000

// ErrTooMany is the cause where a question has more different things than can
// be told apart.
var ErrTooMany = errors.New("too many different things")

// activity gives SQL for what an interaction is called: by the event's name,
// and where it has none by its kind; or by the field asked for.
func (b *builder) activity(by string) string {
	if by == "" || by == "event" {
		return "CASE WHEN name = '' THEN kind ELSE name END"
	}
	return "coalesce(nullif(" + b.field(by) + ", ''), '-')"
}

// activities are the words of a scope: what happens in it.
type activities struct {
	words *ledger.Words
	text  ledger.Text // of a walk
}

// activities lists what happens in a scope, and gives a walk's text for it.
// Of what stands in a column only numbers are read: DuckDB keeps such columns
// as numbers itself, and translates each once.
func (b *builder) activities(ctx context.Context, s Scope, by string) (activities, error) {
	a := activities{words: ledger.NewWords()}
	if _, ok := property(by); ok {
		a.text.SQL = b.activity(by)
		return a, nil
	}
	list := &builder{ledger: b.ledger}
	found := map[string][]string{} // texts of columns
	column := cmp.Or(columns[by], "name")
	err := list.each(ctx, `SELECT `+column+`, CASE WHEN `+column+` = '' THEN kind ELSE '' END FROM interactions WHERE `+list.scope(s)+`
		GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT `+fmt.Sprint(maxActivities+1), func(rows *sql.Rows) error {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return err
		}
		switch {
		case name != "":
			found["name"] = append(found["name"], name)
		case column == "name":
			found["kind"] = append(found["kind"], kind)
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	a.text.Number = true
	a.text.SQL = b.numbered(a.words, column, found["name"])
	if column == "name" {
		a.text.SQL += " + CASE WHEN name = '' THEN 1 ELSE 0 END * " + b.numbered(a.words, "kind", found["kind"])
	} else {
		a.text.SQL += fmt.Sprintf(" + CASE WHEN %s = '' THEN %d ELSE 0 END", column, a.words.Number("-"))
	}
	return a, nil
}

// numbered gives SQL for the place of a column's text among words; 0 for others.
func (b *builder) numbered(words *ledger.Words, column string, texts []string) string {
	if len(texts) == 0 {
		return "0"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "CASE %s", column)
	for _, t := range texts {
		fmt.Fprintf(&s, " WHEN %s THEN %d", b.text(t), words.Number(t))
	}
	s.WriteString(" ELSE 0 END")
	return s.String()
}

// tooMany refuses a case in which something stands beyond what may be told
// apart: words are numbered as they come, from 1 on.
func tooMany(c ledger.Case) error {
	for _, e := range c.Events {
		if e.Texts[0] > maxActivities {
			return &experience.Error{Code: experience.Invalid, Err: ErrTooMany, Message: fmt.Sprintf(
				"there are more than %d different things in this; ask by touchpoint, or filter", maxActivities)}
		}
	}
	return nil
}
