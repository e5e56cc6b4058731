package voice

import (
	"net/http"
	"net/url"
	"strings"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/web"
)

const themesPath = topicsPath + "/themes"

func (r *Room) registerThemePages(s *web.Site) {
	s.Page("GET "+themesPath, nil, r.themesPart)
	s.Page("POST "+themesPath+"/discard", editors(), r.discardPage)
	s.Page("POST "+themesPath+"/{id}/restore", editors(), r.takeUpPage)
}

// themesView is what texts that no topic fits have in common.
type themesView struct {
	names
	*VoiceThemes
	edits    bool
	period   string
	examples map[string][]Voice // by the first id
	away     []Discarded
}

func (r *Room) themesPart(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	f, err := readFilter(url.Values{"period": q.URL.Query()["period"]})
	if err != nil {
		return err
	}
	e, err := r.extent(ctx)
	if err != nil {
		return err
	}
	v := themesView{edits: q.User.May(editors()), period: f.Period, examples: map[string][]Voice{}}
	if v.names, err = r.names(q, nil); err != nil {
		return err
	}
	found, err := r.Themes(ctx, e.span(f.Period, q.Company.Location()))
	if err != nil {
		return err
	}
	v.VoiceThemes = found.to(v.sees)
	if v.away, err = r.discarded(ctx); err != nil {
		return err
	}
	if v.sees {
		for _, t := range v.Themes {
			if v.examples[t.Examples[0]], err = r.different(ctx, t.ids, trialExamples); err != nil {
				return err
			}
		}
	}
	return r.site.RenderFragment(w, q, themesBox(v))
}

func (r *Room) discardPage(w http.ResponseWriter, q *web.Request) error {
	if err := q.ParseForm(); err != nil {
		return experience.Errorf(experience.Invalid, "voice.error.theme")
	}
	if err := r.Discard(q.Context(), q.Form["word"], q.User); err != nil {
		return err
	}
	http.Redirect(w, q.Request, topicsPath+"#themes", http.StatusSeeOther)
	return nil
}

func (r *Room) takeUpPage(w http.ResponseWriter, q *web.Request) error {
	id, err := experience.ParseID(q.PathValue("id"))
	if err != nil {
		return experience.Errorf(experience.NotFound, "voice.error.theme.none")
	}
	if err := r.TakeUp(q.Context(), id, q.User); err != nil {
		return err
	}
	http.Redirect(w, q.Request, topicsPath+"#themes", http.StatusSeeOther)
	return nil
}

// patterns writes a theme's words as a topic's rules have them.
func (t VoiceTheme) patterns() string {
	list := make([]string, len(t.Words))
	for i, w := range t.Words {
		list[i] = language.Pattern(w)
	}
	return strings.Join(list, ", ")
}

func (t VoiceTheme) nameURL() string {
	return editPath + "?" + url.Values{"language": {t.Language}, "words": {t.patterns()}}.Encode()
}

func (v themesView) note(t VoiceTheme) string {
	if t.Change == nil {
		return v.l.T("voice.theme.few", "n", t.Texts, "before", t.Before)
	}
	return v.l.T("voice.theme.note", "n", t.Texts, "share", v.small(t.Now.Value), "before", v.l.N(t.Before), "was", v.small(t.Then.Value),
		"low", v.points(t.Change.Low), "high", v.points(t.Change.High))
}

// small writes a share that may be of few in a hundred.
func (n names) small(f float64) string { return n.l.Decimal(f*100, 1) + " %" }

// points writes a difference of small shares in percentage points.
func (v themesView) points(f float64) string {
	text := v.l.Decimal(f*100, 1)
	if f > 0 {
		return "+" + text
	}
	return strings.Replace(text, "-", "−", 1)
}

func (t VoiceTheme) tone() web.Tone {
	switch t.Move {
	case more:
		return web.Ochre
	case less:
		return web.Sage
	}
	return web.Sand
}

// into are the topics that a theme can be added to.
func (v themesView) into() []web.Choice {
	var out []web.Choice
	for _, t := range v.tree.topics {
		if !v.tree.off(t) && t.Key != otherTopic {
			out = append(out, web.Choice{Value: t.Key, Label: t.name(v.l.Lang())})
		}
	}
	return out
}

func (v themesView) tabs() []web.Tab {
	var out []web.Tab
	for _, p := range periods() {
		out = append(out, web.Tab{Label: v.l.T("voice.period." + p), URL: topicsPath + "?period=" + p + "#themes", Active: p == v.period})
	}
	return out
}

// joined writes the words that a theme is known by.
func joined(words []string) string { return strings.Join(words, " · ") }
