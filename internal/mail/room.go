package mail

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Room is the part of the settings where one says how mails are sent.
type Room struct {
	Outbox *Outbox
	// Tabs are those of the settings; nil = none.
	Tabs func(q *web.Request, active string) []web.Tab
	site *web.Site
}

// keepers may see and change how mails are sent.
var keepers = []experience.Role{experience.Owner}

// Register puts the texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Page("GET /settings/mail", keepers, r.page)
	s.Page("POST /settings/mail", keepers, r.savePage)
	s.Page("POST /settings/mail/test", keepers, r.testPage)
	s.Page("POST /settings/mail/allow", keepers, r.allowPage)
	r.registerAPI()
	return nil
}

// view is the page.
type view struct {
	tabs       []web.Tab
	settings   Settings
	port       string
	host, text string // of the DNS record
	figures    Figures
	trouble    *Trouble
	suppressed []suppressedRow
	to         string // whom a test goes to
	done       string
	err        error
}

func (r *Room) view(q *web.Request) (v view, err error) {
	ctx := q.Context()
	if r.Tabs != nil {
		v.tabs = r.Tabs(q, "mail")
	}
	if v.settings, err = r.Outbox.Settings(ctx); err != nil {
		return v, err
	}
	v.port, v.to = strconv.Itoa(v.settings.Port), q.User.Email
	if v.settings.DKIM.Key != "" && v.settings.From != "" {
		if v.host, v.text, err = v.settings.Record(); err != nil {
			return v, err
		}
	}
	if v.figures, err = r.Outbox.Figures(ctx); err != nil {
		return v, err
	}
	v.trouble = r.Outbox.Trouble()
	v.suppressed, err = r.Outbox.suppressedLately(ctx, 20)
	return v, err
}

func (r *Room) show(w http.ResponseWriter, q *web.Request, v view) error {
	status := http.StatusOK
	if v.err != nil {
		status = web.Status(v.err)
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "settings", Title: q.L.T("mail.title")}, mailBody(v))
}

func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	if q.URL.Query().Get("done") == "saved" {
		v.done = q.L.T("mail.done.saved")
	}
	return r.show(w, q, v)
}

// refused shows what was typed again, beside why it was not taken.
func (r *Room) refused(w http.ResponseWriter, q *web.Request, typed *Settings, err error) error {
	switch experience.CodeOf(err) {
	case experience.Invalid, experience.Conflict, experience.Unavailable, experience.NotFound:
	default:
		return err
	}
	v, viewErr := r.view(q)
	if viewErr != nil {
		return viewErr
	}
	if typed != nil {
		typed.DKIM.Key, typed.DKIM.Selector = v.settings.DKIM.Key, v.settings.DKIM.Selector
		v.settings, v.port = *typed, q.FormValue("port")
		v.settings.Password = ""
	}
	v.err = err
	return r.show(w, q, v)
}

func (r *Room) savePage(w http.ResponseWriter, q *web.Request) error {
	port, _ := strconv.Atoi(strings.TrimSpace(q.FormValue("port"))) // what is no number is no port
	s := Settings{
		Host: q.FormValue("host"), Port: port, Security: Security(q.FormValue("security")), User: q.FormValue("user"), Password: q.FormValue("password"),
		FromName: q.FormValue("from_name"), From: q.FormValue("from"), ReplyTo: q.FormValue("reply_to"), Bounces: q.FormValue("bounces"),
		DKIM: DKIM{Off: q.FormValue("dkim") != "true"},
	}
	if err := r.Outbox.Save(q.Context(), s); err != nil {
		return r.refused(w, q, &s, err)
	}
	http.Redirect(w, q.Request, "/settings/mail?done=saved", http.StatusSeeOther)
	return nil
}

func (r *Room) testPage(w http.ResponseWriter, q *web.Request) error {
	to := q.FormValue("to")
	if err := r.Outbox.Test(q.Context(), testMessage(q.L, q.Company, to)); err != nil {
		return r.refused(w, q, nil, err)
	}
	v, err := r.view(q)
	if err != nil {
		return err
	}
	v.to, v.done = to, q.L.T("mail.done.test", "to", to)
	return r.show(w, q, v)
}

func testMessage(l *web.Locale, c experience.Company, to string) Message {
	return Message{To: to, Subject: l.T("mail.test.subject"), Text: l.T("mail.test.text", "company", c.Name)}
}

// Test sends a message at once, past the queue: what the server says is the
// error's message.
func (o *Outbox) Test(ctx context.Context, m Message) error {
	m, err := m.checked()
	if err != nil {
		return err
	}
	s, err := o.Settings(ctx)
	if err != nil {
		return err
	}
	if !s.Ready() {
		return experience.Errorf(experience.Conflict, "mail.error.unset")
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conflict := func(err error) error {
		if experience.CodeOf(err) != experience.Internal {
			return err
		}
		return experience.Errorf(experience.Conflict, "%s", line(err.Error(), 300))
	}
	open, err := s.dial(ctx, o.TLS)
	if err != nil {
		return conflict(err)
	}
	defer open.close()
	id := experience.NewID()
	message, err := s.compose(m, envelope{id, o.token(id), o.Clock()})
	if err != nil {
		return err
	}
	if err := open.send(s.returnPath(o.token(id)), m.To, message); err != nil {
		return conflict(err)
	}
	o.trouble.Store(nil)
	o.Wake()
	return nil
}

func (r *Room) allowPage(w http.ResponseWriter, q *web.Request) error {
	was, err := r.Outbox.Allow(q.Context(), q.FormValue("address"))
	if err == nil && !was {
		err = experience.Errorf(experience.NotFound, "mail.error.allowed")
	}
	if err != nil {
		return r.refused(w, q, nil, err)
	}
	v, err := r.view(q)
	if err != nil {
		return err
	}
	v.done = q.L.T("mail.done.allowed")
	return r.show(w, q, v)
}

// answer is the page's one sentence.
func (v view) answer(l *web.Locale) string {
	switch {
	case !v.settings.Ready():
		return l.T("mail.answer.unset")
	case v.trouble != nil:
		return l.T("mail.answer.trouble", "n", v.figures.Waiting)
	case v.figures.Sent == 0 && v.figures.Waiting == 0:
		return l.T("mail.answer.ready", "from", v.settings.From)
	}
	return l.T("mail.answer", "n", v.figures.Sent)
}

func (v view) securities(l *web.Locale) []web.Choice {
	var out []web.Choice
	for _, s := range []Security{StartTLS, TLS, Plain} {
		out = append(out, web.Choice{Value: string(s), Label: l.T("mail.security." + string(s)), Selected: s == v.settings.Security})
	}
	return out
}

func (v view) head(l *web.Locale) web.HeadProps {
	return web.HeadProps{Question: l.T("mail.question"), Answer: v.answer(l)}
}

func signs(s Settings) string { return strconv.FormatBool(!s.DKIM.Off) }
