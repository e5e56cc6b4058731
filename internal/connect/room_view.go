package connect

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/web"
)

// listView is the page of all imports.
type listView struct {
	head  web.HeadProps
	jobs  []jobView
	err   error // of an upload
	limit string
}

func (r *Room) listOf(l *web.Locale, jobs []Job, err error) listView {
	v := listView{err: err, limit: size(l, r.MaxUpload), head: web.HeadProps{Question: l.T("connect.question")}}
	done, fresh := 0, int64(0)
	for _, j := range jobs {
		v.jobs = append(v.jobs, r.jobView(l, j))
		if j.State == Done {
			done++
			fresh += max(0, j.Fresh)
		}
	}
	v.head.Answer = l.T("connect.answer.none")
	if done > 0 {
		v.head.Answer = l.T("connect.answer", "n", done, "fresh", l.N(fresh))
	}
	return v
}

// size writes a number of bytes.
func size(l *web.Locale, n int64) string {
	units, f := []string{"B", "kB", "MB", "GB", "TB"}, float64(n)
	at := 0
	for f >= 1000 && at < len(units)-1 {
		f, at = f/1000, at+1
	}
	digits := 0
	if at > 0 && f < 10 {
		digits = 1
	}
	return l.Decimal(f, digits) + " " + units[at]
}

// jobView is the page of one import.
type jobView struct {
	Job
	head     web.HeadProps
	title    string
	state    string
	tone     web.Tone
	moving   bool // it changes by itself
	percent  int
	hasFiles bool
}

func (r *Room) jobView(l *web.Locale, j Job) jobView {
	v := jobView{Job: j, title: names(j.Files), hasFiles: j.Spec != "" && exists(r.Jobs.filesDir(j.ID))}
	if v.title == "" {
		v.title = j.Mapping
	}
	v.state = l.T("connect.state." + string(j.State))
	v.tone = map[State]web.Tone{Draft: web.Sand, Running: web.Petrol, Done: web.Sage, Cancelled: web.Ochre, Failed: web.Terracotta, TakingBack: web.Petrol, TakenBack: web.Sand}[j.State]
	v.moving = j.State == Running || j.State == TakingBack || j.State == Done && j.Fresh == Unknown
	if j.TotalBytes > 0 {
		v.percent = int(100 * j.Bytes / j.TotalBytes)
	}
	if j.State == Done {
		v.percent = 100
	}
	v.head = web.HeadProps{Question: l.T("connect.job.question", "name", v.title), Live: v.moving, Answer: l.T("connect.job."+string(j.State),
		"made", l.N(j.Accepted), "fresh", l.N(max(0, j.Fresh)), "rows", l.N(j.Rows), "percent", v.percent)}
	if j.State == Done && j.Fresh == Unknown {
		v.head.Answer = l.T("connect.job.weaving", "made", l.N(j.Accepted))
	}
	return v
}

// draftView is the page on which columns get their meaning.
type draftView struct {
	job     Job
	head    web.HeadProps
	files   []FileLook
	form    *Form
	rows    []columnRow
	saved   []web.Choice
	fits    bool // a ready or saved mapping fits
	several bool // more than one file: no form
	err     error
	meaning []web.Choice
}

type columnRow struct {
	n       int
	name    string
	kind    Kind
	samples string
	meaning Meaning
	as      string
}

func (r *Room) draftView(q *web.Request, job Job, wrong error) (draftView, error) {
	l := q.L
	v := draftView{job: job, err: wrong, form: job.Form, fits: job.Spec != "" && wrong == nil}
	files, err := r.Jobs.Look(q.Context(), job)
	if err != nil && experience.CodeOf(err) == experience.Internal {
		return v, err
	}
	if err != nil && v.err == nil {
		v.err = err
	}
	v.files, v.several = files, len(files) != 1
	v.head = web.HeadProps{Question: names(job.Files), Answer: l.T("connect.draft.answer")}
	if v.fits {
		v.head.Answer = l.T("connect.draft.fits", "name", job.Mapping)
	}
	for _, f := range files {
		if f.Error != "" && v.err == nil {
			v.err = experience.Errorf(experience.Invalid, "%s", f.Error)
		}
	}
	if v.form == nil && len(files) == 1 && files[0].Error == "" && job.Spec == "" {
		form := formOf(files[0].Name, l.Zone().String(), q.Company.Currency, q.Now.In(l.Zone()).Format("2006-01-02"), files[0].Columns)
		v.form = &form
	}
	if v.form != nil && len(files) == 1 {
		v.rows = rowsOf(*v.form, files[0])
	}
	for _, m := range Meanings {
		v.meaning = append(v.meaning, web.Choice{Value: string(m), Label: l.T("connect.meaning." + orNothing(m))})
	}
	all, err := r.Jobs.Mappings(q.Context())
	if err != nil {
		return v, err
	}
	for _, s := range all {
		label := s.Name
		if s.Ready {
			label += " (" + l.T("connect.ready") + ")"
		}
		v.saved = append(v.saved, web.Choice{Value: s.Name, Label: label, Selected: s.Name == job.Mapping})
	}
	return v, nil
}

func orNothing(m Meaning) string {
	if m == Nothing {
		return "nothing"
	}
	return string(m)
}

// rowsOf shows a form's columns with what their cells hold.
func rowsOf(f Form, file FileLook) []columnRow {
	var out []columnRow
	for n, c := range file.Columns {
		row := columnRow{n: n, name: c.Name, kind: c.Kind, samples: strings.Join(c.Samples, " · ")}
		for _, m := range f.Columns {
			if m.Column == c.Name {
				row.meaning, row.as = m.Meaning, m.As
			}
		}
		out = append(out, row)
	}
	return out
}

// previewView is the page that shows what would come in.
type previewView struct {
	job     Job
	head    web.HeadProps
	items   []previewItem
	tally   mapping.Tally
	refused int64
	reasons []Rejection
	partial bool
	nothing bool
}

type previewItem struct {
	title  string
	when   string
	who    []string
	amount string
	json   string
}

func (r *Room) previewView(l *web.Locale, job Job, p Preview) previewView {
	v := previewView{job: job, tally: p.Tally, refused: p.Refused, reasons: p.Reasons[:min(10, len(p.Reasons))], partial: !p.Complete}
	made := p.Tally.Interactions + p.Tally.Profiles
	v.nothing = made == 0
	v.head = web.HeadProps{Question: names(job.Files), Answer: l.T("connect.preview.answer", "made", l.N(made), "people", l.N(p.Tally.People))}
	if v.nothing {
		v.head.Answer = l.T("connect.preview.nothing")
	}
	for _, item := range p.Items {
		v.items = append(v.items, previewOf(l, item))
	}
	return v
}

func previewOf(l *web.Locale, item mapping.Item) previewItem {
	out := previewItem{title: item.Event, when: l.DateTime(item.Time)}
	if item.Type == experience.Identify {
		out.title = l.T("connect.preview.profile")
	}
	add := func(kind, value string) {
		if value != "" {
			key := "connect.meaning." + kind
			if l.Has(key) {
				kind = l.T(key)
			}
			out.who = append(out.who, kind+": "+value)
		}
	}
	add("user_id", item.UserID)
	add("anonymous_id", item.AnonymousID)
	for _, id := range item.Identifiers {
		add(string(id.Kind), id.Value)
	}
	var properties struct {
		Revenue  json.Number `json:"revenue"`
		Currency string      `json:"currency"`
	}
	if json.Unmarshal(item.Properties, &properties) == nil && properties.Revenue != "" {
		if minor, err := mapping.Minor(properties.Revenue.String(), properties.Currency); err == nil {
			out.amount = l.Money(minor, properties.Currency)
		}
	}
	var indented bytes.Buffer
	if raw := item.AppendJSON(nil); json.Indent(&indented, raw, "", "  ") == nil {
		out.json = indented.String()
	}
	return out
}

// baseName is a file's name without the archive it was in.
func baseName(document string) string { return path.Base(document) }
