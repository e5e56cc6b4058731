package survey

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
)

// draftFrom reads the editor's form over the draft it was made from. Lines for
// choices and rules that were left blank are none.
func draftFrom(form url.Values, before Survey) Survey {
	s := Survey{
		Key: before.Key, Next: before.Next, Languages: chosenLanguages(form), About: strings.TrimSpace(form.Get("about")),
		Staff: form.Get("staff") == "true", Theme: Theme{Accent: strings.TrimSpace(form.Get("accent")), Logo: strings.TrimSpace(form.Get("logo"))},
	}
	if s.Theme.Accent == petrol.String() {
		s.Theme.Accent = ""
	}
	s.Name, s.Title, s.Intro, s.Thanks = wordsFrom(form, "name"), wordsFrom(form, "title"), wordsFrom(form, "intro"), wordsFrom(form, "thanks")
	for i := range maxQuestions + 1 {
		at := "q" + strconv.Itoa(i)
		if !form.Has(at + ".type") {
			break
		}
		s.Questions = append(s.Questions, questionFrom(form, at))
	}
	return s
}

func chosenLanguages(form url.Values) (out []string) {
	first := form.Get("first")
	for _, l := range Languages {
		if slices.Contains(form["languages"], l) {
			out = append(out, l)
		}
	}
	if i := slices.Index(out, first); i > 0 {
		out = append([]string{first}, slices.Delete(out, i, i+1)...)
	}
	return out
}

// wordsFrom reads a wording in all languages; nil where nothing was written.
func wordsFrom(form url.Values, name string) Words {
	var out Words
	for _, l := range Languages {
		text := strings.TrimSpace(strings.ReplaceAll(form.Get(name+"."+l), "\r\n", "\n"))
		if text == "" {
			continue
		}
		if out == nil {
			out = Words{}
		}
		out[l] = text
	}
	return out
}

func questionFrom(form url.Values, at string) Question {
	q := Question{
		Key: form.Get(at + ".key"), Type: Type(form.Get(at + ".type")), Text: wordsFrom(form, at+".text"), Help: wordsFrom(form, at+".help"),
		Required: form.Get(at+".required") == "true", Joined: form.Get(at+".joined") == "true",
		Low: wordsFrom(form, at+".low"), High: wordsFrom(form, at+".high"), Dimension: experience.Dimension(form.Get(at + ".dimension")),
	}
	choices := choicesFrom(form, at+".c")
	switch {
	case q.Type.Chosen():
		q.Choices = choices
	case q.Type == Matrix:
		q.Items = choices
		q.Points, _ = strconv.Atoi(form.Get(at + ".points")) // what is none is told when it is published
	}
	for k := range maxRules + 1 {
		name := at + ".r" + strconv.Itoa(k)
		if !form.Has(name + ".go") {
			break
		}
		r := Rule{Question: form.Get(name + ".question"), Op: Op(form.Get(name + ".op")), Value: strings.TrimSpace(form.Get(name + ".value")), Go: form.Get(name + ".go")}
		if r.Question == q.Key {
			r.Question = ""
		}
		if r.Go != "" {
			q.Rules = append(q.Rules, r)
		}
	}
	return q
}

func choicesFrom(form url.Values, at string) (out []Choice) {
	for k := range maxChoices + 1 {
		name := at + strconv.Itoa(k)
		if !form.Has(name + ".key") {
			break
		}
		c := Choice{Key: form.Get(name + ".key"), Text: wordsFrom(form, name+".text")}
		if c.Text != nil {
			out = append(out, c)
		}
	}
	return out
}

// act does to a draft what a button of the editor says: add:nps, up:2, down:2,
// remove:2. It gives the place of the question that was moved or added, -1
// where there is none.
func act(s *Survey, do string) int {
	what, argument, _ := strings.Cut(do, ":")
	if what == "add" {
		q := Question{Type: Type(argument)}
		if !q.Type.known() || len(s.Questions) > maxQuestions {
			return -1
		}
		if q.Type == Matrix {
			q.Points = 5
		}
		s.Questions = append(s.Questions, q)
		return len(s.Questions) - 1
	}
	i, err := strconv.Atoi(argument)
	if err != nil || i < 0 || i >= len(s.Questions) {
		return -1
	}
	to := i
	switch what {
	case "remove":
		key := s.Questions[i].Key
		s.Questions = slices.Delete(s.Questions, i, i+1)
		forget(s, key)
		return min(i, len(s.Questions)-1)
	case "up":
		to = i - 1
	case "down":
		to = i + 1
	case "more":
		return i
	}
	if to < 0 || to >= len(s.Questions) {
		return i
	}
	s.Questions[i], s.Questions[to] = s.Questions[to], s.Questions[i]
	return to
}

// forget drops the rules that speak of a question that is gone.
func forget(s *Survey, key string) {
	for i := range s.Questions {
		s.Questions[i].Rules = slices.DeleteFunc(s.Questions[i].Rules, func(r Rule) bool { return r.Question == key || r.Go == key })
	}
}
