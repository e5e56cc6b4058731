package analytics

import (
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

// activities lists what happens in a scope, most frequent first.
func activities(ctx context.Context, l *ledger.Ledger, s Scope, by string) ([]string, error) {
	b := &builder{ledger: l}
	var list []string
	err := b.each(ctx, `SELECT `+b.activity(by)+` AS activity, count(*) AS n FROM interactions WHERE `+b.scope(s)+`
		GROUP BY 1 ORDER BY n DESC, activity LIMIT `+fmt.Sprint(maxActivities+1), func(rows *sql.Rows) error {
		var name string
		var n int64
		err := rows.Scan(&name, &n)
		list = append(list, name)
		return err
	})
	if err == nil && len(list) > maxActivities {
		err = &experience.Error{Code: experience.Invalid, Err: ErrTooMany, Message: fmt.Sprintf(
			"there are more than %d different things in this; ask by touchpoint, or filter", maxActivities)}
	}
	return list, err
}

// numbered gives SQL for an activity's place in a list, counted from 0.
func (b *builder) numbered(by string, list []string) string {
	if len(list) == 0 {
		return "CAST(NULL AS BIGINT)"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "CASE %s", b.activity(by))
	for i, name := range list {
		fmt.Fprintf(&s, " WHEN %s THEN %d", b.text(name), i)
	}
	s.WriteString(" END")
	return s.String()
}
