package invite

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// ruleView is the form of a rule.
type ruleView struct {
	l                  *web.Locale
	rule               Rule
	isNew, steers      bool
	delay, unit, share string // as typed
	surveys, abouts    []web.Choice
	err                error
}

// newRule is the path's id of a rule that is being made.
const newRule = "new"

func (r *Room) rulePage(w http.ResponseWriter, q *web.Request) error {
	x := Rule{Active: true, By: Email, Share: 1, Expiry: 14, Delay: 24 * 60}
	if q.PathValue("id") != newRule {
		id, err := experience.ParseID(q.PathValue("id"))
		if err != nil {
			return errNoRule
		}
		if x, err = r.rule(q.Context(), id); err != nil {
			return err
		}
	}
	v := &ruleView{rule: x, share: strconv.FormatFloat(math.Round(x.Share*1000)/10, 'f', -1, 64)}
	v.delay, v.unit = delayFields(x.Delay)
	return r.showRule(w, q, v)
}

func delayFields(minutes int) (n, unit string) {
	switch {
	case minutes > 0 && minutes%(24*60) == 0:
		return strconv.Itoa(minutes / (24 * 60)), "days"
	case minutes%60 == 0:
		return strconv.Itoa(minutes / 60), "hours"
	}
	return strconv.Itoa(minutes), "minutes"
}

func (r *Room) showRule(w http.ResponseWriter, q *web.Request, v *ruleView) error {
	ctx := q.Context()
	v.l, v.isNew, v.steers = q.L, q.PathValue("id") == newRule, q.User.May(steerers)
	all, err := r.Surveys.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		label := s.name(q.L.Lang())
		if !s.Open {
			label = q.L.T("invite.survey.closed", "name", label)
		}
		v.surveys = append(v.surveys, web.Choice{Value: s.Key, Label: label, Selected: s.Key == v.rule.Survey})
	}
	if v.abouts, err = r.touchpointChoices(ctx, q.L, v.rule.About, q.L.T("invite.about.own")); err != nil {
		return err
	}
	status := http.StatusOK
	if v.err != nil {
		status = web.Status(v.err)
	}
	title := v.rule.Name
	if v.isNew {
		title = q.L.T("invite.rule.new")
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "invite", Title: title}, ruleBody(v))
}

func (r *Room) touchpointChoices(ctx context.Context, l *web.Locale, chosen, none string) ([]web.Choice, error) {
	out := []web.Choice{{Value: "", Label: none, Selected: chosen == ""}}
	all, err := r.Touchpoints(ctx)
	for _, t := range all {
		out = append(out, web.Choice{Value: t.Key, Label: t.Name[l.Lang()], Selected: t.Key == chosen})
	}
	return out, err
}

// typedRule reads the form. What is no number becomes one that is refused.
func typedRule(q *web.Request) (Rule, *ruleView) {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(q.FormValue(name)))
		if err != nil {
			return -1
		}
		return n
	}
	x := Rule{
		Name: q.FormValue("name"), Event: q.FormValue("event"), By: Channel(q.FormValue("channel")), Survey: q.FormValue("survey"), About: q.FormValue("about"),
		Expiry: number("expiry"), Remind: number("remind"), Active: q.FormValue("active") == "true",
	}
	if strings.TrimSpace(q.FormValue("remind")) == "" {
		x.Remind = 0
	}
	v := &ruleView{delay: q.FormValue("delay"), unit: q.FormValue("unit"), share: q.FormValue("share")}
	times := map[string]int{"minutes": 1, "hours": 60, "days": 24 * 60}[v.unit]
	if x.Delay = number("delay"); x.Delay > 0 && x.Delay <= maxDelay {
		x.Delay *= times
	}
	if times == 0 {
		x.Delay = -1
	}
	if share, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(v.share), ",", ".", 1), 64); err == nil {
		x.Share = share / 100
	}
	if p := strings.TrimSpace(q.FormValue("property")); p != "" {
		x.Where = []Condition{{Property: p, Op: Op(q.FormValue("op")), Value: q.FormValue("value")}}
	}
	return x, v
}

func (r *Room) saveRulePage(w http.ResponseWriter, q *web.Request) error {
	x, v := typedRule(q)
	if id := q.PathValue("id"); id != newRule {
		parsed, err := experience.ParseID(id)
		if err != nil {
			return errNoRule
		}
		was, err := r.rule(q.Context(), parsed)
		if err != nil {
			return err
		}
		x.ID = parsed
		if len(was.Where) > 1 { // made by the API: the form shows the first
			x.Where = append(x.Where, was.Where[1:]...)
		}
	}
	saved, err := r.SaveRule(q.Context(), q.User.ID, x)
	if experience.CodeOf(err) == experience.Invalid {
		v.rule, v.err = saved, err
		return r.showRule(w, q, v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, q.Request, home+"?done=saved", http.StatusSeeOther)
	return nil
}

func (r *Room) deleteRulePage(w http.ResponseWriter, q *web.Request) error {
	id, err := experience.ParseID(q.PathValue("id"))
	if err != nil {
		return errNoRule
	}
	if err := r.DeleteRule(q.Context(), id); err != nil {
		return err
	}
	http.Redirect(w, q.Request, home+"?done=deleted", http.StatusSeeOther)
	return nil
}

// condition is the one that the form shows.
func (v *ruleView) condition() Condition {
	if len(v.rule.Where) > 0 {
		return v.rule.Where[0]
	}
	return Condition{Op: Is}
}

func (v *ruleView) ops() (out []web.Choice) {
	for _, o := range Ops {
		out = append(out, web.Choice{Value: string(o), Label: v.l.T("invite.op." + string(o)), Selected: o == v.condition().Op})
	}
	return out
}

func (v *ruleView) channels() (out []web.Choice) {
	for _, c := range Channels {
		out = append(out, web.Choice{Value: string(c), Label: v.l.T("invite.channel." + string(c)), Selected: c == v.rule.By})
	}
	return out
}

func (v *ruleView) units() (out []web.Choice) {
	for _, u := range []string{"minutes", "hours", "days"} {
		out = append(out, web.Choice{Value: u, Label: v.l.T("invite.unit." + u), Selected: u == v.unit})
	}
	return out
}

func (v *ruleView) path() string {
	if v.isNew {
		return home + "/rules/" + newRule
	}
	return home + "/rules/" + v.rule.ID.String()
}

func typed(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Settings

// settingsView is the form of what holds for all rules.
type settingsView struct {
	settings Settings
	window   string
	secret   string // made a moment ago
	done     bool
	err      error
}

func (r *Room) settingsPage(w http.ResponseWriter, q *web.Request) error {
	s, err := r.Settings(q.Context())
	if err != nil {
		return err
	}
	return r.showSettings(w, q, settingsView{settings: s, window: strconv.Itoa(s.Window)})
}

func (r *Room) showSettings(w http.ResponseWriter, q *web.Request, v settingsView) error {
	status := http.StatusOK
	if v.err != nil {
		status = web.Status(v.err)
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "invite", Title: q.L.T("invite.view.settings")}, settingsBody(v))
}

func (r *Room) saveSettingsPage(w http.ResponseWriter, q *web.Request) error {
	window, err := strconv.Atoi(strings.TrimSpace(q.FormValue("window")))
	if err != nil {
		window = 0
	}
	s := Settings{Window: window, Purpose: q.FormValue("purpose"), Gateway: q.FormValue("gateway"), Quiet: Quiet{From: minutesOf(q.FormValue("from")), To: minutesOf(q.FormValue("to"))}}
	secret, err := r.SaveSettings(q.Context(), s)
	v := settingsView{settings: s, window: q.FormValue("window"), secret: secret, done: err == nil, err: err}
	if err != nil && experience.CodeOf(err) != experience.Invalid {
		return err
	}
	return r.showSettings(w, q, v)
}

// minutesOf reads "21:30"; -1 where it is no time of day.
func minutesOf(text string) int {
	h, m, ok := strings.Cut(strings.TrimSpace(text), ":")
	hours, err := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || err != nil || err2 != nil || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return -1
	}
	return hours*60 + minutes
}
