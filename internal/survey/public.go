package survey

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"regia/internal/experience"
	"regia/internal/web"
)

const (
	// maxBody is how many bytes one page of answers may send.
	maxBody = 256 << 10
	// How long a kiosk waits before it begins again: after the thanks, and when
	// somebody went away in the middle.
	kioskThanks = 8 * time.Second
	kioskIdle   = 2 * time.Minute
)

func (r *Room) registerPublic() {
	r.site.Public("GET /s/look/{colour}", r.look)
	r.site.Public("GET /s/{token}", r.refusing(r.showSheet))
	r.site.Public("POST /s/{token}", r.refusing(r.takeSheet))
}

// refusing tells what cannot be done on a page like the survey's own.
func (r *Room) refusing(h func(w http.ResponseWriter, v *visit) error) web.Handler {
	return func(w http.ResponseWriter, q *web.Request) error {
		v := &visit{Request: q, token: q.PathValue("token")}
		w.Header().Set("Cache-Control", "no-store")
		err := r.admit(w, v)
		if err == nil {
			err = h(w, v)
		}
		if err == nil {
			return nil
		}
		if web.Status(err) >= 500 {
			r.Logger.ErrorContext(q.Context(), "a page of a survey could not be answered", "error", err)
		}
		return r.refuse(w, v, err)
	}
}

// visit is somebody looking at a survey, or answering a page of it.
type visit struct {
	*web.Request
	token   string
	ticket  Ticket
	invited *Invited // nil: an open door
	survey  *Version // nil where it is not even known which
	id      experience.ID
	receipt string // "" for an invitation: its token is enough
	answers Answers
	begun   bool
	done    bool // finished a moment ago
	again   bool // finished, and now a page is sent again
	kiosk   bool
	say     speech
}

var (
	errClosed    = experience.Errorf(experience.Conflict, "survey.error.closed")
	errWithdrawn = experience.Errorf(experience.Conflict, "survey.error.withdrawn")
	errDeclined  = experience.Errorf(experience.Conflict, "survey.error.declined")
	errBig       = experience.Errorf(experience.TooLarge, "survey.error.big")
)

// admit finds out who came, to which survey and with what answered already.
func (r *Room) admit(w http.ResponseWriter, v *visit) (err error) {
	v.say = r.speech(v, nil)
	if v.Method == http.MethodPost {
		v.Body = http.MaxBytesReader(w, v.Body, maxBody)
		if err := v.ParseForm(); err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				return errBig
			}
			return errForged
		}
	}
	if v.ticket, err = r.Tickets.Read(v.token); err != nil {
		return err
	}
	// Any open door may stand in a kiosk; whom an invitation is for came by it.
	if v.kiosk = v.ticket.Channel == ByKiosk || v.ticket.Invitation == "" && v.has("kiosk"); v.kiosk {
		v.ticket.Channel = ByKiosk
	}
	current, status, err := r.Store.Current(v.Context(), v.ticket.Survey)
	if err != nil {
		return err
	}
	v.survey = current
	if err := r.meet(v.Context(), v); err != nil {
		return err
	}
	v.say = r.speech(v, current)
	if err := r.resume(v); err != nil {
		return err
	}
	v.say = r.speech(v, v.survey)
	if status != Open && !v.done && !v.again {
		return errClosed
	}
	return nil
}

func (v *visit) has(name string) bool { return v.FormValue(name) != "" || v.URL.Query().Has(name) }

// meet asks whom the ticket's invitation is for.
func (r *Room) meet(ctx context.Context, v *visit) error {
	t := &v.ticket
	if t.Invitation == "" {
		return nil
	}
	if r.Invitations == nil {
		return errWithdrawn
	}
	invited, err := r.Invitations.Look(ctx, t.Invitation)
	switch {
	case experience.CodeOf(err) == experience.NotFound:
		return errWithdrawn
	case err != nil:
		return err
	case invited.Survey != t.Survey:
		return errForged
	}
	v.invited = &invited
	for _, x := range []struct {
		to   *string
		from string
	}{{&t.About, invited.About}, {&t.Shop, invited.Shop}, {&t.OrderID, invited.OrderID}, {&t.ProductID, invited.ProductID}, {&t.Language, invited.Language}} {
		if *x.to == "" {
			*x.to = x.from
		}
	}
	return nil
}

// resume finds what was answered before, under the invitation or the receipt.
func (r *Room) resume(v *visit) (err error) {
	switch receipt := v.FormValue("r"); {
	case v.ticket.Invitation != "":
		v.id = r.Tickets.invited(v.ticket)
	case receipt != "":
		if v.id, err = r.Tickets.readReceipt(v.token, receipt); err != nil {
			return err
		}
		v.receipt = receipt
	default:
		v.id = experience.NewID()
		v.receipt = r.Tickets.receipt(v.token, v.id)
		return r.begun(v)
	}
	x, err := r.Store.Response(v.Context(), v.id)
	if isMissing(err) {
		return r.begun(v)
	}
	if err != nil {
		return err
	}
	v.begun, v.answers = true, x.Answers
	if x.Version != v.survey.Number {
		if v.survey, err = r.Store.Version(v.Context(), x.Survey, x.Version); err != nil {
			return err
		}
	}
	if x.SettledAt.IsZero() {
		return nil
	}
	finished := !x.FinishedAt.IsZero()
	v.done, v.again = finished && v.has("done"), finished && v.Method == http.MethodPost
	if !v.done && !v.again {
		return ErrAnswered
	}
	return nil
}

// begun sees to it that the first page is answered as it was shown, also when
// another version was published since.
func (r *Room) begun(v *visit) error {
	if v.invited != nil && !v.invited.Open {
		return errWithdrawn
	}
	n, err := strconv.Atoi(v.PostForm.Get("v"))
	if err != nil || n == v.survey.Number || n != v.survey.Number-1 {
		return nil
	}
	v.survey, err = r.Store.Version(v.Context(), v.survey.Key, n)
	return err
}

// speech chooses the language: as wished on the page, as the ticket has it, as
// the browser wishes.
func (r *Room) speech(v *visit, s *Version) speech {
	wanted := []string{v.URL.Query().Get("l"), v.PostForm.Get("l"), v.ticket.Language}
	tags, _, err := language.ParseAcceptLanguage(v.Header.Get("Accept-Language"))
	if err == nil {
		for _, t := range tags {
			wanted = append(wanted, t.String())
		}
	}
	if s != nil {
		return r.phrases.in(s.language(wanted...))
	}
	any := Survey{Languages: append([]string{v.L.Lang()}, Languages...)}
	return r.phrases.in(any.language(wanted...))
}

// showSheet shows the page that was asked for, or else the one to go on with.
// Looking changes nothing, also where the address has an answer in it: programs
// that read mail follow every link.
func (r *Room) showSheet(w http.ResponseWriter, v *visit) error {
	if v.done {
		return r.thank(w, v)
	}
	way, _ := v.survey.walk(v.answers)
	at := slices.Index(way, v.survey.question(v.URL.Query().Get("q")))
	if at < 0 {
		at = v.survey.pending(way, v.answers)
	}
	first := at == 0 && !v.begun
	if first && v.Method == http.MethodGet {
		r.opened(v)
	}
	s := v.sheet(way[at])
	p := r.page(v, s)
	p.decline = first && v.ticket.Invitation != ""
	switch {
	case v.URL.Query().Has("cut"):
		p.note = v.say.say("cut", "n", strconv.Itoa(MaxText))
	case first:
		p.note = v.preselect(s, v.URL.Query().Get("a"))
	}
	if v.kiosk && !first {
		v.refresh(w, kioskIdle)
	}
	return r.send(w, v, http.StatusOK, p)
}

// preselect marks the answer that stood in the link, and says so.
func (v *visit) preselect(s *sheet, a string) string {
	q := &s.survey.Questions[s.first]
	n, err := strconv.Atoi(a)
	if err != nil || !q.Type.Scored() {
		return ""
	}
	chosen, _, err := q.read(Answer{Score: &n})
	if err != nil {
		return ""
	}
	s.answers = s.answers.with(Answers{q.Key: chosen})
	return v.say.say("chosen", "value", v.say.score(q, n))
}

// pending gives where on the way to go on: the first page of which nothing was
// answered, or something required is missing.
func (s *Survey) pending(way []int, answers Answers) int {
	for at, i := range way {
		none := !slices.ContainsFunc(s.Questions[i:s.beyond(i)], func(q Question) bool { _, ok := answers[q.Key]; return ok })
		if none || s.lacking(i, answers) {
			return at
		}
	}
	return len(way) - 1
}

func (r *Room) opened(v *visit) {
	r.Store.Opened(v.ticket.Survey, v.ticket.Channel)
	if v.invited == nil {
		return
	}
	if err := r.Invitations.Opened(v.Context(), v.ticket.Invitation, v.Now); err != nil {
		r.Logger.WarnContext(v.Context(), "it could not be noted that an invitation was opened", "error", err)
	}
}

// takeSheet keeps a page of answers and leads on.
func (r *Room) takeSheet(w http.ResponseWriter, v *visit) error {
	if v.PostForm.Get("go") == "decline" {
		return r.decline(v)
	}
	way, _ := v.survey.walk(v.answers)
	at := slices.Index(way, v.survey.question(v.PostForm.Get("q")))
	if at < 0 { // of a page that is no longer on the way: show the one that is
		http.Redirect(w, v.Request.Request, v.address(), http.StatusSeeOther)
		return nil
	}
	s := v.sheet(way[at])
	given, cut := s.read(v.PostForm, v.say)
	if v.again {
		if !reflect.DeepEqual(v.answers.with(given), v.answers) {
			return ErrAnswered
		}
		http.Redirect(w, v.Request.Request, v.address("done", "1"), http.StatusSeeOther)
		return nil
	}
	back := v.PostForm.Get("go") == "back"
	if !back {
		s.require(given, v.say)
	}
	if len(s.wrong) > 0 {
		s.answers = v.answers.with(given)
		return r.send(w, v, http.StatusUnprocessableEntity, r.page(v, s))
	}
	if wait := r.wait(v); wait > 0 {
		return r.holdUp(w, v, s, given, wait)
	}
	next, finish := v.step(s, given, back)
	step := Step{ID: v.id, Ticket: v.ticket, Language: v.say.language, Who: v.who(), Answers: given, Finish: finish}
	if _, err := r.Store.Keep(v.Context(), v.survey, step); err != nil {
		return err
	}
	pairs := []string{"q", next}
	if finish {
		r.finished(v)
		pairs = []string{"done", "1"}
	}
	if cut {
		pairs = append(pairs, "cut", "1")
	}
	http.Redirect(w, v.Request.Request, v.address(pairs...), http.StatusSeeOther)
	return nil
}

// step says which question comes next, or that nothing does.
func (v *visit) step(s *sheet, given Answers, back bool) (next string, finish bool) {
	all := v.answers.with(given)
	to := v.survey.next(s.first, all)
	if back {
		to = max(0, v.survey.before(s.first, all))
	}
	if to == v.survey.end() {
		if to = v.survey.unanswered(all); to < 0 {
			return "", true
		}
	}
	return v.survey.Questions[to].Key, false
}

// finished tells whoever waits for the answer.
func (r *Room) finished(v *visit) {
	if v.invited != nil {
		if err := r.Invitations.Answered(v.Context(), v.ticket.Invitation, v.Now, true); err != nil {
			r.Logger.WarnContext(v.Context(), "it could not be noted that an invitation was answered; it will be, once the answer is told", "error", err)
		}
	}
	r.hurry()
}

// who is a visitor of the company's site, as its widget names them.
func (v *visit) who() []experience.Identifier {
	if v.ticket.Channel != ByWidget {
		return nil
	}
	id, ok := experience.NewIdentifier(experience.AnonymousID, v.FormValue("anonymous_id"), v.Company.Region)
	if !ok {
		return nil
	}
	return []experience.Identifier{id}
}

// decline notes that somebody would rather not answer.
func (r *Room) decline(v *visit) error {
	if v.invited == nil || v.begun {
		return errForged
	}
	if err := r.Invitations.Declined(v.Context(), v.ticket.Invitation, v.Now); err != nil {
		return err
	}
	return errDeclined
}

// address is a page of this visit; pairs are names and values beside those
// that every page has.
func (v *visit) address(pairs ...string) string {
	q := url.Values{}
	if v.receipt != "" {
		q.Set("r", v.receipt)
	}
	for _, name := range []string{"l", "anonymous_id"} {
		if value := v.FormValue(name); value != "" && len(value) <= experience.MaxIdentifierLength {
			q.Set(name, value)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
			continue
		}
		q.Set(pairs[i], pairs[i+1])
	}
	if v.kiosk {
		q.Set("kiosk", "1")
	}
	if len(q) == 0 {
		return Path(v.token)
	}
	return Path(v.token) + "?" + q.Encode()
}

// start is where the next one at a kiosk begins.
func (v *visit) start() string { return Path(v.token) + "?kiosk=1" }

// refresh has the browser go to the start after a while. It is a header, as it
// works without scripts.
func (v *visit) refresh(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Refresh", strings.Join([]string{strconv.Itoa(int(after.Seconds())), " url=" + v.start()}, ";"))
}
