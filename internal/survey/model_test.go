package survey

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPublishable(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Survey)
		want   string // message of the problem; "" = none
	}{
		{"as it is", func(*Survey) {}, ""},
		{"without a question", func(s *Survey) { s.Questions = nil }, "none"},
		{"an unknown type", func(s *Survey) { s.Questions[0].Type = "slider" }, "type"},
		{"a wording missing in one language", func(s *Survey) { s.Questions[0].Text = Words{"it": "Solo qui"} }, "text"},
		{"a help in one language only", func(s *Survey) { s.Questions[0].Help = Words{"it": "Solo qui"} }, "translation"},
		{"one choice", func(s *Survey) { s.Questions[2].Choices = s.Questions[2].Choices[:1] }, "choices"},
		{"a choice twice", func(s *Survey) { s.Questions[2].Choices[1].Key = "fast" }, "key"},
		{"a rule back", func(s *Survey) { s.Questions[2].Rules = []Rule{{Op: Contains, Value: "fast", Go: "q1"}} }, "rule"},
		{"a rule to itself", func(s *Survey) { s.Questions[2].Rules = []Rule{{Op: Contains, Value: "fast", Go: "q3"}} }, "rule"},
		{"a rule by what is asked later", func(s *Survey) { s.Questions[0].Rules = []Rule{{Question: "q3", Op: Contains, Value: "fast", Go: End}} }, "rule"},
		{"a rule by what was asked before", func(s *Survey) { s.Questions[2].Rules = []Rule{{Question: "q1", Op: Is, Value: "0", Go: End}} }, ""},
		{"a score off the scale", func(s *Survey) { s.Questions[0].Rules[0].Value = "11" }, "rule"},
		{"points of no scale", func(s *Survey) { s.Questions[3].Points = 6 }, "points"},
		{"a colour of no kind", func(s *Survey) { s.Theme.Accent = "red" }, "accent"},
		{"an unknown language", func(s *Survey) { s.Languages = []string{"it", "la"} }, "languages"},
		{"a key twice", func(s *Survey) { s.Questions[1].Key = "q1" }, "keys"},
		{"a novel", func(s *Survey) { s.Questions[1].Help = both(strings.Repeat("a", 601), "b") }, "long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sample()
			c.change(&s)
			got := s.problems()
			if c.want == "" {
				if len(got) > 0 {
					t.Errorf("problems %v", got)
				}
				return
			}
			if !slices.ContainsFunc(got, func(p Problem) bool { return p.What == "survey.problem."+c.want }) {
				t.Errorf("problems %v, want %s", got, c.want)
			}
		})
	}
}

// TestEveryWalkEnds draws surveys with rules and answers: whoever goes through
// passes each page once, in order, and what is kept lies on the way.
func TestEveryWalkEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "questions")
		s := Survey{}
		answers := Answers{}
		for i := range n {
			q := Question{Key: "q" + string(rune('a'+i)), Type: NPS, Joined: rapid.Bool().Draw(t, "joined")}
			for range rapid.IntRange(0, 2).Draw(t, "rules") {
				to := End
				if i+1 < n && rapid.Bool().Draw(t, "inside") {
					to = "q" + string(rune('a'+rapid.IntRange(0, n-1).Draw(t, "to")))
				}
				asked := "q" + string(rune('a'+rapid.IntRange(0, i).Draw(t, "asked")))
				q.Rules = append(q.Rules, Rule{Question: asked, Op: AtLeast, Value: "5", Go: to})
			}
			s.Questions = append(s.Questions, q)
			if rapid.Bool().Draw(t, "answered") {
				answers[q.Key] = score(rapid.IntRange(0, 10).Draw(t, "score"))
			}
		}
		way, kept := s.walk(answers)
		if !slices.IsSorted(way) || len(slices.Compact(slices.Clone(way))) != len(way) || way[0] != 0 {
			t.Fatalf("the way is %v", way)
		}
		for k, i := range way {
			want := -1
			if k > 0 {
				want = way[k-1]
			}
			if got := s.before(i, answers); got != want {
				t.Fatalf("before %d comes %d, want %d", i, got, want)
			}
		}
		if again, _ := s.walk(kept); !slices.Equal(again, way) {
			t.Fatalf("with what was kept the way is %v, and was %v", again, way)
		}
	})
}

func TestAnswers(t *testing.T) {
	s := sample()
	for _, c := range []struct {
		name     string
		question int
		answer   Answer
		ok       bool
	}{
		{"a score", 0, score(0), true},
		{"below the scale", 0, score(-1), false},
		{"above the scale", 0, score(11), false},
		{"a choice", 2, Answer{Choice: []string{"kind", "fast"}}, true},
		{"no such choice", 2, Answer{Choice: []string{"cheap"}}, false},
		{"an item", 3, Answer{Items: map[string]int{"look": 5}}, true},
		{"an item off the scale", 3, Answer{Items: map[string]int{"look": 6}}, false},
		{"no such item", 3, Answer{Items: map[string]int{"smell": 3}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := s.Questions[c.question].read(c.answer); (err == nil) != c.ok {
				t.Errorf("read it with %v", err)
			}
		})
	}
	long, cut, err := s.Questions[1].read(Answer{Text: "  " + strings.Repeat("è", MaxText+7) + "\x00"})
	if err != nil || !cut || len([]rune(long.Text)) != MaxText {
		t.Errorf("a long text: %d characters, cut %v, %v", len([]rune(long.Text)), cut, err)
	}
}

func TestAccentsCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "colour")
		c := colour{b[0], b[1], b[2]}
		if x := contrast(c, c.on()); x < readable {
			t.Errorf("text on %v has a contrast of %.2f", c, x)
		}
		for _, paper := range []colour{lightPaper, darkPaper} {
			if x := contrast(c.against(paper), paper); x < readable {
				t.Errorf("%v on %v has a contrast of %.2f", c, paper, x)
			}
		}
		back, ok := parseColour(c.String())
		if !ok || back != c {
			t.Errorf("%v was read as %v", c, back)
		}
	})
}

// A comma in YAML's short form would cut a wording in two without a sound.
func TestSetsAreWhole(t *testing.T) {
	for _, s := range must[[]Survey](t)(Sets()) {
		all := []Words{s.Name, s.Title, s.Intro, s.Thanks}
		for _, q := range s.Questions {
			all = append(all, q.Text, q.Help, q.Low, q.High)
			for _, c := range slices.Concat(q.Choices, q.Items) {
				all = append(all, c.Text)
			}
		}
		for _, w := range all {
			for language, text := range w {
				if !slices.Contains(Languages, language) || text == "" {
					t.Errorf("%s says %q in the language %q", s.Key, text, language)
				}
			}
		}
	}
}
