package voice

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const (
	inboxPath = "/voice/inbox"
	inboxPage = 30
	csvBatch  = 500
	mostCSV   = 100_000 // texts in a file
)

func voicePath(v Voice) string { return "/voice/texts/" + v.ID.String() }

func pressed(b bool) string { return strconv.FormatBool(b) }

// readers may see people, and so what they wrote.
func readers() []experience.Role {
	return []experience.Role{experience.Owner, experience.Manager, experience.Agent, experience.Store}
}

func (r *Room) registerPages(s *web.Site) {
	s.Room(web.Room{Key: "voice.inbox", Parent: "voice", Path: inboxPath, Order: 1})
	s.Page("GET "+homePath, nil, r.overviewPage)
	s.Page("GET /voice/learning", nil, r.learningPage)
	r.registerTopicPages(s)
	r.registerThemePages(s)
	s.Page("GET "+inboxPath, nil, r.inboxPage)
	s.Page("GET "+inboxPath+".csv", readers(), r.inboxCSV)
	s.Page("GET /voice/texts/{id}", nil, r.voicePage)
	s.Page("POST /voice/texts/{id}/correct", correctors(), r.correctPage)
	s.Page("POST /voice/corrections/{id}/undo", correctors(), r.undoPage)
}

// inboxView is the list of what people wrote.
type inboxView struct {
	names
	filter  Filter
	span    VoiceSpan
	past    bool
	none    bool
	page    Page
	offered Choices
	more    string
}

func (r *Room) inbox(q *web.Request) (v inboxView, err error) {
	ctx := q.Context()
	if v.filter, err = readFilter(q.URL.Query()); err != nil {
		return v, err
	}
	if v.filter.Word != "" && !q.User.SeesPeople() {
		return v, experience.Errorf(experience.Forbidden, "voice.error.word")
	}
	e, err := r.extent(ctx)
	if err != nil {
		return v, err
	}
	v.none, v.past, v.span = e.none, e.past, e.span(v.filter.Period, q.Company.Location())
	if v.page, err = r.List(ctx, v.filter, v.span, q.URL.Query().Get("after"), inboxPage); err != nil {
		return v, err
	}
	if v.page.Next != "" {
		more := v.filter.values()
		more.Set("after", v.page.Next)
		v.more = inboxPath + "?" + more.Encode()
	}
	if v.offered, err = r.offered(ctx); err != nil {
		return v, err
	}
	v.names, err = r.names(q, v.page.Voices)
	return v, err
}

func (r *Room) inboxPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.inbox(q)
	if err != nil {
		return err
	}
	page := web.Page{Room: "voice.inbox", Title: q.L.T("voice.inbox")}
	switch {
	case v.none:
		return r.site.Render(w, q, page, emptyBody())
	case q.HTMX() && q.URL.Query().Get("after") != "":
		return r.site.RenderFragment(w, q, voiceItems(v))
	}
	return r.site.Render(w, q, page, inboxBody(v))
}

func (r *Room) voicePage(w http.ResponseWriter, q *web.Request) error {
	id, err := experience.ParseID(q.PathValue("id"))
	if err != nil {
		return experience.Errorf(experience.NotFound, "voice.error.none")
	}
	v, err := r.Get(q.Context(), id)
	if err != nil {
		return err
	}
	n, err := r.names(q, []Voice{v})
	if err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "voice.inbox", Title: q.L.T("voice.one")}, voiceBody(n, v))
}

// item answers with a text as it is told now.
func (r *Room) item(w http.ResponseWriter, q *web.Request, id experience.ID) error {
	v, err := r.Get(q.Context(), id)
	if err != nil {
		return err
	}
	if !q.HTMX() {
		http.Redirect(w, q.Request, voicePath(v), http.StatusSeeOther)
		return nil
	}
	n, err := r.names(q, []Voice{v})
	if err != nil {
		return err
	}
	return r.site.RenderFragment(w, q, voiceItem(n, v, true))
}

func (r *Room) correctPage(w http.ResponseWriter, q *web.Request) error {
	id, err := experience.ParseID(q.PathValue("id"))
	if err != nil {
		return experience.Errorf(experience.NotFound, "voice.error.none")
	}
	if err := r.Correct(q.Context(), id, q.FormValue("aspect"), q.FormValue("value"), q.User); err != nil {
		return err
	}
	return r.item(w, q, id)
}

func (r *Room) undoPage(w http.ResponseWriter, q *web.Request) error {
	id, err := experience.ParseID(q.PathValue("id"))
	if err != nil {
		return experience.Errorf(experience.NotFound, "voice.error.none")
	}
	voice, err := r.Undo(q.Context(), id, q.User)
	if err != nil {
		return err
	}
	return r.item(w, q, voice)
}

// inboxCSV gives the whole list as a file, some at a time.
func (r *Room) inboxCSV(w http.ResponseWriter, q *web.Request) error {
	f, err := readFilter(q.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.Context(), 2*time.Minute)
	defer cancel()
	e, err := r.extent(ctx)
	if err != nil {
		return err
	}
	span := e.span(f.Period, q.Company.Location())
	var out *web.Sheet
	for after, n := "", 0; ; n += csvBatch {
		p, err := r.List(ctx, f, span, after, csvBatch)
		names, err2 := r.peopleOf(ctx, p.Voices)
		if err == nil {
			err = err2
		}
		if err != nil && out != nil { // too late to say so: a broken file must not look whole
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			return err
		}
		if out == nil {
			out = web.SendSheet(w, "voices")
			out.Write("id", "time", "person", "name", "event", "touchpoint", "platform", "scale", "score", "language", "sentiment", "confidence", "topics", "urgency", "corrected", "text")
		}
		for _, v := range p.Voices {
			out.Write(line(v, names[v.Person])...)
		}
		if out.Flush(); out.Error() != nil || p.Next == "" || n >= mostCSV {
			return nil
		}
		after = p.Next
	}
}

// line is a text as a file has it.
func line(v Voice, name string) []string {
	var topics []string
	for _, t := range v.Labels.topics() {
		topics = append(topics, t.Label)
	}
	score, urgency := "", ""
	if v.Scale != "" {
		score = strconv.FormatFloat(v.Score, 'f', -1, 64)
	}
	if u := v.Labels.Urgency.value(); u != unknown {
		urgency = strconv.Itoa(u)
	}
	return []string{v.ID.String(), v.Time.Format(time.RFC3339), v.Person.String(), name, v.Name, v.Touchpoint, v.Platform, v.Scale, score,
		v.Labels.Language.counted(), v.Labels.Sentiment.counted(), strconv.FormatFloat(v.Labels.Sentiment.Confidence, 'f', -1, 64),
		strings.Join(topics, " "), urgency, pressed(len(v.Corrected) > 0), v.Text}
}

func (v inboxView) head() web.HeadProps {
	return web.HeadProps{Question: v.l.T("voice.inbox.question"), Period: v.l.Date(v.span.From) + " – " + v.l.Date(v.span.To), Answer: v.l.T("voice.list.title", "n", max(v.page.All, 0))}
}

func (v inboxView) latest() string { return v.l.T("voice.list.latest") }

func choicesOf(all string, chosen string, values []string, name func(string) string) []web.Choice {
	var out []web.Choice
	if all != "" {
		out = append(out, web.Choice{Label: all, Selected: chosen == ""})
	}
	for _, v := range values {
		out = append(out, web.Choice{Value: v, Label: name(v), Selected: v == chosen})
	}
	return out
}

func (v inboxView) periodChoices() []web.Choice {
	return choicesOf("", v.filter.Period, periods(), func(p string) string { return v.l.T("voice.period." + p) })
}

func (v inboxView) sentimentFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Sentiment, sentiments(), func(s string) string { return v.l.T("voice.sentiment." + s) })
}

func (v inboxView) topicFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Topic, v.offered.Topics, v.topic)
}

func (v inboxView) urgencyFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Urgency, []string{"1", "2", "3"}, func(u string) string { return v.l.T("voice.urgency.from." + u) })
}

func (v inboxView) touchpointFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Touchpoint, v.offered.Touchpoints, v.touchpoint)
}

func (v inboxView) platformFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Platform, v.offered.Platforms, func(p string) string { return p })
}

func (v inboxView) languageFilter() []web.Choice {
	return choicesOf(v.l.T("voice.any"), v.filter.Language, v.offered.Languages, func(l string) string { return v.l.T("voice.language." + l) })
}

func (n names) urgency(u int) string { return n.l.T("voice.urgency." + strconv.Itoa(u)) }

// feltFrom is the least confidence with which an emotion is shown: below, it is
// as often another one as the one named.
const feltFrom = 0.5

// felt are the emotions that are sure enough to be shown. All of them are kept.
func felt(all []VoiceEmotion) []VoiceEmotion {
	return slices.DeleteFunc(slices.Clone(all), func(e VoiceEmotion) bool { return e.Confidence < feltFrom })
}

func (n names) emotion(e VoiceEmotion) string {
	return n.l.T("voice.emotion", "name", n.l.T("voice.emotion."+e.Label), "intensity", strconv.Itoa(e.Intensity))
}
