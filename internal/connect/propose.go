package connect

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/registry"
)

// looked is how many rows of a file are looked at for guessing.
const looked = 200

// Look shows what the files of an import hold: their columns, samples, and what
// they are probably used for.
func (j *Jobs) Look(ctx context.Context, job Job) ([]FileLook, error) {
	if !exists(j.filesDir(job.ID)) {
		return nil, experience.Errorf(experience.NotFound, "connect.error.files")
	}
	glimpses, err := mapping.Look(ctx, []string{j.filesDir(job.ID)}, looked)
	if err != nil {
		return nil, err
	}
	out := []FileLook{}
	for _, g := range glimpses {
		f := FileLook{Name: g.Document, Columns: columnsOf(g), Rows: len(g.Rows)}
		if g.Err != nil {
			f.Error = experience.MessageOf(g.Err)
		}
		out = append(out, f)
	}
	return out, nil
}

// FileLook is what a file holds.
type FileLook struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Rows    int      `json:"rows" doc:"How many rows were looked at"`
	Error   string   `json:"error,omitempty" doc:"Why it cannot be read"`
}

// Mappings gives the mappings that can be used again: those saved, the latest
// first, then those that came with Regia.
func (j *Jobs) Mappings(ctx context.Context) ([]Saved, error) {
	var out []Saved
	err := j.o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		out, err = selectMappings(ctx, tx)
		return err
	})
	if err != nil || j.o.Examples == nil {
		return out, err
	}
	paths, err := fs.Glob(j.o.Examples, "*/mapping.yaml")
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		text, err := fs.ReadFile(j.o.Examples, p)
		if err != nil {
			return nil, err
		}
		m, err := mapping.Parse(p, text)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(s Saved) bool { return s.Name == m.Name() }) {
			out = append(out, Saved{Name: m.Name(), Spec: string(text), Ready: true})
		}
	}
	return out, nil
}

// propose gives a new import the saved or ready mapping that fits its files, or
// else a form filled in by guessing.
func (j *Jobs) propose(ctx context.Context, job *Job) error {
	all, err := j.Mappings(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		m, err := mapping.Parse(s.Name+".yaml", []byte(s.Spec))
		if err != nil {
			continue
		}
		if _, ok := recognise(m, j.filesDir(job.ID), job.Files); ok {
			job.Mapping, job.Spec, job.Form = s.Name, s.Spec, s.Form
			return nil
		}
	}
	files, err := j.Look(ctx, *job)
	if err != nil || len(files) == 0 || files[0].Error != "" {
		return err
	}
	company := j.o.Company(ctx)
	form := formOf(files[0].Name, company.Location().String(), company.Currency, j.o.Clock().In(company.Location()).Format("2006-01-02"), files[0].Columns)
	job.Form = &form
	return nil
}

// recognise tells whether a mapping fits files, by their columns and where need
// be by their names, and gives the paths to bind it to.
func recognise(m *mapping.Mapping, dir string, files []File) ([]string, bool) {
	if _, err := mapping.Bind(m, []string{dir}); err == nil {
		return []string{dir}, true
	}
	// The files may be called anything: give each to what expects its columns.
	var paths []string
	for _, f := range files {
		p := filepath.Join(dir, f.Name)
		claim := ""
		if glimpses, err := mapping.Look(context.Background(), []string{p}, 1); err == nil && len(glimpses) == 1 {
			claim = m.Expecting(glimpses[0].Columns)
		}
		if claim != "" {
			p = claim + "=" + p
		}
		paths = append(paths, p)
	}
	_, err := mapping.Bind(m, paths)
	return paths, err == nil
}

// Use gives a draft the mapping of a form, or one in YAML.
func (j *Jobs) Use(ctx context.Context, id experience.ID, form *Form, spec string) (Job, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, err
	}
	if job.State != Draft {
		return job, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	job.Form, job.Spec, job.Mapping = form, spec, ""
	if form != nil {
		job.Mapping = form.Name
		if job.Spec, err = form.YAML(); err != nil {
			job.Spec = ""
			return job, keepBoth(j.save(ctx, job), err)
		}
	}
	m, err := mapping.Parse("mapping.yaml", []byte(job.Spec))
	if err != nil {
		return job, err
	}
	job.Mapping = m.Name()
	if _, _, err := j.bind(job); err != nil {
		return job, err
	}
	return job, j.save(ctx, job)
}

// keepBoth gives the graver of two errors.
func keepBoth(saving, said error) error {
	if saving != nil {
		return saving
	}
	return said
}

// Remember saves a draft's mapping under its name, to be used again.
func (j *Jobs) Remember(ctx context.Context, job Job, by string) error {
	all, err := j.Mappings(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name == job.Mapping && s.Spec == job.Spec {
			return nil
		}
	}
	return j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		return saveMapping(ctx, tx, Saved{Name: job.Mapping, Spec: job.Spec, Form: job.Form, By: by, At: j.o.Clock()})
	})
}

// names lists the files of an import.
func names(files []File) string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Name
	}
	return strings.Join(out, ", ")
}
