package lifecycle

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// Told is where a person stands, in words.
type Told struct {
	Stage string // its name
	Tone  web.Tone
	Since time.Time
	Why   string // the facts that speak for it
	Rule  string // the rule that they fit
}

// Tell says where a person stands, for their page. NotFound where nothing of
// them was ever seen.
func (r *Room) Tell(ctx context.Context, l *web.Locale, person experience.ID) (Told, error) {
	s, err := r.standing(ctx, person)
	if err != nil {
		return Told{}, err
	}
	t := Told{Stage: stageName(l, s.Stage), Tone: s.Stage.tone(), Since: s.Since, Why: s.why(l)}
	for _, one := range sentences(l, s.rules) {
		if one.stage == s.Stage {
			t.Rule = one.text
		}
	}
	return t, nil
}

// why tells the facts that a stage rests on.
func (s Standing) why(l *web.Locale) string {
	if s.Orders == 0 {
		return l.T("lifecycle.why.prospect", "date", l.Date(s.Seen))
	}
	key := "lifecycle.why"
	if s.Orders == 1 {
		key += ".one"
	}
	text := l.T(key, "n", s.Orders, "first", l.Date(s.First), "last", l.Date(s.Last), "ago", l.T("lifecycle.daysago", "n", int(s.At.Sub(s.Last).Hours()/24)))
	if !s.Praised.IsZero() {
		text += " " + l.T("lifecycle.why.praised", "date", l.Date(s.Praised))
	}
	return text
}
