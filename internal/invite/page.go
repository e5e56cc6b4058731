package invite

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

const home = "/voice/invitations"

// shown is how many invitations a page lists.
const shown = 25

func (r *Room) registerPages() {
	s := r.site
	s.Page("GET "+home, nil, r.page)
	s.Page("GET "+home+"/rules/{id}", readers, r.rulePage)
	s.Page("POST "+home+"/rules/{id}", steerers, r.saveRulePage)
	s.Page("POST "+home+"/rules/{id}/delete", steerers, r.deleteRulePage)
	s.Page("GET "+home+"/settings", steerers, r.settingsPage)
	s.Page("POST "+home+"/settings", steerers, r.saveSettingsPage)
}

// overview is the page of who is asked and who not.
type overview struct {
	l       *web.Locale
	now     time.Time
	figures Figures
	rules   []ruleLine
	people  bool // the reader may see whom
	steers  bool
	asked   []line
	not     []line
	noMail  bool // a rule asks by e-mail, and none can be sent
	noSMS   bool
	done    string
}

// ruleLine is a rule in the list, with what it decided.
type ruleLine struct {
	Rule
	survey  string
	figures Figures
}

// line is one invitation, or one decision against asking.
type line struct {
	name, url, survey, channel, rule string
	state                            State
	reason                           Reason
	at                               time.Time
}

func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v, err := r.overview(q)
	if err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "invite", Title: q.L.T("invite.room")}, overviewBody(v))
}

func (r *Room) overview(q *web.Request) (v *overview, err error) {
	ctx := q.Context()
	v = &overview{l: q.L, now: q.Now, people: q.User.SeesPeople(), steers: q.User.May(steerers)}
	switch q.URL.Query().Get("done") {
	case "saved", "deleted", "settings":
		v.done = q.L.T("invite.done." + q.URL.Query().Get("done"))
	}
	since := q.Now.Add(-span)
	if v.figures, err = r.Figures(ctx, experience.ID{}, since); err != nil {
		return nil, err
	}
	surveys, err := r.surveyNames(ctx, q.L.Lang())
	if err != nil {
		return nil, err
	}
	rules, err := r.rules(ctx)
	if err != nil {
		return nil, err
	}
	names := map[experience.ID]string{}
	s, err := r.newPass(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range rules {
		f, err := r.Figures(ctx, x.ID, since)
		if err != nil {
			return nil, err
		}
		names[x.ID] = x.Name
		v.rules = append(v.rules, ruleLine{x, surveys[x.Survey], f})
		v.noMail = v.noMail || x.Active && x.By == Email && !s.ready(Email)
		v.noSMS = v.noSMS || x.Active && x.By == SMS && !s.ready(SMS)
	}
	if v.people {
		err = r.fillPeople(ctx, v, surveys, names)
	}
	return v, err
}

func (r *Room) surveyNames(ctx context.Context, language string) (map[string]string, error) {
	all, err := r.Surveys.List(ctx)
	names := map[string]string{}
	for _, s := range all {
		names[s.Key] = s.name(language)
	}
	return names, err
}

// fillPeople lists whom was asked last, and whom not.
func (r *Room) fillPeople(ctx context.Context, v *overview, surveys map[string]string, rules map[experience.ID]string) error {
	asked, err := r.latest(ctx, shown)
	if err != nil {
		return err
	}
	not, err := r.notAsked(ctx, shown)
	if err != nil {
		return err
	}
	var ids []experience.ID
	for _, i := range asked {
		ids = append(ids, i.Person)
	}
	for _, d := range not {
		ids = append(ids, d.person)
	}
	ids = slices.DeleteFunc(ids, experience.ID.IsZero)
	names, err := r.People.Names(ctx, ids)
	if err != nil {
		return err
	}
	who := func(id experience.ID) (name, url string) {
		if id.IsZero() {
			return v.l.T("invite.unknown"), ""
		}
		name = names[id]
		if name == "" {
			name = v.l.T("invite.anonymous")
		}
		return name, "/people/" + id.String()
	}
	for _, i := range asked {
		x := line{survey: surveys[i.Survey], channel: v.l.T("invite.channel." + string(i.Channel)), state: i.State, reason: i.Reason, at: i.when(), rule: rules[i.Rule]}
		x.name, x.url = who(i.Person)
		v.asked = append(v.asked, x)
	}
	for _, d := range not {
		x := line{reason: d.reason, at: d.at, rule: rules[d.rule]}
		x.name, x.url = who(d.person)
		v.not = append(v.not, x)
	}
	return nil
}

// when is the moment that an invitation's state is about.
func (i Invitation) when() time.Time {
	switch {
	case i.State == Planned:
		return i.DueAt
	case !i.ClosedAt.IsZero():
		return i.ClosedAt
	case !i.OpenedAt.IsZero():
		return i.OpenedAt
	case !i.SentAt.IsZero():
		return i.SentAt
	}
	return i.PlannedAt
}

func (v *overview) head() web.HeadProps {
	asked, not := v.figures.asked(), v.figures.against()
	h := web.HeadProps{Question: v.l.T("invite.question"), Period: v.l.T("invite.period"), N: v.l.T("invite.n", "n", asked+not)}
	switch {
	case len(v.rules) == 0 && asked+not == 0:
		h.Answer, h.N, h.Period = v.l.T("invite.answer.none"), "", ""
	case asked+not == 0:
		h.Answer, h.N = v.l.T("invite.answer.waiting"), ""
	case v.worst() == "":
		h.Answer = v.l.T("invite.answer.all", "asked", v.l.N(asked))
	default:
		h.Answer = v.l.T("invite.answer", "asked", v.l.N(asked), "not", v.l.N(not), "most", v.l.N(v.figures.Decided[v.worst()]), "why", v.l.T("invite.why."+string(v.worst())))
	}
	return h
}

// worst is what speaks most often against asking; "" = nothing.
func (v *overview) worst() (reason Reason) {
	for _, x := range Reasons[1:] {
		if n := v.figures.Decided[x]; n > 0 && n > v.figures.Decided[reason] {
			reason = x
		}
	}
	return reason
}

// bars are the decisions by reason: for asking first, then what speaks against
// it most often.
func (v *overview) bars() []web.Bar {
	var out []web.Bar
	for _, x := range Reasons {
		n := v.figures.Decided[x]
		if n <= 0 {
			continue
		}
		tone := web.Sand
		if x == Asked {
			tone = web.Petrol
		}
		out = append(out, web.Bar{Label: v.l.T("invite.reason." + string(x)), Value: v.l.N(n), Amount: float64(n), Tone: tone})
	}
	slices.SortStableFunc(out, func(a, b web.Bar) int {
		switch {
		case a.Tone == b.Tone:
			return cmp.Compare(b.Amount, a.Amount)
		case a.Tone == web.Petrol:
			return -1
		}
		return 1
	})
	return out
}

// answered is the share of those asked who answered, with its interval.
func (v *overview) answered() web.StatProps {
	p := web.StatProps{Label: v.l.T("invite.stat.answered"), Value: v.l.N(v.figures.States[Answered]), Hint: v.l.T("invite.stat.answered.hint")}
	share := stats.Share(v.figures.States[Answered], v.figures.Sent)
	if share.TooFew() {
		p.N = v.l.TooFew(v.figures.Sent)
		return p
	}
	p.Value = v.l.Percent(share.Value)
	p.N = v.l.T("invite.share", "n", v.figures.Sent, "low", v.l.Percent(share.Low), "high", v.l.Percent(share.High))
	return p
}

func (v *overview) waiting() int64 { return v.figures.States[Planned] + v.figures.States[Queued] }

// sentence says what a rule does, in one.
func (x ruleLine) sentence(l *web.Locale) string {
	parts := []string{l.T("invite.says", "event", x.Event, "delay", delayText(l, x.Delay), "channel", l.T("invite.channel."+string(x.By)), "survey", x.survey)}
	if x.Share < 1 {
		parts = append(parts, l.T("invite.says.share", "share", l.Percent(x.Share)))
	}
	for _, c := range x.Where {
		parts = append(parts, l.T("invite.says.where", "property", c.Property, "op", l.T("invite.op."+string(c.Op)), "value", c.Value))
	}
	return strings.Join(parts, " · ")
}

func delayText(l *web.Locale, minutes int) string {
	switch {
	case minutes == 0:
		return l.T("invite.delay.now")
	case minutes%(24*60) == 0:
		return l.T("invite.delay.days", "n", minutes/(24*60))
	case minutes%60 == 0:
		return l.T("invite.delay.hours", "n", minutes/60)
	}
	return l.T("invite.delay.minutes", "n", minutes)
}

func tabs(ctx context.Context, active string) []web.Tab {
	u := web.UserFrom(ctx)
	out := []web.Tab{{Label: web.T(ctx, "invite.view.overview"), URL: home, Active: active == "overview"}}
	if u.May(readers) {
		out = append(out, web.Tab{Label: web.T(ctx, "invite.view.doors"), URL: home + "/doors", Active: active == "doors"})
	}
	if u.May(steerers) {
		out = append(out, web.Tab{Label: web.T(ctx, "invite.view.settings"), URL: home + "/settings", Active: active == "settings"})
	}
	return out
}

func stateTone(s State) web.Tone {
	switch s {
	case Answered:
		return web.Sage
	case Bounced:
		return web.Terracotta
	case Planned, Queued:
		return web.Ochre
	}
	return web.Sand
}

func minutesText(n int) string {
	pad := func(k int) string {
		if k < 10 {
			return "0" + strconv.Itoa(k)
		}
		return strconv.Itoa(k)
	}
	return pad(n/60) + ":" + pad(n%60)
}
