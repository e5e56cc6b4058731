package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Bounds of what may be uploaded for one import.
const (
	// DefaultMaxUpload is how many bytes the files of one import may have.
	DefaultMaxUpload = 4 << 30
	maxFiles         = 50
	maxFileName      = 150
	// uploadPause is how long an upload may stand still.
	uploadPause = 60 * time.Second
	uploadStep  = 1 << 20
)

// Draft makes an import of uploaded files. The request is a form with one or
// more parts named "files". Without an error the import is a draft.
func (j *Jobs) Draft(w http.ResponseWriter, r *http.Request, by, origin string, limit int64) (Job, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return Job{}, experience.Errorf(experience.Invalid, "connect.error.form")
	}
	job := Job{ID: experience.NewID(), State: Draft, Origin: origin, By: by, CreatedAt: j.o.Clock(), Fresh: Unknown}
	if err := os.MkdirAll(j.filesDir(job.ID), 0o700); err != nil {
		return job, experience.Errorf(experience.Unavailable, "connect.error.disk")
	}
	if limit <= 0 {
		limit = DefaultMaxUpload
	}
	u := upload{dir: j.filesDir(job.ID), left: limit, deadline: http.NewResponseController(w), now: j.o.Clock}
	err = u.all(parts)
	if job.Files = u.files; err == nil && len(job.Files) == 0 {
		err = experience.Errorf(experience.Invalid, "connect.error.nofile")
	}
	if err == nil {
		err = j.add(r.Context(), &job)
	}
	if err != nil {
		return job, errors.Join(err, os.RemoveAll(j.dir(job.ID)))
	}
	return job, nil
}

// add writes a draft down, with the mapping that fits its files.
func (j *Jobs) add(ctx context.Context, job *Job) error {
	if job.Spec == "" {
		if err := j.propose(ctx, job); err != nil {
			return err
		}
	}
	return j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return insertJob(ctx, tx, *job) })
}

// Correct makes a new import of the files of another and of its corrected rows,
// by the same mapping.
func (j *Jobs) Correct(w http.ResponseWriter, r *http.Request, id experience.ID, by string, limit int64) (Job, error) {
	before, err := j.Get(r.Context(), id)
	if err != nil {
		return Job{}, err
	}
	if before.Spec == "" || !exists(j.filesDir(id)) {
		return Job{}, experience.Errorf(experience.NotFound, "connect.error.files")
	}
	job, err := j.Draft(w, r, by, before.Origin, limit)
	if err != nil {
		return job, err
	}
	for _, f := range before.Files {
		to := filepath.Join(j.filesDir(job.ID), f.Name)
		if exists(to) {
			continue // the corrected file has the place of the one before
		}
		if err := link(filepath.Join(j.filesDir(id), f.Name), to); err != nil {
			return job, errors.Join(err, j.Discard(r.Context(), job.ID))
		}
		job.Files = append(job.Files, f)
	}
	job.Mapping, job.Spec, job.Form = before.Mapping, before.Spec, before.Form
	return job, j.save(r.Context(), job)
}

// link gives a file a second place, or copies it where that cannot be.
func link(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return diskFull(errors.Join(err, out.Close()))
}

// upload streams the files of a form to a folder.
type upload struct {
	dir      string
	left     int64
	files    []File
	deadline *http.ResponseController
	now      experience.Clock
}

func (u *upload) all(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return broken(err)
		case part.FormName() != "files" || part.FileName() == "":
			continue
		case len(u.files) == maxFiles:
			return experience.Errorf(experience.TooLarge, "connect.error.many")
		}
		if err := u.one(part); err != nil {
			return err
		}
	}
}

func broken(err error) error {
	var known *experience.Error
	if errors.As(err, &known) {
		return err
	}
	return &experience.Error{Code: experience.Invalid, Message: "connect.error.broken", Err: err}
}

func (u *upload) one(part *multipart.Part) error {
	name := fileName(part.FileName(), len(u.files)+1)
	for n := 2; exists(filepath.Join(u.dir, name)); n++ {
		ext := filepath.Ext(name)
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
	out, err := os.OpenFile(filepath.Join(u.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return diskFull(err)
	}
	size, err := u.copy(out, part)
	if err = errors.Join(err, diskFull(out.Close())); err != nil {
		return err
	}
	u.files = append(u.files, File{name, size})
	return nil
}

// copy takes a file step by step: a large one may take long, a silent one not.
func (u *upload) copy(out io.Writer, in io.Reader) (int64, error) {
	size := int64(0)
	for {
		_ = u.deadline.SetReadDeadline(time.Now().Add(uploadPause)) // tests have none
		n, err := io.CopyN(out, in, min(uploadStep, u.left+1))
		size += n
		if u.left -= n; u.left < 0 {
			return size, experience.Errorf(experience.TooLarge, "connect.error.large")
		}
		switch {
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil && isDisk(err):
			return size, diskFull(err)
		case err != nil:
			return size, broken(err)
		}
	}
}

func isDisk(err error) bool {
	var path *os.PathError
	return errors.As(err, &path) || errors.Is(err, syscall.ENOSPC)
}

// diskFull says that this machine cannot keep a file.
func diskFull(err error) error {
	if err == nil {
		return nil
	}
	return &experience.Error{Code: experience.Unavailable, Message: "connect.error.disk", Err: err}
}

// fileName makes a name that is only a name: no folders, nothing hidden, nothing
// that a shell or a mapping would read differently.
func fileName(sent string, n int) string {
	name := filepath.Base(strings.ReplaceAll(sent, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|=`, r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(name, "-"))
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	if runes := []rune(name); len(runes) > maxFileName {
		name = string(runes[len(runes)-maxFileName:])
	}
	if name == "" {
		name = fmt.Sprintf("file-%d", n)
	}
	return name
}
