package listen

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"regia/internal/experience"
)

// Ledger is the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	Property(name string) string
}

// Somebody is a customer, or an author who may be one.
type Somebody struct {
	ID     experience.ID
	Name   string
	Author experience.Identifier // of the kind author; zero: none
	Anchor experience.Identifier // the surest other identifier; zero: only the author's is known
}

// People is who is who.
type People interface {
	// Somebody gives who an id belongs to. NotFound when nobody.
	Somebody(ctx context.Context, id experience.ID) (Somebody, error)
	// Search finds people by the beginnings of the words of their names.
	Search(ctx context.Context, name string, limit int) ([]Somebody, error)
	// Decide takes a decision about identity by the one door.
	Decide(ctx context.Context, d experience.Decision) error
	// Woven waits a little for what was decided to show.
	Woven(ctx context.Context) error
}

// What suggestions rest on.
const (
	authorsBack = 180 * 24 * time.Hour // voices that are looked at
	orderBack   = 60 * 24 * time.Hour  // an order before what was said that speaks for a match
	maxVoices   = 60                   // of one page
	maxFound    = 20                   // people of the name that are looked at
	maxOffered  = 3                    // for one author
)

// Suggestion is somebody who may have written something elsewhere.
type Suggestion struct {
	Author   experience.Identifier
	Shown    string // the author's name, as the platform shows it
	Platform string
	Time     time.Time // when it was said
	Text     string    // the beginning
	Score    string    // of five stars; "" = none
	Maybe    []Candidate
}

// Candidate is who it might be, and what speaks for it.
type Candidate struct {
	Somebody
	Order time.Time // the last one before
}

type spoken struct {
	person                         experience.ID
	at                             time.Time
	platform, author, text, rating string
}

// suggestions are authors of whom nobody decided, with people of that name who
// bought something not long before. Nothing follows from them by itself.
func (r *Room) suggestions(ctx context.Context) ([]Suggestion, error) {
	if r.Ledger == nil || r.People == nil {
		return nil, nil
	}
	voices, err := r.recentAuthors(ctx)
	if err != nil {
		return nil, err
	}
	decided, err := r.decided(ctx)
	if err != nil {
		return nil, err
	}
	var out []Suggestion
	seen := map[experience.ID]bool{}
	for _, v := range voices {
		if seen[v.person] || len(nameWords(v.author)) == 0 {
			continue
		}
		seen[v.person] = true
		who, err := r.People.Somebody(ctx, v.person)
		if experience.CodeOf(err) == experience.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if who.Author.Value == "" || who.Anchor.Value != "" {
			continue // it is known who that is
		}
		maybe, err := r.candidates(ctx, who.Author, v, decided)
		if err != nil {
			return nil, err
		}
		if len(maybe) > 0 {
			out = append(out, Suggestion{Author: who.Author, Shown: v.author, Platform: v.platform, Time: v.at, Text: cut(v.text, 240), Score: v.rating, Maybe: maybe})
		}
	}
	return out, nil
}

// recentAuthors are what was said elsewhere by whoever gave a name, the latest first.
func (r *Room) recentAuthors(ctx context.Context) ([]spoken, error) {
	p := r.Ledger.Property
	rows, err := r.Ledger.Query(ctx, `SELECT person_id, time, coalesce(`+p("platform")+`, ''), coalesce(`+p("author")+`, ''), coalesce(`+p("text")+`, ''), coalesce(`+p("score")+`, '')
		FROM interactions WHERE name IN ('`+reviewPosted+`', '`+mentionPosted+`', '`+forumPosted+`') AND person_id IS NOT NULL AND flags = 0 AND time >= $1
		ORDER BY time DESC, id LIMIT `+fmt.Sprint(maxVoices), r.Clock().Add(-authorsBack).UTC())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []spoken
	for rows.Next() {
		var s spoken
		if err := rows.Scan(&s.person, &s.at, &s.platform, &s.author, &s.text, &s.rating); err != nil {
			return nil, err
		}
		s.at = s.at.UTC()
		out = append(out, s)
	}
	return out, rows.Err()
}

// candidates are people whose name fits, and who bought something in the weeks
// before: who bought last goes first.
func (r *Room) candidates(ctx context.Context, author experience.Identifier, v spoken, decided map[string]bool) ([]Candidate, error) {
	found, err := r.People.Search(ctx, strings.Join(nameWords(v.author), " "), maxFound)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(s Somebody) bool {
		return s.ID == v.person || s.Anchor.Value == "" || decided[author.String()+"\x00"+s.Anchor.String()]
	})
	if len(found) == 0 {
		return nil, nil
	}
	orders, err := r.orders(ctx, found, v.at)
	if err != nil {
		return nil, err
	}
	var out []Candidate
	for _, s := range found {
		if at, bought := orders[s.ID]; bought {
			out = append(out, Candidate{s, at})
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return b.Order.Compare(a.Order) })
	return out[:min(len(out), maxOffered)], nil
}

// orders gives when people bought last before a moment, of those who did.
func (r *Room) orders(ctx context.Context, people []Somebody, before time.Time) (map[experience.ID]time.Time, error) {
	args := []any{before.Add(-orderBack), before}
	marks := make([]string, len(people))
	for k, p := range people {
		args = append(args, p.ID)
		marks[k] = fmt.Sprintf("$%d::UUID", len(args))
	}
	rows, err := r.Ledger.Query(ctx, `SELECT person_id, max(time) FROM interactions WHERE time >= $1 AND time <= $2 AND flags = 0 AND revenue > 0
		AND person_id IN (`+strings.Join(marks, ", ")+`) GROUP BY person_id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[experience.ID]time.Time{}
	for rows.Next() {
		var id experience.ID
		var at time.Time
		if err := rows.Scan(&id, &at); err != nil {
			return nil, err
		}
		out[id] = at.UTC()
	}
	return out, rows.Err()
}

// nameWords are the words of a name as a platform shows it: "Maria R." is Maria
// and R. A single word, or one that is no name, says too little.
func nameWords(name string) []string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
	if len(words) < 2 || len(words) > 5 || len([]rune(words[0])) < 2 {
		return nil
	}
	return words
}
