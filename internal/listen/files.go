package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"regia/internal/experience"
)

// Bounds of the files that are brought.
const (
	maxGoogleFile  = 64 << 20
	maxArchiveFile = 4 << 30
	maxFiles       = 20 // that wait at one post
	uploadPause    = 60 * time.Second
	uploadStep     = 1 << 20
)

// filePlace is how far a file was read: bytes of an archive, reviews of Google's.
type filePlace struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
}

// files reads the files that wait, the oldest first, and removes each that was
// read to its end. One that cannot be read is removed as well: what stood before
// the break was taken.
func (l *looking) files(ctx context.Context, read func(ctx context.Context, f *os.File, at filePlace) error) error {
	names, err := l.waiting(l.post.ID)
	if err != nil {
		return err
	}
	var at filePlace
	_ = json.Unmarshal([]byte(l.post.position), &at) // empty, or written here
	var trouble error
	for _, name := range names {
		if name != at.File {
			at = filePlace{File: name}
		}
		err := l.file(ctx, filepath.Join(l.folder(l.post.ID), name), at, read)
		switch {
		case unreadable(err):
			trouble = err
		case err != nil:
			return err
		}
		if err := os.Remove(filepath.Join(l.folder(l.post.ID), name)); err != nil {
			return err
		}
	}
	return trouble
}

func (l *looking) file(ctx context.Context, path string, at filePlace, read func(context.Context, *os.File, filePlace) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(ctx, f, at)
}

func (r *Room) folder(id string) string { return filepath.Join(r.Folder, id) }

// waiting gives the files of a post that were brought to this machine, in the
// order they came.
func (r *Room) waiting(id string) ([]string, error) {
	entries, err := os.ReadDir(r.folder(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), brought) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// here leaves out posts whose files wait on another machine.
func (r *Room) here(list []due) []string {
	var ids []string
	for _, d := range list {
		if d.kind.Files() {
			if names, err := r.waiting(d.id); err != nil || len(names) == 0 {
				continue
			}
		}
		ids = append(ids, d.id)
	}
	return ids
}

// brought is how the names of files end that are whole; partial those that are
// still arriving.
const (
	brought = ".brought"
	partial = ".partial"
)

// bring takes a file of a form, and has its post read it.
func (r *Room) bring(ctx context.Context, w http.ResponseWriter, q *http.Request, id string) error {
	p, err := r.get(ctx, id)
	if err != nil {
		return err
	}
	if !p.Kind.Files() {
		return invalid("listen.error.nofiles")
	}
	if names, err := r.waiting(id); err != nil || len(names) >= maxFiles {
		return errors.Join(err, experience.Errorf(experience.TooMany, "listen.error.waiting"))
	}
	parts, err := q.MultipartReader()
	if err != nil {
		return invalid("listen.error.form")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return &experience.Error{Code: experience.Invalid, Message: "listen.error.form", Err: err}
		}
		if part.FormName() == "file" && part.FileName() != "" {
			if err := r.keep(p, part, http.NewResponseController(w)); err != nil {
				return err
			}
			return r.wake(ctx, id)
		}
	}
}

// keep writes a file down, and calls it whole only when it is.
func (r *Room) keep(p Post, part *multipart.Part, deadline *http.ResponseController) (err error) {
	if err := os.MkdirAll(r.folder(p.ID), 0o700); err != nil {
		return diskFull(err)
	}
	path := filepath.Join(r.folder(p.ID), experience.NewID().String()) // ids stand in the order they were made
	out, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return diskFull(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path+partial))
		}
	}()
	left := int64(maxArchiveFile)
	if p.Kind == Google {
		left = maxGoogleFile
	}
	err = copyFile(out, part, left, deadline)
	if err == nil {
		err = diskFull(out.Sync())
	}
	if err = errors.Join(err, diskFull(out.Close())); err != nil {
		return err
	}
	return diskFull(os.Rename(path+partial, path+brought))
}

// copyFile takes a file step by step: a large one may take long, a silent one not.
func copyFile(out io.Writer, in io.Reader, left int64, deadline *http.ResponseController) error {
	for {
		_ = deadline.SetReadDeadline(time.Now().Add(uploadPause)) // tests have none
		n, err := io.CopyN(out, in, min(uploadStep, left+1))
		switch left -= n; {
		case left < 0:
			return experience.Errorf(experience.TooLarge, "listen.error.large")
		case errors.Is(err, io.EOF):
			return nil
		case isDisk(err):
			return diskFull(err)
		case err != nil:
			return &experience.Error{Code: experience.Invalid, Message: "listen.error.form", Err: err}
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
	return &experience.Error{Code: experience.Unavailable, Message: "listen.error.disk", Err: fmt.Errorf("keep a file: %w", err)}
}
