package survey

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// sheet makes the page that begins with the question at first.
func (v *visit) sheet(first int) *sheet {
	s := &sheet{survey: &v.survey.Survey, say: v.say, first: first, beyond: v.survey.beyond(first), all: v.survey.end(), answers: v.answers, wrong: map[string]string{}}
	s.number = s.beyond
	s.last = v.survey.next(first, v.answers) == v.survey.end() && len(v.survey.Questions[s.beyond-1].Rules) == 0
	return s
}

// read takes the answers of a form. What does not fit is noted as wrong.
func (s *sheet) read(form url.Values, say speech) (given Answers, cut bool) {
	given = Answers{}
	for i := s.first; i < s.beyond; i++ {
		q := &s.survey.Questions[i]
		a, err := q.fromForm(form)
		short := false
		if err == nil {
			a, short, err = q.read(a)
		}
		if err != nil {
			s.wrong[q.Key] = say.say("wrong")
			continue
		}
		given[q.Key], cut = a, cut || short
	}
	return given, cut
}

// fromForm is an answer as a form sends it.
func (q *Question) fromForm(form url.Values) (a Answer, err error) {
	switch {
	case q.Type.Scored():
		if text := form.Get(q.Key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return a, errAnswer
			}
			a.Score = &n
		}
	case q.Type.Chosen():
		a.Choice = form[q.Key]
	case q.Type == Matrix:
		for _, item := range q.Items {
			text := form.Get(q.Key + "." + item.Key)
			if text == "" {
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil {
				return a, errAnswer
			}
			if a.Items == nil {
				a.Items = map[string]int{}
			}
			a.Items[item.Key] = n
		}
	default:
		a.Text = form.Get(q.Key)
	}
	return a, nil
}

// require notes what is required and was not given.
func (s *sheet) require(given Answers, say speech) {
	for i := s.first; i < s.beyond; i++ {
		if q := &s.survey.Questions[i]; s.wrong[q.Key] == "" && q.missing(given[q.Key]) {
			s.wrong[q.Key] = say.say("required")
		}
	}
}

// base is what every page of a visit has.
func (r *Room) base(v *visit) page {
	p := page{say: v.say, kiosk: v.kiosk, logo: v.Company.Name, action: Path(v.token)}
	if v.survey == nil {
		return p
	}
	p.theme = v.survey.Theme
	if p.theme.Logo != "" {
		p.logo = p.theme.Logo
	}
	for _, l := range v.survey.Languages {
		pairs := []string{"l", l}
		for _, name := range []string{"q", "a", "done"} {
			if value := v.URL.Query().Get(name); value != "" {
				pairs = append(pairs, name, value)
			}
		}
		p.tongues = append(p.tongues, tongue{l, tongueNames[l], v.address(pairs...)})
	}
	return p
}

// page is a sheet of questions with what stands around it.
func (r *Room) page(v *visit, s *sheet) page {
	p := r.base(v)
	p.sheet, p.back = s, s.first > 0
	add := func(name, value string) {
		if value != "" {
			p.hidden = append(p.hidden, pair{name, value})
		}
	}
	add("q", s.survey.Questions[s.first].Key)
	add("v", strconv.Itoa(v.survey.Number))
	add("r", v.receipt)
	add("l", v.say.language)
	if v.kiosk {
		add("kiosk", "1")
	}
	if who := v.who(); len(who) > 0 {
		add("anonymous_id", who[0].Value)
	}
	if v.Method == http.MethodPost { // links of languages lead back to this page
		for i := range p.tongues {
			p.tongues[i].url = v.address("l", p.tongues[i].language, "q", p.hidden[0].value)
		}
	}
	return p
}

// thank is the last page.
func (r *Room) thank(w http.ResponseWriter, v *visit) error {
	p := r.base(v)
	p.good, p.head = true, v.say.say("thanks")
	if p.text = v.survey.Thanks.In(v.say.language); p.text == "" {
		p.text = v.say.say("thanks.text")
	}
	if v.URL.Query().Has("cut") {
		p.note = v.say.say("cut", "n", strconv.Itoa(MaxText))
	}
	if v.kiosk {
		p.again = v.start()
		v.refresh(w, kioskThanks)
	}
	return r.send(w, v, http.StatusOK, p)
}

// refuse says why there is nothing to answer here.
func (r *Room) refuse(w http.ResponseWriter, v *visit, err error) error {
	p := r.base(v)
	why, status := refusal(err)
	p.head, p.text = v.say.say(why), v.say.say(why+".text")
	p.good = why == "answered" || why == "declined"
	p.tongues = nil
	if v.kiosk {
		p.again = v.start()
		v.refresh(w, kioskThanks)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	return r.send(w, v, status, p)
}

// refusal gives the phrase and the status of an error.
func refusal(err error) (phrase string, status int) {
	for _, x := range []struct {
		is     error
		phrase string
		status int
	}{
		{ErrAnswered, "answered", http.StatusConflict}, {errClosed, "closed", http.StatusGone}, {errWithdrawn, "withdrawn", http.StatusGone},
		{errDeclined, "declined", http.StatusOK}, {errForged, "forged", http.StatusForbidden}, {errBig, "large", http.StatusRequestEntityTooLarge},
	} {
		if errors.Is(err, x.is) {
			return x.phrase, x.status
		}
	}
	if experience.CodeOf(err) == experience.NotFound {
		return "missing", http.StatusNotFound
	}
	return "unavailable", http.StatusServiceUnavailable
}

// send answers with a page.
func (r *Room) send(w http.ResponseWriter, v *visit, status int, p page) error {
	var out bytes.Buffer
	if err := sheetPage(p).Render(v.Context(), &out); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.ticket.Channel == ByWidget {
		framed(w.Header())
	}
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader may be gone
	return nil
}

// framed lets the company's site, whichever that is, show a page in a frame of
// its own: for the widget's links only.
func framed(h http.Header) {
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors *", 1))
	h.Del("X-Frame-Options")
}

// link is the whole address of a ticket.
func (r *Room) link(q *web.Request, t Ticket) (string, error) {
	token, err := r.Tickets.Sign(t)
	if err != nil {
		return "", err
	}
	base := r.BaseURL
	if base == "" {
		scheme := "http://"
		if q.TLS != nil || q.Header.Get("X-Forwarded-Proto") == "https" {
			scheme = "https://"
		}
		base = scheme + q.Host
	}
	return strings.TrimSuffix(base, "/") + Path(token), nil
}
