package survey

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed phrases.yaml
var phrasesFile []byte

// phrases are what the public pages say beside what is asked: by language, by key.
type phrases map[string]map[string]any

func loadPhrases() (phrases, error) {
	p := phrases{}
	if err := yaml.Unmarshal(phrasesFile, &p); err != nil {
		return nil, fmt.Errorf("phrases of the survey pages: %w", err)
	}
	return p, nil
}

// speech says them in one language.
type speech struct {
	language string
	says     map[string]any
}

func (p phrases) in(language string) speech { return speech{language, p[language]} }

// say gives a phrase; pairs are names and what stands for them.
func (s speech) say(key string, pairs ...string) string {
	text, _ := s.says[key].(string)
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// list gives a phrase that is several.
func (s speech) list(key string) (out []string) {
	all, _ := s.says[key].([]any)
	for _, one := range all {
		text, _ := one.(string)
		out = append(out, text)
	}
	return out
}

// ends are what the ends of a question's scale mean.
func (s speech) ends(q *Question) (low, high string) {
	low, high = q.Low.In(s.language), q.High.In(s.language)
	usual := s.list("ends." + string(q.Type))
	if len(usual) == 2 {
		if low == "" {
			low = usual[0]
		}
		if high == "" {
			high = usual[1]
		}
	}
	return low, high
}

// score says what a score of a question is called, for those who cannot see it.
func (s speech) score(q *Question, n int) string {
	switch q.Type {
	case Smiley:
		if names := s.list("smiley"); n >= 1 && n <= len(names) {
			return names[n-1]
		}
	case Stars:
		if forms := s.list("star"); len(forms) == 2 {
			return strings.ReplaceAll(forms[min(n, 2)-1], "{n}", strconv.Itoa(n))
		}
	}
	return strconv.Itoa(n)
}
