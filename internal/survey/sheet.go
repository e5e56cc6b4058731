package survey

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"
)

// page is a public page: a sheet of questions, or else an end.
type page struct {
	say     speech
	theme   Theme
	logo    string
	kiosk   bool
	tongues []tongue
	note    string

	sheet   *sheet // nil: an end
	action  string
	hidden  []pair
	back    bool
	decline bool

	head, text string
	good       bool   // an end that is none of refusal
	again      string // where another answer begins; "" = nowhere
}

type pair struct{ name, value string }

// tongue is a language that the survey speaks.
type tongue struct{ language, name, url string }

// sheet is the questions of one page.
type sheet struct {
	survey        *Survey
	say           speech
	first, beyond int
	number, all   int // where on the way, from 1
	last          bool
	answers       Answers
	wrong         map[string]string // by the key of the question
}

// tongueNames are what the languages call themselves.
var tongueNames = map[string]string{"it": "Italiano", "en": "English", "fr": "Français", "de": "Deutsch", "es": "Español"}

// mouths are drawn from very bad to very good.
var mouths = [5]string{
	"M10.5 22.5q5.5-6 11 0", "M11 21.5q5-3 10 0", "M11 20.5h10", "M11 19.5q5 4 10 0", "M10 18.5q6 8.5 12 0z",
}

func (p page) title() string {
	title := p.head
	if p.sheet != nil {
		title = p.sheet.heading()
	}
	if p.logo == "" || p.logo == title {
		return title
	}
	return title + " · " + p.logo
}

func (s *sheet) title() string { return s.survey.Title.In(s.say.language) }

// heading names the page, also where the survey has no title.
func (s *sheet) heading() string {
	if title := s.title(); title != "" {
		return title
	}
	return s.survey.Questions[s.first].Text.In(s.say.language)
}

func (s *sheet) where() string {
	return s.say.say("progress", "n", strconv.Itoa(s.number), "all", strconv.Itoa(s.all))
}

func (s *sheet) id(q *Question) string { return "sv-" + q.Key }

// help is the question's own, or how it is answered.
func (s *sheet) help(q *Question) string {
	help := q.Help.In(s.say.language)
	if help == "" && q.Type == Multiple {
		return s.say.say("any")
	}
	return help
}

// aria ties a question to its help and to what is wrong with it.
func (s *sheet) aria(q *Question) templ.Attributes {
	described := ""
	if s.wrong[q.Key] != "" {
		described = s.id(q) + "-bad"
	}
	if s.help(q) != "" {
		if described != "" {
			described += " "
		}
		described += s.id(q) + "-help"
	}
	if described == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": described}
}

// points are the scores of a question, the worst first.
func points(q *Question) []int {
	low, high := q.Range()
	out := make([]int, 0, high-low+1)
	for n := low; n <= high; n++ {
		out = append(out, n)
	}
	return out
}

// columns is the class of a scale by how many points it has.
func columns(q *Question) string {
	switch n := len(points(q)); n {
	case 7, 11:
		return "sv-" + strconv.Itoa(n)
	}
	return "sv-5"
}

// score is what was chosen on a scale, -1 where nothing was.
func (a Answer) score() int {
	if a.Score == nil {
		return -1
	}
	return *a.Score
}

// item is what was chosen for an item of a matrix, -1 where nothing was.
func (a Answer) item(key string) int {
	if score, ok := a.Items[key]; ok {
		return score
	}
	return -1
}

func (a Answer) chose(key string) bool { return slices.Contains(a.Choice, key) }
