package lifecycle

import (
	"net/http"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// form is the rules as a form has them: what was typed, also where it is wrong.
type form struct {
	version int64
	values  map[string]string
	err     error
	rules   Rules
}

// ruleFields are the numbers of a rule set, by the stage that each speaks of, in
// the order of the form.
type ruleField struct {
	name  string
	stage Stage
	of    func(*Rules) *int
	low   int
	high  int
}

func ruleFields() []ruleField {
	return []ruleField{
		{"new_for_days", New, func(r *Rules) *int { return &r.NewFor }, 1, mostDays},
		{"repeat_orders", Repeat, func(r *Rules) *int { return &r.RepeatOrders }, 2, mostOrders},
		{"fan_orders", Fan, func(r *Rules) *int { return &r.FanOrders }, 2, mostOrders},
		{"praise_orders", Fan, func(r *Rules) *int { return &r.PraiseOrders }, 1, mostOrders},
		{"praise_for_days", Fan, func(r *Rules) *int { return &r.PraiseFor }, 0, mostDays},
		{"praise_score", Fan, func(r *Rules) *int { return &r.PraiseScore }, 1, 10},
		{"praise_stars", Fan, func(r *Rules) *int { return &r.PraiseStars }, 1, 5},
		{"dormant_after_days", Dormant, func(r *Rules) *int { return &r.DormantAfter }, 2, mostDays},
		{"lost_after_days", Lost, func(r *Rules) *int { return &r.LostAfter }, 3, mostDays},
	}
}

func formOf(v Version) form {
	f := form{version: v.Number, values: map[string]string{}, rules: v.Rules}
	for _, field := range ruleFields() {
		f.values[field.name] = strconv.Itoa(*field.of(&v.Rules))
	}
	return f
}

// readForm reads the rules that were typed.
func readForm(q *web.Request) form {
	f := form{values: map[string]string{}}
	f.version, f.err = strconv.ParseInt(q.FormValue("version"), 10, 64)
	for _, field := range ruleFields() {
		text := strings.TrimSpace(q.FormValue(field.name))
		f.values[field.name] = text
		n, err := strconv.Atoi(text)
		if err != nil {
			f.err = err
		}
		*field.of(&f.rules) = n
	}
	if f.err != nil {
		f.err = experience.Errorf(experience.Invalid, "lifecycle.error.number")
		return f
	}
	f.err = f.rules.Check()
	return f
}

// outlook is what other rules would change, in words.
type outlook struct {
	changed, of int64
	shifts      []Shift
	form        form
	l           *web.Locale
}

// previewPage says what rules would change before they are saved.
func (r *Room) previewPage(w http.ResponseWriter, q *web.Request) error {
	f := readForm(q)
	if f.err != nil {
		return f.err
	}
	now, err := r.Rules(q.Context())
	if err != nil {
		return err
	}
	o := outlook{form: f, l: q.L}
	if o.shifts, o.changed, o.of, err = r.preview(q.Context(), now.Rules, f.rules); err != nil {
		return err
	}
	if q.HTMX() {
		return r.site.RenderFragment(w, q, outlookBody(o))
	}
	return r.site.Render(w, q, web.Page{Room: "lifecycle", Title: q.L.T("lifecycle.rules")}, outlookPage(o))
}

// savePage puts rules in force, and comes back to the figures by them.
func (r *Room) savePage(w http.ResponseWriter, q *web.Request) error {
	f := readForm(q)
	if f.err != nil {
		return f.err
	}
	if _, err := r.change(q.Context(), f.version, f.rules, q.User.Name); err != nil {
		return err
	}
	http.Redirect(w, q.Request, homePath+"?done=1#rules", http.StatusSeeOther)
	return nil
}

// suggested says what the company's own customers suggest for a number.
func (v *view) suggested(field string) string {
	for _, p := range v.proposals() {
		if p.Rule == field {
			return v.l.T("lifecycle.proposal", "days", p.Days, "share", v.l.Percent(p.Share), "n", p.N)
		}
	}
	return ""
}
