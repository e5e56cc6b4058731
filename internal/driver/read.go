package driver

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	Micros(expr string) string
}

// Events of asking. Answers come under many names: experience.AnswerEvents.
const (
	surveySent    = "Survey Sent"
	surveyBounced = "Survey Bounced"
)

// Item is one question that somebody answered with a score.
type Item struct {
	Question string // key; "" where the sender names none
	Scale    *experience.Scale
	Score    float64
	Lead     bool // the first of its scale in the response: what it counts as
}

// Response is what one person answered at one time.
type Response struct {
	ID, Person  experience.ID // Person zero: nobody known
	At          int64         // microseconds since 1970
	Survey      string
	Invitation  string
	Touchpoint  string // what it is about; else where it was said
	Shop        string
	Channel     string // by which they were asked; "" = not said
	own, source string // touchpoint and source of the interaction itself
	Items       []Item
}

// lead gives the answer on a scale, if there is one.
func (r *Response) lead(scale string) (*Item, bool) {
	for i := range r.Items {
		if r.Items[i].Lead && r.Items[i].Scale.Key == scale {
			return &r.Items[i], true
		}
	}
	return nil, false
}

// Asked is one time that somebody was asked.
type Asked struct {
	ID, Person experience.ID
	At         int64
	Survey     string
	Invitation string
	Channel    string
	Bounced    bool
	Answered   bool
}

// told is what the properties of asking and answering say.
type told struct {
	Survey, Invitation, ChannelAsked, Channel, About, Shop, Store, Place string
	Question, Scale, OutOf                                               string
	Score                                                                float64
	Scored                                                               bool
	Answers                                                              []toldAnswer
}

type toldAnswer struct {
	Question, Type, Scale, OutOf string
	Score                        float64
	Scored                       bool
}

// reader reads what people were asked and answered, keeping each text once.
type reader struct {
	ledger Ledger
	words  map[string]string
	scales map[[2]string]*experience.Scale
}

func newReader(l Ledger) *reader {
	return &reader{ledger: l, words: map[string]string{}, scales: map[[2]string]*experience.Scale{}}
}

// mostText is how much of a name is kept.
const mostText = 200

func (r *reader) word(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "")
	}
	if kept, ok := r.words[text]; ok {
		return kept
	}
	r.words[text] = text
	return text
}

func (r *reader) scale(name, outOf string) *experience.Scale {
	key := [2]string{name, outOf}
	if s, ok := r.scales[key]; ok {
		return s
	}
	var kept *experience.Scale
	if s, ok := experience.ScaleNamed(name, outOf); ok {
		kept = &s
		for _, other := range r.scales {
			if other != nil && other.Key == s.Key {
				kept = other
			}
		}
	}
	r.scales[key] = kept
	return kept
}

// read gives all responses and all askings, oldest first. Bots and staff are
// left out.
func (r *reader) read(ctx context.Context) (*book, error) {
	names := append(experience.AnswerEvents(), surveySent, surveyBounced)
	rows, err := r.ledger.Query(ctx, `SELECT CAST(id AS TEXT), CAST(person_id AS TEXT), `+r.ledger.Micros("time")+`, name, touchpoint, source, CAST(properties AS TEXT)
		FROM interactions WHERE flags = 0 AND name IN ('`+strings.Join(names, `', '`)+`') ORDER BY time, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	b := &book{}
	bounced := map[string]bool{}
	for rows.Next() {
		var id, name, touchpoint, source string
		var person sql.NullString
		var properties sql.RawBytes
		var at int64
		if err := rows.Scan(&id, &person, &at, &name, &touchpoint, &source, &properties); err != nil {
			return nil, err
		}
		var t told
		t.parse(properties)
		one := Response{At: at, Survey: r.word(t.Survey), Invitation: t.Invitation, own: r.word(touchpoint), source: r.word(source), Shop: r.word(first(t.Shop, t.Store, t.Place))}
		if one.ID, err = experience.ParseID(id); err != nil {
			return nil, err
		}
		if person.Valid {
			if one.Person, err = experience.ParseID(person.String); err != nil {
				return nil, err
			}
		}
		one.Touchpoint, one.Channel = r.word(first(t.About, touchpoint)), r.word(strings.ToLower(t.ChannelAsked))
		switch name {
		case surveySent:
			b.asked = append(b.asked, Asked{ID: one.ID, Person: one.Person, At: at, Survey: one.Survey, Invitation: one.Invitation, Channel: r.word(strings.ToLower(first(t.ChannelAsked, t.Channel)))})
		case surveyBounced:
			bounced[one.Invitation] = one.Invitation != ""
		default:
			usual, _ := experience.AnswerScale(name)
			if one.Items = r.items(&t, usual); len(one.Items) > 0 || name == experience.SurveyAnswered {
				b.responses = append(b.responses, one)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	b.match(bounced)
	return b, nil
}

// items are the scored answers of a response: those listed, and the main one
// where it is not among them.
func (r *reader) items(t *told, usual string) []Item {
	var items []Item
	add := func(question, scale, outOf string, score float64, scored bool) {
		s := r.scale(scale, outOf)
		if s == nil || !scored || !s.Holds(score) {
			return
		}
		item := Item{Question: r.word(question), Scale: s, Score: score}
		told := slices.ContainsFunc(items, func(x Item) bool {
			return x.Question == item.Question && (x.Question != "" || x == item) || item.Question == "" && x.Scale == s && x.Score == score
		})
		if !told {
			items = append(items, item)
		}
	}
	for _, a := range t.Answers {
		add(a.Question, first(a.Scale, a.Type), a.OutOf, a.Score, a.Scored)
	}
	add(t.Question, first(t.Scale, usual), t.OutOf, t.Score, t.Scored)
	for i := range items {
		items[i].Lead = !slices.ContainsFunc(items[:i], func(x Item) bool { return x.Scale == items[i].Scale })
	}
	return items
}

func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// parse reads properties as senders write them: numbers also as texts. What
// cannot be read is left out.
func (t *told) parse(raw []byte) {
	var fields map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &fields) != nil {
		return
	}
	text := func(name string) string {
		s, _ := experience.ScalarText(fields[name])
		return s
	}
	t.Survey, t.Invitation, t.ChannelAsked, t.Channel = text("survey"), text("invitation"), text("channel_asked"), text("channel")
	t.About, t.Shop, t.Store, t.Place = text("about"), text("shop"), text("store"), text("place")
	t.Question, t.Scale, t.OutOf = text("question"), text("scale"), text("out_of")
	if t.Score, t.Scored = number(text("score")); !t.Scored {
		t.Score, t.Scored = number(text("rating"))
	}
	var list []map[string]json.RawMessage
	if len(fields["answers"]) == 0 || json.Unmarshal(fields["answers"], &list) != nil {
		return
	}
	for _, one := range list[:min(len(list), mostAnswers)] {
		text := func(name string) string {
			s, _ := experience.ScalarText(one[name])
			return s
		}
		a := toldAnswer{Question: text("question"), Type: text("type"), Scale: text("scale"), OutOf: text("out_of")}
		a.Score, a.Scored = number(text("score"))
		t.Answers = append(t.Answers, a)
	}
}

// mostAnswers is how many answers of one response are read.
const mostAnswers = 100

func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// book is all that people were asked and answered, oldest first. It is not
// changed once it was read.
type book struct {
	responses []Response
	asked     []Asked
	of        string // the state of the ledger it was read from
}

// match finds out which askings were answered: by the invitation that both
// name; where they name none, by the first answer of the same person to the
// same survey until they are asked again.
func (b *book) match(bounced map[string]bool) {
	type who struct {
		person experience.ID
		survey string
	}
	byInvitation, open := map[string]int{}, map[who]int{}
	k := 0
	ask := func(until int64) {
		for ; k < len(b.asked) && b.asked[k].At <= until; k++ {
			a := &b.asked[k]
			a.Bounced = bounced[a.Invitation] && a.Invitation != ""
			if a.Invitation != "" {
				byInvitation[a.Invitation] = k
			} else if !a.Person.IsZero() {
				open[who{a.Person, a.Survey}] = k
			}
		}
	}
	for i := range b.responses {
		r := &b.responses[i]
		ask(r.At)
		if at, ok := byInvitation[r.Invitation]; ok && r.Invitation != "" {
			b.asked[at].Answered = true
			if r.Channel == "" {
				r.Channel = b.asked[at].Channel
			}
		} else if at, ok := open[who{r.Person, r.Survey}]; ok && !r.Person.IsZero() {
			b.asked[at].Answered = true
			delete(open, who{r.Person, r.Survey})
		}
	}
	ask(math.MaxInt64)
}

// span tells between which moments people were asked or answered; zero times
// where nobody ever was.
func (b *book) span() (from, to time.Time) {
	var low, high int64
	if n := len(b.responses); n > 0 {
		low, high = b.responses[0].At, b.responses[n-1].At
	}
	if n := len(b.asked); n > 0 {
		if low == 0 || b.asked[0].At < low {
			low = b.asked[0].At
		}
		high = max(high, b.asked[n-1].At)
	}
	if low == 0 {
		return from, to
	}
	return time.UnixMicro(low).UTC(), time.UnixMicro(high).UTC()
}
