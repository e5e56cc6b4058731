package survey

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// maxForm is the largest form of the editor, in bytes.
const maxForm = 1 << 20

// editView is the editor.
type editView struct {
	record   Record
	draft    Survey // as shown; it may not be saved
	problems []Problem
	checked  bool // it was tried to publish it
	at       int  // question to go to; -1 = none
	done     string
	err      error
	link     string // where it is answered; "" = it was not published
	changed  bool   // the draft differs from what is published
	look     string // language of the preview
	phrases  phrases
	company  string
}

func (r *Room) editView(q *web.Request, record Record) (editView, error) {
	v := editView{record: record, draft: record.Draft, at: -1, look: record.Draft.language(q.L.Lang()), phrases: r.phrases, company: q.Company.Name}
	if record.Version == 0 {
		return v, nil
	}
	last, err := r.Store.Version(q.Context(), record.Draft.Key, record.Version)
	if err != nil {
		return v, err
	}
	a, errA := written(last.Survey)
	b, errB := written(record.Draft)
	v.changed = a != b
	v.link, err = r.link(q, Ticket{Survey: record.Draft.Key, Channel: ByLink})
	return v, errors.Join(errA, errB, err)
}

func (r *Room) editPage(w http.ResponseWriter, q *web.Request) error {
	record, err := r.Store.Get(q.Context(), q.PathValue("key"))
	if err != nil {
		return err
	}
	if !q.User.May(steerers) {
		http.Redirect(w, q.Request, resultsPath(record.Draft.Key), http.StatusSeeOther)
		return nil
	}
	v, err := r.editView(q, record)
	if err != nil {
		return err
	}
	if done := "survey.done." + q.URL.Query().Get("done"); q.L.Has(done) {
		v.done = q.L.T(done)
	}
	return r.showEdit(w, q, http.StatusOK, v)
}

func (r *Room) showEdit(w http.ResponseWriter, q *web.Request, status int, v editView) error {
	if q.HTMX() {
		return r.site.RenderFragment(w, q, editor(v))
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "survey", Title: v.record.Draft.Name.In(q.L.Lang())}, editBody(v))
}

// readDraft takes what stands in the editor's form.
func readDraft(w http.ResponseWriter, q *web.Request, before Survey) (Survey, error) {
	q.Body = http.MaxBytesReader(w, q.Body, maxForm)
	if err := q.ParseForm(); err != nil {
		return Survey{}, experience.Errorf(experience.TooLarge, "survey.error.large")
	}
	return draftFrom(q.PostForm, before), nil
}

// savePage keeps the draft, and does what the button says.
func (r *Room) savePage(w http.ResponseWriter, q *web.Request) error {
	ctx, key, by := q.Context(), q.PathValue("key"), q.User.ID
	before, err := r.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	draft, err := readDraft(w, q, before.Draft)
	if err != nil {
		return err
	}
	micros, _ := strconv.ParseInt(q.PostForm.Get("seen"), 10, 64) // without it nobody is asked
	do := q.PostForm.Get("do")
	at := act(&draft, do)
	record, err := r.Store.Save(ctx, by, draft, moment(micros))
	done := "saved"
	if err == nil {
		done, record, err = r.then(ctx, by, do, record)
	}
	if err != nil {
		if experience.CodeOf(err) == experience.Internal {
			return err
		}
		if record.CreatedAt.IsZero() {
			record = before
		}
	}
	v, viewErr := r.editView(q, record)
	if viewErr != nil {
		return viewErr
	}
	v.at, v.err, v.problems = at, err, record.Draft.problems()
	v.checked = do == "publish"
	if look := q.PostForm.Get("look"); slices.Contains(record.Draft.Languages, look) {
		v.look = look
	}
	if err != nil {
		if !v.checked {
			v.draft = draft // nothing that was written is lost
		}
		return r.showEdit(w, q, web.Status(err), v)
	}
	v.done = q.L.T("survey.done."+done, "version", record.Version)
	return r.showEdit(w, q, http.StatusOK, v)
}

// then does what is to be done once a draft is saved.
func (r *Room) then(ctx context.Context, by, do string, saved Record) (done string, out Record, err error) {
	key := saved.Draft.Key
	switch do {
	case "publish":
		done = "published"
		out, err = r.Store.Publish(ctx, by, key)
	case "close":
		done = "closed"
		out, err = r.Store.SetStatus(ctx, by, key, Closed)
	case "open":
		done = "opened"
		out, err = r.Store.SetStatus(ctx, by, key, Open)
	default:
		return "saved", saved, nil
	}
	if err != nil {
		return "", saved, err
	}
	return done, out, nil
}

// previewPage shows what the public pages would look like.
func (r *Room) previewPage(w http.ResponseWriter, q *web.Request) error {
	record, err := r.Store.Get(q.Context(), q.PathValue("key"))
	if err != nil {
		return err
	}
	draft, err := readDraft(w, q, record.Draft)
	if err != nil {
		return err
	}
	v := editView{record: record, draft: draft, look: draft.language(q.PostForm.Get("look"), q.L.Lang()), phrases: r.phrases, company: q.Company.Name}
	return r.site.RenderFragment(w, q, preview(v))
}

func (r *Room) deletePage(w http.ResponseWriter, q *web.Request) error {
	if err := r.Store.Delete(q.Context(), q.PathValue("key")); err != nil {
		return err
	}
	http.Redirect(w, q.Request, "/surveys", http.StatusSeeOther)
	return nil
}

// sheets are the pages of the preview, in the order of the questions.
func (v editView) sheets() (out []*sheet) {
	draft := v.draft
	for i := 0; i < draft.end(); i = draft.beyond(i) {
		out = append(out, &sheet{survey: &draft, say: v.phrases.in(v.look), first: i, beyond: draft.beyond(i), number: draft.beyond(i), all: draft.end(),
			last: draft.beyond(i) == draft.end()})
	}
	return out
}

func (v editView) say() speech { return v.phrases.in(v.look) }

// of lists the problems of a question.
func (v editView) of(number int) (out []Problem) {
	for _, p := range v.problems {
		if v.checked && p.Number == number {
			out = append(out, p)
		}
	}
	return out
}

func (v editView) seen() string { return strconv.FormatInt(v.record.ChangedAt.UnixMicro(), 10) }

// speaks tells whether the survey has a language; one without any has the reader's.
func (v editView) speaks(l string) bool { return slices.Contains(v.draft.Languages, l) }

func typeChoices(l *web.Locale, chosen Type) (out []web.Choice) {
	for _, t := range Types {
		out = append(out, web.Choice{Value: string(t), Label: l.T("survey.type." + string(t)), Selected: t == chosen})
	}
	return out
}

func dimensionChoices(l *web.Locale, chosen experience.Dimension) []web.Choice {
	out := []web.Choice{{Label: l.T("survey.dimension.usual"), Selected: chosen == ""}}
	for _, d := range experience.Dimensions {
		out = append(out, web.Choice{Value: string(d), Label: l.T("survey.dimension." + string(d)), Selected: d == chosen})
	}
	return out
}

func opChoices(l *web.Locale, chosen Op) (out []web.Choice) {
	for _, o := range Ops {
		out = append(out, web.Choice{Value: string(o), Label: l.T("survey.op." + string(o)), Selected: o == chosen})
	}
	return out
}

// askedChoices are the questions that a rule of the question at i may look at.
func (v editView) askedChoices(l *web.Locale, i int, chosen string) (out []web.Choice) {
	for k := i; k >= 0; k-- {
		q := &v.draft.Questions[k]
		if q.Type == Matrix {
			continue
		}
		key := q.Key
		if k == i {
			key = ""
		}
		out = append(out, web.Choice{Value: key, Label: v.numbered(l, k), Selected: key == chosen})
	}
	return out
}

// goChoices are where a rule of the question at i may lead.
func (v editView) goChoices(l *web.Locale, i int, chosen string) []web.Choice {
	out := []web.Choice{{Label: l.T("survey.rule.none"), Selected: chosen == ""}}
	for k := i + 1; k < len(v.draft.Questions); k++ {
		key := v.draft.Questions[k].Key
		out = append(out, web.Choice{Value: key, Label: v.numbered(l, k), Selected: key == chosen})
	}
	return append(out, web.Choice{Value: End, Label: l.T("survey.rule.end"), Selected: chosen == End})
}

func (v editView) numbered(l *web.Locale, i int) string {
	text := []rune(v.draft.Questions[i].Text.In(l.Lang()))
	if len(text) > 24 {
		text = append(text[:24:24], '…')
	}
	return strings.TrimSpace(strconv.Itoa(i+1) + ". " + string(text))
}

// valueChoices are the answers that a rule may compare with; nil = any text.
func (v editView) valueChoices(l *web.Locale, i int, r Rule) (out []web.Choice) {
	asked := i
	if r.Question != "" {
		asked = max(0, v.draft.question(r.Question))
	}
	q := &v.draft.Questions[asked]
	switch {
	case q.Type.Scored():
		for _, n := range points(q) {
			text := strconv.Itoa(n)
			out = append(out, web.Choice{Value: text, Label: text, Selected: text == r.Value})
		}
	case q.Type.Chosen():
		for _, c := range q.Choices {
			out = append(out, web.Choice{Value: c.Key, Label: c.Text.In(l.Lang()), Selected: c.Key == r.Value})
		}
	}
	return out
}

// usualOp is the comparison that a new rule begins with.
func (q *Question) usualOp() Op {
	switch q.Type {
	case Single:
		return Is
	case Multiple, OpenText:
		return Contains
	}
	return AtMost
}

func editPath(key string) string    { return "/surveys/" + key }
func resultsPath(key string) string { return "/surveys/" + key + "/results" }

// state is how far a survey is, as a message says it.
func (v editView) state() string {
	if v.record.Version == 0 {
		return "draft"
	}
	return string(v.record.Status)
}

// labelled is the label of a wording in one of the survey's languages.
func labelled(ctx context.Context, v editView, label, language string) string {
	return web.T(ctx, label) + tongueMark(v, language)
}

// tongueMark names the language where there are several.
func tongueMark(v editView, language string) string {
	if len(v.draft.Languages) < 2 {
		return ""
	}
	return " (" + language + ")"
}

func tongueChoices(v editView, chosen string) (out []web.Choice) {
	for _, l := range Languages {
		if v.speaks(l) {
			out = append(out, web.Choice{Value: l, Label: tongueNames[l], Selected: l == chosen})
		}
	}
	return out
}
