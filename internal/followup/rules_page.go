package followup

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// rulesView is the page of the rules.
type rulesView struct {
	words
	rules   []FollowUpRule
	key     string // of the rule that was sent
	sent    FollowUpRule
	err     error
	outlook *FollowUpOutlook
	done    string // key of the rule that was changed a moment ago

	hours, hoursKept FollowUpHours // as the form has them, and in force
	hoursErr         error
	closedSent       string
}

func (r *Room) rulesView(q *web.Request) (v rulesView, err error) {
	if v.rules, err = r.Rules(q.Context()); err != nil {
		return v, err
	}
	if v.hoursKept, err = r.Hours(q.Context()); err != nil {
		return v, err
	}
	v.hours = v.hoursKept
	v.words, err = r.words(q)
	return v, err
}

func (r *Room) rulesPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.rulesView(q)
	if err != nil {
		return err
	}
	v.done = q.URL.Query().Get("done")
	return r.site.Render(w, q, web.Page{Room: "followup", Title: q.L.T("followup.rules")}, rulesBody(v))
}

// ruleFrom reads a rule as a form has it.
func (r *Room) ruleFrom(q *web.Request) (FollowUpRule, error) {
	rule, err := r.rule(q.Context(), q.PathValue("key"))
	if err != nil {
		return rule, err
	}
	rule.Off = q.FormValue("on") != "true"
	rule.Owner, rule.LateTo = q.FormValue("owner"), q.FormValue("late_to")
	numbers := map[string]*int{"hours": &rule.Hours, "rest": &rule.Rest}
	if rule.Key == urgent {
		numbers["urgency"] = &rule.Urgency
	}
	for name, into := range numbers {
		if *into, err = strconv.Atoi(strings.TrimSpace(q.FormValue(name))); err != nil {
			return rule, experience.Errorf(experience.Invalid, "followup.error.hours")
		}
	}
	switch rule.Key {
	case leaving, legal, praise:
		rule.Words = nil
		for line := range strings.Lines(q.FormValue("words")) {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(rule.Words, line) {
				rule.Words = append(rule.Words, line)
			}
		}
	case detractor:
		most := map[string]float64{}
		for scale := range rule.Most {
			text := strings.TrimSpace(strings.Replace(q.FormValue("most_"+scale), ",", ".", 1))
			if text == "" {
				continue // answers on this scale open nothing
			}
			if most[scale], err = strconv.ParseFloat(text, 64); err != nil {
				return rule, experience.Errorf(experience.Invalid, "followup.error.score")
			}
		}
		rule.Most = most
	}
	return rule, rule.check()
}

func (r *Room) saveRule(w http.ResponseWriter, q *web.Request) error {
	rule, err := r.ruleFrom(q)
	if err == nil {
		err = r.Decide(q.Context(), rule, q.User.Name)
	}
	if err == nil {
		http.Redirect(w, q.Request, rulesPath+"?done="+rule.Key+"#"+rule.Key, http.StatusSeeOther)
		return nil
	}
	return r.sendBack(w, q, rule, err, nil)
}

// previewRule tells what a rule would have opened, and keeps nothing.
func (r *Room) previewRule(w http.ResponseWriter, q *web.Request) error {
	rule, err := r.ruleFrom(q)
	var o FollowUpOutlook
	if err == nil {
		o, err = r.Preview(q.Context(), rule)
	}
	if err != nil && experience.CodeOf(err) != experience.Invalid {
		return err
	}
	if q.HTMX() {
		if err != nil {
			return r.site.RenderFragment(w, q, troubleBox(err))
		}
		return r.site.RenderFragment(w, q, outlookBox(o))
	}
	return r.sendBack(w, q, rule, err, &o)
}

// sendBack shows the page with what was sent.
func (r *Room) sendBack(w http.ResponseWriter, q *web.Request, rule FollowUpRule, err error, o *FollowUpOutlook) error {
	if err != nil && experience.CodeOf(err) != experience.Invalid {
		return err
	}
	v, failed := r.rulesView(q)
	if failed != nil {
		return failed
	}
	v.key, v.sent, v.err = rule.Key, rule, err
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
	} else {
		v.outlook = o
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "followup", Title: q.L.T("followup.rules")}, rulesBody(v))
}

// shown gives a rule as its form has it: what was sent, or what is in force.
func (v rulesView) shown(rule FollowUpRule) FollowUpRule {
	if v.key == rule.Key {
		return v.sent
	}
	return rule
}

func (v rulesView) userChoices(chosen, nobody string) []web.Choice {
	out := []web.Choice{{Label: nobody, Selected: chosen == ""}}
	for _, u := range v.users {
		out = append(out, web.Choice{Value: u.ID, Label: u.Name, Selected: u.ID == chosen})
	}
	return out
}

func (v rulesView) urgencyChoices(chosen int) []web.Choice {
	var out []web.Choice
	for u := 1; u <= 3; u++ {
		out = append(out, web.Choice{Value: strconv.Itoa(u), Label: v.l.T("followup.urgency." + strconv.Itoa(u)), Selected: u == chosen})
	}
	return out
}

// scalesOf gives the scales of a rule in an order that is always the same.
func scalesOf(rule FollowUpRule) []string {
	var out []string
	for _, s := range experience.Scales() {
		if _, ok := rule.Most[s.Key]; ok {
			out = append(out, s.Key)
		}
	}
	return out
}

func (v rulesView) scaleLabel(scale string) string {
	s, _ := experience.ScaleNamed(scale, "")
	return v.l.T("followup.most", "scale", web.Capital(v.l.ScaleLabel(s)), "low", v.l.Decimal(s.Low, 0), "high", v.l.Decimal(s.High, 0))
}

func (v rulesView) most(rule FollowUpRule, scale string) string {
	return strconv.FormatFloat(rule.Most[scale], 'f', -1, 64)
}

// sentence says a rule in plain words.
func (v rulesView) sentence(rule FollowUpRule) string {
	text := ""
	switch rule.Key {
	case detractor:
		var parts []string
		for _, s := range scalesOf(rule) {
			parts = append(parts, v.l.T("followup.rule.detractor.part", "scale", v.scale(s), "most", v.l.Decimal(rule.Most[s], 0)))
		}
		text = v.l.T("followup.rule.detractor.says", "list", strings.Join(parts, ", "))
	case urgent:
		text = v.l.T("followup.rule.urgent.says", "urgency", v.l.T("followup.urgency."+strconv.Itoa(rule.Urgency)))
	case praise:
		text = v.l.T("followup.rule.praise.colleagues")
		if len(rule.Words) > 0 {
			text = v.l.T("followup.rule.praise.says", "list", strings.Join(rule.Words, ", "))
		}
	default:
		text = v.l.T("followup.rule."+rule.Key+".says", "n", len(rule.Words))
	}
	then := "followup.rule.then"
	if v.hoursKept.On {
		then = "followup.rule.then.working"
	}
	return text + " " + v.l.T(then, "name", v.userOr(rule.Owner, "followup.first"), "hours", rule.Hours, "late", v.userOr(rule.LateTo, "followup.firstowner"))
}

func (v rulesView) userOr(id, key string) string {
	if id == "" {
		return v.l.T(key)
	}
	return v.user(id)
}
