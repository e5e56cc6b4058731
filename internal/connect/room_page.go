package connect

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/web"
)

func (r *Room) registerPages() {
	s := r.site
	s.Page("GET /imports", importers, r.listPage)
	s.Page("POST /imports", importers, r.uploadPage)
	s.Page("GET /imports/{id}", importers, r.jobPage)
	s.Page("GET /imports/{id}/live", importers, r.livePage)
	s.Page("GET /imports/{id}/events", importers, r.eventsPage)
	s.Page("GET /imports/{id}/preview", importers, r.previewPage)
	s.Page("GET /imports/{id}/mapping.yaml", importers, r.mappingFile)
	s.Page("GET /imports/{id}/rejected.csv", importers, r.rejectedFile)
	s.Page("POST /imports/{id}/mapping", importers, r.mappingPage)
	s.Page("POST /imports/{id}/start", importers, r.startPage)
	s.Page("POST /imports/{id}/cancel", importers, r.cancelPage)
	s.Page("POST /imports/{id}/undo", importers, r.undoPage)
	s.Page("POST /imports/{id}/correct", importers, r.correctPage)
	s.Page("POST /imports/{id}/discard", importers, r.discardPage)
}

func pathOf(id experience.ID) string { return homePath + "/" + id.String() }

func page(title string) web.Page {
	return web.Page{Room: "connect", Title: title, Scripts: []string{"imports"}}
}

// jobOf gives the import that an address names.
func (r *Room) jobOf(ctx context.Context, id string) (Job, error) {
	parsed, err := experience.ParseID(id)
	if err != nil {
		return Job{}, experience.Errorf(experience.NotFound, "connect.error.unknown")
	}
	return r.Jobs.Get(ctx, parsed)
}

func who(u *web.User) string {
	if u == nil {
		return ""
	}
	if u.Name != "" {
		return u.Name
	}
	return u.Email
}

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	jobs, err := r.Jobs.List(q.Context())
	if err != nil {
		return err
	}
	return r.site.Render(w, q, page(q.L.T("connect.room")), listBody(r.listOf(q.L, jobs, nil)))
}

// uploadPage takes files in. A script that watches the upload is told where to
// go next; a plain form is led there.
func (r *Room) uploadPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.Jobs.Draft(w, q.Request, who(q.User), "browser", r.MaxUpload)
	if err != nil {
		return r.uploadFailed(w, q, err)
	}
	return lead(w, q, pathOf(job.ID))
}

func (r *Room) uploadFailed(w http.ResponseWriter, q *web.Request, err error) error {
	if q.HTMX() || experience.CodeOf(err) == experience.Internal {
		return err
	}
	jobs, listErr := r.Jobs.List(q.Context())
	if listErr != nil {
		return listErr
	}
	return r.site.RenderStatus(w, q, web.Status(err), page(q.L.T("connect.room")), listBody(r.listOf(q.L, jobs, err)))
}

// lead goes to another page, also where a script asked.
func lead(w http.ResponseWriter, q *web.Request, to string) error {
	if q.HTMX() {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, q.Request, to, http.StatusSeeOther)
	return nil
}

func (r *Room) jobPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if job.State != Draft {
		return r.site.Render(w, q, page(names(job.Files)), jobBody(r.jobView(q.L, job)))
	}
	return r.draft(w, q, job, nil)
}

// draft shows what the columns mean, and what is wrong with that.
func (r *Room) draft(w http.ResponseWriter, q *web.Request, job Job, wrong error) error {
	v, err := r.draftView(q, job, wrong)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if wrong != nil {
		status = web.Status(wrong)
	}
	return r.site.RenderStatus(w, q, status, page(names(job.Files)), draftBody(v))
}

// mappingPage takes what the columns mean.
func (r *Room) mappingPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if job.State != Draft {
		return experience.Errorf(experience.Conflict, "connect.error.state")
	}
	var used Job
	switch name := q.FormValue("use"); name {
	case "form", "":
		form := formFrom(q, job.Form)
		used, err = r.Jobs.Use(q.Context(), job.ID, &form, "")
		job.Form, job.Mapping, job.Spec = &form, form.Name, ""
	case "spec":
		job.Spec = q.FormValue("spec")
		used, err = r.Jobs.Use(q.Context(), job.ID, nil, job.Spec)
	default:
		all, listErr := r.Jobs.Mappings(q.Context())
		if listErr != nil {
			return listErr
		}
		at := slices.IndexFunc(all, func(s Saved) bool { return s.Name == name })
		if at < 0 {
			return experience.Errorf(experience.NotFound, "connect.error.mapping")
		}
		used, err = r.Jobs.Use(q.Context(), job.ID, all[at].Form, all[at].Spec)
	}
	if code := experience.CodeOf(err); code == experience.Invalid || code == experience.NotFound {
		return r.draft(w, q, job, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, q.Request, pathOf(used.ID)+"/preview", http.StatusSeeOther)
	return nil
}

// formFrom reads the form of a draft.
func formFrom(q *web.Request, before *Form) Form {
	f := Form{
		Name: strings.TrimSpace(q.FormValue("name")), Event: strings.TrimSpace(q.FormValue("event")), Zone: q.FormValue("zone"),
		Comma: q.FormValue("comma") == "true", Currency: strings.ToUpper(strings.TrimSpace(q.FormValue("currency"))),
	}
	if before != nil {
		f.Known = before.Known
	}
	for _, t := range strings.Split(q.FormValue("times"), "|") {
		if t = strings.TrimSpace(t); t != "" {
			f.Times = append(f.Times, t)
		}
	}
	for n := 0; q.PostForm.Has("column-" + strconv.Itoa(n)); n++ {
		i := strconv.Itoa(n)
		c := ColumnMeaning{Column: q.FormValue("column-" + i), Meaning: Meaning(q.FormValue("meaning-" + i))}
		if !slices.Contains(Meanings, c.Meaning) {
			c.Meaning = Nothing
		}
		if c.Meaning == Trait || c.Meaning == Property {
			c.As = strings.TrimSpace(q.FormValue("as-" + i))
			if c.As == "" {
				c.As = propertyName(c.Column)
			}
		}
		f.Columns = append(f.Columns, c)
	}
	return f
}

func (r *Room) previewPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if job.State != Draft || job.Spec == "" {
		http.Redirect(w, q.Request, pathOf(job.ID), http.StatusSeeOther)
		return nil
	}
	job, preview, err := r.Jobs.Preview(q.Context(), job.ID)
	if code := experience.CodeOf(err); code == experience.Invalid || code == experience.NotFound {
		return r.draft(w, q, job, err)
	}
	if err != nil {
		return err
	}
	return r.site.Render(w, q, page(names(job.Files)), previewBody(r.previewView(q.L, job, preview)))
}

func (r *Room) startPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if q.FormValue("remember") == "true" && job.State == Draft && job.Spec != "" {
		if err := r.Jobs.Remember(q.Context(), job, who(q.User)); err != nil {
			return err
		}
	}
	if _, err := r.Jobs.Start(q.Context(), job.ID, who(q.User)); err != nil {
		return err
	}
	http.Redirect(w, q.Request, pathOf(job.ID), http.StatusSeeOther)
	return nil
}

// act does something with an import and goes back to its page.
func (r *Room) act(w http.ResponseWriter, q *web.Request, do func(context.Context, experience.ID) (Job, error)) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err == nil {
		_, err = do(q.Context(), job.ID)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, q.Request, pathOf(job.ID), http.StatusSeeOther)
	return nil
}

func (r *Room) cancelPage(w http.ResponseWriter, q *web.Request) error {
	return r.act(w, q, r.Jobs.Cancel)
}

func (r *Room) undoPage(w http.ResponseWriter, q *web.Request) error {
	return r.act(w, q, func(ctx context.Context, id experience.ID) (Job, error) { return r.Jobs.Undo(ctx, id, who(q.User)) })
}

func (r *Room) correctPage(w http.ResponseWriter, q *web.Request) error {
	before, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	job, err := r.Jobs.Correct(w, q.Request, before.ID, who(q.User), r.MaxUpload)
	if err != nil {
		return err
	}
	return lead(w, q, pathOf(job.ID)+"/preview")
}

func (r *Room) discardPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if err := r.Jobs.Discard(q.Context(), job.ID); err != nil {
		return err
	}
	http.Redirect(w, q.Request, homePath, http.StatusSeeOther)
	return nil
}

func (r *Room) mappingFile(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if job.Spec == "" {
		return experience.Errorf(experience.NotFound, "connect.error.mapping")
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+job.Mapping+`.yaml"`)
	_, err = w.Write([]byte(job.Spec))
	return err
}

// Rejected opens the rejected rows of an import.
func (j *Jobs) Rejected(job Job) (*os.File, error) {
	f, err := os.Open(j.rejectedPath(job.ID))
	if errors.Is(err, os.ErrNotExist) {
		return nil, experience.Errorf(experience.NotFound, "connect.error.rejected")
	}
	return f, err
}

func (r *Room) rejectedFile(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := r.Jobs.Rejected(job)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rejected.csv"`)
	return sayRejected(w, f, func(why []mapping.Reason) string { return inWords(q.L, why) })
}

func (r *Room) livePage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	return r.site.RenderFragment(w, q, liveBody(r.jobView(q.L, job)))
}

// beat is the pause between two looks at an import under way.
const beat = 500 * time.Millisecond

// eventsPage sends how far an import is, whenever that changed.
func (r *Room) eventsPage(w http.ResponseWriter, q *web.Request) error {
	job, err := r.jobOf(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(q.Context())
	defer cancel()
	out := make(chan web.Event)
	go r.tell(ctx, q, job.ID, out)
	return r.site.Events(w, q, out)
}

func (r *Room) tell(ctx context.Context, q *web.Request, id experience.ID, out chan<- web.Event) {
	defer close(out)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	last := ""
	for {
		job, err := r.Jobs.Get(ctx, id)
		if err != nil {
			return
		}
		e, err := web.EventOf(q.Context(), "live", liveBody(r.jobView(q.L, job)))
		if err != nil {
			r.Logger.ErrorContext(ctx, "an import cannot be drawn", "error", err)
			return
		}
		if e.Data != last {
			last = e.Data
			select {
			case <-ctx.Done():
				return
			case out <- e:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
