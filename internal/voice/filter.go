package voice

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/language"
)

// Filter says which texts are meant. What is empty asks nothing.
type Filter struct {
	Period     string // one of periods; "" is the usual one
	Sentiment  string
	Topic      string
	Urgency    string // at least: 1, 2 or 3
	Touchpoint string
	Platform   string
	Language   string
	Word       string // stands in the text
	Corrected  bool   // somebody put a label right
	Person     string // by id
}

const usualPeriod = "90"

// periods are so many days, or all there is.
func periods() []string { return []string{"7", "30", "90", "365", "all"} }

// mostWord is how many characters may be looked for.
const mostWord = 100

func readFilter(q url.Values) (Filter, error) {
	f := Filter{
		Period: q.Get("period"), Sentiment: q.Get("sentiment"), Topic: q.Get("topic"), Urgency: q.Get("urgency"), Touchpoint: q.Get("touchpoint"),
		Platform: q.Get("platform"), Language: q.Get("language"), Word: strings.TrimSpace(q.Get("q")), Corrected: q.Get("corrected") == "1", Person: q.Get("person"),
	}
	if f.Period == "" {
		f.Period = usualPeriod
	}
	return f, f.check()
}

func (f Filter) check() error {
	known := func(value string, list []string) bool { return value == "" || slices.Contains(list, value) }
	if !known(f.Period, periods()) || !known(f.Sentiment, sentiments()) || f.Topic != "" && !topicKey(f.Topic) ||
		!known(f.Urgency, []string{"1", "2", "3"}) || !known(f.Language, language.Languages) || len([]rune(f.Word)) > mostWord {
		return experience.Errorf(experience.Invalid, "voice.error.filter")
	}
	for _, text := range []string{f.Word, f.Touchpoint, f.Platform} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) { // no engine holds it
			return experience.Errorf(experience.Invalid, "voice.error.filter")
		}
	}
	if f.Person != "" {
		if _, err := experience.ParseID(f.Person); err != nil {
			return experience.Errorf(experience.Invalid, "voice.error.filter")
		}
	}
	return nil
}

// values writes it as an address has it.
func (f Filter) values() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"sentiment": f.Sentiment, "topic": f.Topic, "urgency": f.Urgency, "touchpoint": f.Touchpoint,
		"platform": f.Platform, "language": f.Language, "q": f.Word, "person": f.Person} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.Period != "" && f.Period != usualPeriod {
		q.Set("period", f.Period)
	}
	if f.Corrected {
		q.Set("corrected", "1")
	}
	return q
}

func (f Filter) url(path string) string {
	if q := f.values().Encode(); q != "" {
		return path + "?" + q
	}
	return path
}

// narrowed tells whether more is asked for than a period.
func (f Filter) narrowed() bool {
	f.Period = ""
	return f != Filter{}
}

// VoiceSpan is a time: from a moment, included, up to another, left out.
type VoiceSpan struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// conditions is the WHERE of a question to the registry.
type conditions struct {
	parts []string
	args  []any
}

// add takes a condition in; each ? of it stands for a value.
func (c *conditions) add(text string, values ...any) {
	for _, v := range values {
		c.args = append(c.args, v)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.parts = append(c.parts, text)
}

func (c *conditions) where() string { return strings.Join(c.parts, " AND ") }

// ask gives the table and conditions that find texts, and the column that names
// them. Those of a topic are found among what texts are about, where whatever can
// be asked of a text stands as well: every question is answered from one index.
func (f Filter) ask(s VoiceSpan) (table, id string, c *conditions) {
	table, id, c = "voices", "id", &conditions{}
	if f.Topic != "" {
		table, id = "voice_topics", "voice"
		c.add("topic = ?", f.Topic)
	} else if f.Person != "" {
		c.add("+worded = 1") // with a sign, so that SQLite goes by the index of people
	} else {
		c.add("worded = 1")
	}
	c.add("at >= ? AND at < ?", s.From.UnixMicro(), s.To.UnixMicro())
	if f.Urgency != "" {
		least, _ := strconv.Atoi(f.Urgency) // checked
		c.add("urgency >= ?", least)
	}
	for _, asked := range [][2]string{{"sentiment", f.Sentiment}, {"touchpoint", f.Touchpoint}, {"platform", f.Platform}, {"language", f.Language}, {"person", f.Person}} {
		if asked[1] != "" {
			c.add(asked[0]+" = ?", asked[1])
		}
	}
	if f.Corrected {
		c.add(id + " IN (SELECT voice FROM voice_corrections WHERE undone_at = 0)")
	}
	return table, id, c
}
