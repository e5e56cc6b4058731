package followup

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"regia/internal/experience"
	"regia/internal/registry"
)

// The rules there are.
const (
	detractor = "detractor" // an answer at the low end of its scale
	urgent    = "urgent"    // a text that says it is urgent
	leaving   = "leaving"   // a threat to leave
	legal     = "legal"     // lawyers, courts, consumers' associations
	praise    = "praise"    // a colleague praised by name
)

// FollowUpRule says when a follow-up is opened, for whom and by when.
type FollowUpRule struct {
	Key       string             `json:"key"`
	Off       bool               `json:"off"`
	Most      map[string]float64 `json:"most,omitempty" doc:"detractor: by scale, up to which score"`
	Urgency   int                `json:"urgency,omitempty" doc:"urgent: from which urgency on, 1 to 3"`
	Words     []string           `json:"words,omitempty" doc:"leaving, legal: words and phrases, a star at the end stands for any ending; praise: names, none means the first names of those who work with Regia"`
	Owner     string             `json:"owner,omitempty" doc:"Id of the user who is asked; empty: the first manager, or owner"`
	LateTo    string             `json:"late_to,omitempty" doc:"Id of the user who is told when it is late; empty: the first owner"`
	Hours     int                `json:"hours" minimum:"1" maximum:"720" doc:"Until the deadline; hours of work, where opening hours are set"`
	Rest      int                `json:"rest_days" minimum:"0" maximum:"365" doc:"In so many days nobody gets a second follow-up for the same reason"`
	ChangedBy string             `json:"-"`
	ChangedAt time.Time          `json:"-"`
}

// designed are the rules as Regia comes with them, what is most pressing first.
func designed() []FollowUpRule {
	return []FollowUpRule{
		{Key: legal, Hours: 4, Rest: 14, Words: []string{"avvocat*", "vie legali", "azione legale", "azioni legali", "denunci*", "querel*", "tribunale", "giudice di pace",
			"codacons", "altroconsumo", "associazione consumatori", "agcm", "diffida", "lawyer", "solicitor", "legal action", "sue you", "small claims", "take you to court"}},
		{Key: leaving, Hours: 9, Rest: 14, Words: []string{"non compro più", "non comprerò più", "non acquisto più", "non acquisterò più", "non ordino più", "non ordinerò più",
			"non ci torno più", "non tornerò", "avete perso un cliente", "avete perso una cliente", "ultima volta che compro", "ultimo acquisto", "ultimo ordine", "mai più",
			"passo alla concorrenza", "mi rivolgo altrove", "disdico", "disdetta", "chiudo l account", "cancello l account", "never again", "never buy", "last order", "lost a customer",
			"close my account", "cancel my account", "go elsewhere"}},
		{Key: urgent, Hours: 4, Rest: 7, Urgency: 2},
		{Key: detractor, Hours: 18, Rest: 30, Most: map[string]float64{"nps": 6, "csat": 2, "ces": 3, "stars": 2, "smiley": 2, "thumb": 0}},
		{Key: praise, Hours: 45, Rest: 30},
	}
}

func known(key string) bool {
	return slices.ContainsFunc(designed(), func(r FollowUpRule) bool { return r.Key == key })
}

// Limits of what a rule may say.
const (
	mostHours = 720
	mostRest  = 365
	mostWords = 200
	mostWord  = 80
)

// check tells whether a rule makes sense.
func (r FollowUpRule) check() error {
	bad := func(w string) bool {
		return len(w) > mostWord || strings.TrimSpace(plain(strings.TrimSuffix(w, "*"))) == ""
	}
	switch {
	case !known(r.Key):
		return experience.Errorf(experience.NotFound, "followup.error.rule")
	case r.Hours < 1 || r.Hours > mostHours || r.Rest < 0 || r.Rest > mostRest:
		return experience.Errorf(experience.Invalid, "followup.error.hours")
	case r.Key == urgent && (r.Urgency < 1 || r.Urgency > 3):
		return experience.Errorf(experience.Invalid, "followup.error.urgency")
	case len(r.Words) > mostWords || slices.ContainsFunc(r.Words, bad):
		return experience.Errorf(experience.Invalid, "followup.error.words")
	}
	for scale, most := range r.Most {
		if s, ok := experience.ScaleNamed(scale, ""); !ok || s.Key != scale || !s.Holds(most) || most == s.High {
			return experience.Errorf(experience.Invalid, "followup.error.score")
		}
	}
	return nil
}

// speaks tells whether the rule speaks for a voice, and by which word of it, if
// by one.
func (r FollowUpRule) speaks(v Voice, colleagues []string) (why string, ok bool) {
	if r.Off {
		return "", false
	}
	switch r.Key {
	case detractor:
		return "", r.low(v.Scale, v.Score)
	case urgent:
		return "", v.Text != "" && (v.Urgency >= r.Urgency || slices.Contains(v.Signals, "danger"))
	case leaving:
		if v.Sentiment == "positive" {
			return "", false // "mai più senza"
		}
		return v.says("leave", r.Words)
	case legal:
		return v.says("legal", r.Words)
	case praise:
		if v.Sentiment != "positive" {
			return "", false
		}
		names := r.Words
		if len(names) == 0 {
			names = colleagues
		}
		return find(v.Text, names)
	}
	return "", false
}

// says tells whether a text holds one of some words, or is read as saying
// something outright.
func (v Voice) says(signal string, words []string) (why string, ok bool) {
	if why, ok = find(v.Text, words); ok {
		return why, true
	}
	return "", slices.Contains(v.Signals, signal)
}

// low tells whether an answer is at the low end of its scale.
func (r FollowUpRule) low(scale string, score float64) bool {
	most, ok := r.Most[scale]
	return ok && score <= most
}

// plain writes a text in lower case with one blank in the place of all that is
// neither letter nor figure, and one at both ends.
func plain(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	blank := true
	for _, c := range strings.ToLower(text) {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(c)
			blank = false
		case !blank:
			b.WriteByte(' ')
			blank = true
		}
	}
	if !blank {
		b.WriteByte(' ')
	}
	return b.String()
}

// find tells which of some words or phrases a text holds.
func find(text string, words []string) (string, bool) {
	if text == "" {
		return "", false
	}
	text = plain(text)
	for _, w := range words {
		p := plain(strings.TrimSuffix(w, "*"))
		if strings.HasSuffix(w, "*") {
			p = strings.TrimSuffix(p, " ")
		}
		if len(p) > 1 && strings.Contains(text, p) {
			return w, true
		}
	}
	return "", false
}

// rules gives those in force.
func rules(ctx context.Context, tx registry.Tx) ([]FollowUpRule, error) {
	out := designed()
	rows, err := tx.Query(ctx, `SELECT key, settings, changed_by, changed_at FROM followup_rules`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key, settings, by string
		var at int64
		if err := rows.Scan(&key, &settings, &by, &at); err != nil {
			return nil, err
		}
		for i := range out {
			if out[i].Key == key {
				decided := FollowUpRule{}
				if err := json.Unmarshal([]byte(settings), &decided); err != nil {
					return nil, err
				}
				decided.Key, decided.ChangedBy, decided.ChangedAt = key, by, time.UnixMicro(at).UTC()
				out[i] = decided
			}
		}
	}
	return out, rows.Err()
}

// Rules gives the rules in force, what is most pressing first.
func (r *Room) Rules(ctx context.Context) (list []FollowUpRule, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list, err = rules(ctx, tx)
		return err
	})
	return list, err
}

// rule gives one of them.
func (r *Room) rule(ctx context.Context, key string) (FollowUpRule, error) {
	list, err := r.Rules(ctx)
	if err != nil {
		return FollowUpRule{}, err
	}
	i := slices.IndexFunc(list, func(x FollowUpRule) bool { return x.Key == key })
	if i < 0 {
		return FollowUpRule{}, experience.Errorf(experience.NotFound, "followup.error.rule")
	}
	return list[i], nil
}

// Decide puts a rule in force.
func (r *Room) Decide(ctx context.Context, rule FollowUpRule, by string) error {
	if err := rule.check(); err != nil {
		return err
	}
	if err := r.usersThere(ctx, rule.Owner, rule.LateTo); err != nil {
		return err
	}
	settings, err := json.Marshal(rule)
	if err != nil {
		return err
	}
	now := r.Clock()
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO followup_rules (key, settings, changed_by, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET settings = excluded.settings, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			rule.Key, string(settings), by, now.UnixMicro())
		return err
	})
}

// usersThere tells whether users may be asked; "" is nobody in particular.
func (r *Room) usersThere(ctx context.Context, ids ...string) error {
	users, err := r.Users(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != "" && !slices.ContainsFunc(users, func(u User) bool { return u.ID == id }) {
			return experience.Errorf(experience.Invalid, "followup.error.user")
		}
	}
	return nil
}

// FollowUpOutlook is what a rule would have opened.
type FollowUpOutlook struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Voices int       `json:"voices" doc:"Voices of that time"`
	Spoken int       `json:"spoken" doc:"Those that the rule speaks for"`
	Opened int       `json:"opened" doc:"Follow-ups it would have opened"`
}

// Preview tells how many follow-ups a rule would have opened in the last 30
// days.
func (r *Room) Preview(ctx context.Context, rule FollowUpRule) (FollowUpOutlook, error) {
	o := FollowUpOutlook{To: r.Clock()}
	o.From = o.To.AddDate(0, 0, -30)
	if err := rule.check(); err != nil {
		return o, err
	}
	users, err := r.Users(ctx)
	if err != nil {
		return o, err
	}
	last := map[experience.ID]time.Time{}
	names := colleagues(users)
	rest := time.Duration(rule.Rest) * 24 * time.Hour
	err = r.Voices.Between(ctx, o.From, o.To, func(v Voice) error {
		o.Voices++
		if _, ok := rule.speaks(v, names); !ok {
			return nil
		}
		o.Spoken++
		before, again := last[v.Person]
		if v.Person.IsZero() || !again || v.Time.Sub(before) >= rest {
			o.Opened++
			last[v.Person] = v.Time
		}
		return nil
	})
	return o, err
}

// colleagues gives the names by which people may praise somebody: the first
// names of users.
func colleagues(users []User) []string {
	var out []string
	for _, u := range users {
		if first, _, _ := strings.Cut(strings.TrimSpace(u.Name), " "); len([]rune(first)) > 2 {
			out = append(out, first)
		}
	}
	return out
}
