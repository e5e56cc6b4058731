package survey

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// Limits of a survey, so that its pages stay light.
const (
	maxQuestions = 40
	maxChoices   = 20
	maxRules     = 10
	maxWording   = 600 // characters of one wording
	maxName      = 120
	maxLogo      = 60
	maxSurvey    = 256 << 10 // bytes of its JSON
)

var (
	keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)
	subKey     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
)

// Problem is why a survey cannot be published.
type Problem struct {
	Question string // key of the question; "" = the survey itself
	Number   int    // of the question, from 1; 0 = the survey itself
	What     string // key of a message
}

// problems lists all that stands against publishing a survey; none means that
// it can be.
func (s *Survey) problems() []Problem {
	var out []Problem
	add := func(what string) { out = append(out, Problem{What: "survey.problem." + what}) }
	if s.Name.In(s.language()) == "" || long(s.Name, maxName) {
		add("name")
	}
	if len(s.Languages) == 0 || slices.ContainsFunc(s.Languages, func(l string) bool { return !slices.Contains(Languages, l) }) || repeated(s.Languages) {
		add("languages")
	}
	if long(s.Title, maxWording) || long(s.Intro, maxWording) || long(s.Thanks, maxWording) || utf8.RuneCountInString(s.Theme.Logo) > maxLogo {
		add("long")
	}
	if s.partly(s.Title) || s.partly(s.Intro) || s.partly(s.Thanks) {
		add("translation")
	}
	if _, ok := parseColour(s.Theme.Accent); s.Theme.Accent != "" && !ok {
		add("accent")
	}
	switch n := len(s.Questions); {
	case n == 0:
		add("none")
	case n > maxQuestions:
		add("many")
	}
	keys := make([]string, len(s.Questions))
	for i, q := range s.Questions {
		keys[i] = q.Key
	}
	if repeated(keys) {
		add("keys")
	}
	for i := range s.Questions {
		for _, what := range s.questionProblems(i) {
			out = append(out, Problem{Question: s.Questions[i].Key, Number: i + 1, What: "survey.problem." + what})
		}
	}
	return out
}

func (s *Survey) questionProblems(i int) (out []string) {
	q := &s.Questions[i]
	if !subKey.MatchString(q.Key) || q.Key == End {
		out = append(out, "key")
	}
	if !q.Type.known() {
		return append(out, "type")
	}
	switch {
	case s.lacks(q.Text):
		out = append(out, "text")
	case s.partly(q.Help) || s.partly(q.Low) || s.partly(q.High):
		out = append(out, "translation")
	case long(q.Text, maxWording) || long(q.Help, maxWording) || long(q.Low, maxName) || long(q.High, maxName):
		out = append(out, "long")
	}
	switch {
	case q.Type.Chosen():
		out = append(out, s.choiceProblems(q.Choices, 2)...)
	case q.Type == Matrix:
		out = append(out, s.choiceProblems(q.Items, 1)...)
		if _, p := q.Range(); p != 5 && p != 7 {
			out = append(out, "points")
		}
	}
	if q.Dimension != "" && !slices.Contains(experience.Dimensions, q.Dimension) {
		out = append(out, "dimension")
	}
	if len(q.Rules) > maxRules || slices.ContainsFunc(q.Rules, func(r Rule) bool { return !s.sound(i, r) }) {
		out = append(out, "rule")
	}
	return out
}

func (s *Survey) choiceProblems(list []Choice, least int) []string {
	if len(list) < least || len(list) > maxChoices {
		return []string{"choices"}
	}
	var keys []string
	for _, c := range list {
		if s.lacks(c.Text) || long(c.Text, maxName) {
			return []string{"choice"}
		}
		if !subKey.MatchString(c.Key) {
			return []string{"key"}
		}
		keys = append(keys, c.Key)
	}
	if repeated(keys) {
		return []string{"key"}
	}
	return nil
}

// sound tells whether a rule of the question at i leads forward and compares
// what can be compared.
func (s *Survey) sound(i int, r Rule) bool {
	asked := i
	if r.Question != "" {
		asked = s.question(r.Question)
	}
	if asked < 0 || asked > i {
		return false
	}
	if to := s.question(r.Go); r.Go != End && to <= i {
		return false
	}
	q := &s.Questions[asked]
	low, high := q.Range()
	score, err := strconv.Atoi(r.Value)
	scored := q.Type.Scored() && err == nil && score >= low && score <= high
	chosen := q.Type.Chosen() && slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.Key == r.Value })
	switch r.Op {
	case AtLeast, AtMost:
		return scored
	case Is:
		return scored || q.Type == Single && chosen
	case Contains:
		return chosen || q.Type == OpenText && r.Value != "" && len(r.Value) <= maxName
	}
	return false
}

// lacks tells whether a wording is missing in one of the survey's languages.
func (s *Survey) lacks(w Words) bool {
	return len(s.Languages) == 0 || slices.ContainsFunc(s.Languages, func(l string) bool { return strings.TrimSpace(w[l]) == "" })
}

// partly tells whether there is a wording in some of the survey's languages,
// but not in all.
func (s *Survey) partly(w Words) bool {
	return s.lacks(w) && slices.ContainsFunc(s.Languages, func(l string) bool { return strings.TrimSpace(w[l]) != "" })
}

func long(w Words, most int) bool {
	for _, text := range w {
		if utf8.RuneCountInString(text) > most {
			return true
		}
	}
	return false
}

func repeated(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

// prepare puts a draft in order before it is kept: new questions and choices
// get keys that were never used, wordings lose what nobody sees. A draft may be
// unfinished; it is Invalid only where it cannot be kept.
func (s *Survey) prepare() error {
	if !keyPattern.MatchString(s.Key) {
		return experience.Errorf(experience.Invalid, "survey.error.key")
	}
	if len(s.Questions) > maxQuestions {
		return experience.Errorf(experience.Invalid, "survey.problem.many")
	}
	for _, q := range s.Questions {
		var n int
		if _, err := fmt.Sscanf(q.Key, "q%d", &n); err == nil {
			s.Next = max(s.Next, n)
		}
	}
	for i := range s.Questions {
		q := &s.Questions[i]
		if q.Key == "" {
			s.Next++
			q.Key = "q" + strconv.Itoa(s.Next)
		}
		keyed(q.Choices, "c")
		keyed(q.Items, "i")
	}
	return nil
}

// keyed gives keys to the choices that have none.
func keyed(list []Choice, prefix string) {
	highest := 0
	for _, c := range list {
		var n int
		if _, err := fmt.Sscanf(c.Key, prefix+"%d", &n); err == nil {
			highest = max(highest, n)
		}
	}
	for i := range list {
		if list[i].Key == "" {
			highest++
			list[i].Key = prefix + strconv.Itoa(highest)
		}
	}
}

// keyFrom makes a key of a name: lower case, plain letters, hyphens.
func keyFrom(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if plain, ok := plainLetters[r]; ok {
			r = plain
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	key := strings.Trim(b.String(), "-")
	if len(key) > 50 {
		key = strings.Trim(key[:50], "-")
	}
	return key
}

var plainLetters = map[rune]rune{
	'à': 'a', 'á': 'a', 'â': 'a', 'ä': 'a', 'è': 'e', 'é': 'e', 'ê': 'e', 'ì': 'i', 'í': 'i', 'î': 'i',
	'ò': 'o', 'ó': 'o', 'ô': 'o', 'ö': 'o', 'ù': 'u', 'ú': 'u', 'û': 'u', 'ü': 'u', 'ç': 'c', 'ñ': 'n',
}
