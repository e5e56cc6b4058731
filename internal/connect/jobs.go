package connect

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/registry"
)

// Undoer takes a whole import back by the one door: it returns once that is
// safe in the log.
type Undoer interface {
	TakeBack(ctx context.Context, importID experience.ID, by string) error
}

// JobOptions say what Jobs stand on. All but Logger must be given.
type JobOptions struct {
	Book   Book
	Folder string // where files wait, for its owner alone
	// Sender gives the way in for what a mapping of that name tells, and the
	// source it comes in by.
	Sender   func(ctx context.Context, name string, id experience.ID) (Sender, string, error)
	Undoer   Undoer
	Woven    func(ctx context.Context) error                            // waits until the books have what was sent
	Count    func(ctx context.Context, id experience.ID) (int64, error) // rows that came with an import
	Examples fs.FS                                                      // the ready mappings
	Company  func(context.Context) experience.Company
	Clock    experience.Clock
	Logger   *slog.Logger
}

// Jobs are the imports of this Regia: those under way, and the history.
type Jobs struct {
	o       JobOptions
	ctx     context.Context
	stop    context.CancelCauseFunc
	working sync.WaitGroup

	mu    sync.Mutex
	under map[experience.ID]*work
}

// work is an import under way in this process.
type work struct {
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed once it is not under way any more
	mu     sync.Mutex
	job    Job
}

func (w *work) look() Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.job
}

func (w *work) change(f func(*Job)) Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.job)
	return w.job
}

var (
	errClosing   = errors.New("this Regia is stopping")
	errCancelled = errors.New("somebody stopped the import")
)

// NewJobs gives the imports of a Regia. Close them before what they stand on.
func NewJobs(o JobOptions) *Jobs {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Jobs{o: o, under: map[experience.ID]*work{}}
	j.ctx, j.stop = context.WithCancelCause(context.Background())
	return j
}

// Close stops what is under way; Resume goes on with it.
func (j *Jobs) Close() {
	j.stop(errClosing)
	j.working.Wait()
}

func (j *Jobs) dir(id experience.ID) string          { return filepath.Join(j.o.Folder, id.String()) }
func (j *Jobs) filesDir(id experience.ID) string     { return filepath.Join(j.dir(id), "files") }
func (j *Jobs) rejectedPath(id experience.ID) string { return filepath.Join(j.dir(id), "rejected.csv") }

// Get gives one import, as far as it is now.
func (j *Jobs) Get(ctx context.Context, id experience.ID) (Job, error) {
	j.mu.Lock()
	w := j.under[id]
	j.mu.Unlock()
	if w != nil {
		return w.look(), nil
	}
	var job Job
	err := j.o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		job, err = selectJob(ctx, tx, id)
		return err
	})
	return job, err
}

// List gives the imports, the latest first.
func (j *Jobs) List(ctx context.Context) ([]Job, error) {
	var out []Job
	err := j.o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		out, err = selectJobs(ctx, tx)
		return err
	})
	for i := range out {
		j.mu.Lock()
		w := j.under[out[i].ID]
		j.mu.Unlock()
		if w != nil {
			out[i] = w.look()
		}
	}
	return out, err
}

func (j *Jobs) save(ctx context.Context, job Job) error {
	return j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return updateJob(ctx, tx, job) })
}

// Begin writes down an import that runs elsewhere, such as in a command.
func (j *Jobs) Begin(ctx context.Context, name, by, origin string, files []File) (Job, error) {
	job := Job{ID: experience.NewID(), State: Running, Origin: origin, Mapping: name, Files: files, By: by, CreatedAt: j.o.Clock(), Fresh: Unknown}
	return job, j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return insertJob(ctx, tx, job) })
}

// Ended writes down what became of an import that ran elsewhere.
func (j *Jobs) Ended(ctx context.Context, id experience.ID, state State, r Report, failure string) (Job, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, err
	}
	if job.Origin != "cli" || job.State != Running {
		return job, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	job.State, job.EndedAt, job.Failure = state, j.o.Clock(), failure
	job.Rows, job.Made, job.Accepted, job.Rejected, job.Rejections = r.Rows, r.Interactions+r.Profiles, r.Accepted, r.Rejected, r.Rejections
	if err := j.save(ctx, job); err != nil {
		return job, err
	}
	j.finish(job)
	return job, nil
}

// Start runs a draft by its mapping, in the background.
func (j *Jobs) Start(ctx context.Context, id experience.ID, by string) (Job, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, err
	}
	if job.State != Draft || job.Spec == "" {
		return job, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	if _, _, err := j.bind(job); err != nil {
		return job, err
	}
	job.State, job.By, job.Failure = Running, by, ""
	// Two that press the button at once start it once.
	err = j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		now, err := selectJob(ctx, tx, id)
		if err == nil && now.State != Draft {
			err = experience.Errorf(experience.Conflict, "connect.error.state")
		}
		if err != nil {
			return err
		}
		return updateJob(ctx, tx, job)
	})
	if err != nil {
		return job, err
	}
	j.launch(job, j.run)
	return job, nil
}

// launch does work for an import until it ends or Jobs are closed.
func (j *Jobs) launch(job Job, do func(ctx context.Context, w *work)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ctx.Err() != nil || j.under[job.ID] != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(j.ctx)
	w := &work{cancel: cancel, ended: make(chan struct{}), job: job}
	j.under[job.ID] = w
	j.working.Go(func() {
		defer cancel(nil)
		do(ctx, w)
		j.mu.Lock()
		delete(j.under, job.ID)
		j.mu.Unlock()
		close(w.ended)
	})
}

// bind binds the mapping of an import to its files.
func (j *Jobs) bind(job Job) (*Import, *mapping.Mapping, error) {
	m, err := mapping.Parse(job.Mapping+".yaml", []byte(job.Spec))
	if err != nil {
		return nil, nil, err
	}
	if !exists(j.filesDir(job.ID)) {
		return nil, m, experience.Errorf(experience.NotFound, "connect.error.files")
	}
	paths, ok := recognise(m, j.filesDir(job.ID), job.Files)
	if !ok {
		paths = []string{j.filesDir(job.ID)}
	}
	in, err := Open(m, Options{Inputs: paths, Rejected: j.rejectedPath(job.ID), Coded: true, Clock: j.o.Clock, Logger: j.o.Logger})
	return in, m, err
}

// savedEvery is how often progress is written down, for a server that starts again.
const savedEvery = 2 * time.Second

// run reads and sends everything.
func (j *Jobs) run(ctx context.Context, w *work) {
	job := w.look()
	report, err := j.send(ctx, w, job)
	if errors.Is(context.Cause(ctx), errClosing) {
		return // it stays running, and goes on when Regia does
	}
	job = w.change(func(now *Job) {
		now.State, now.EndedAt = Done, j.o.Clock()
		now.Rows, now.Made, now.Accepted = report.Rows, report.Interactions+report.Profiles, report.Accepted
		now.Rejected, now.Rejections = report.Rejected, report.Rejections
		switch {
		case errors.Is(context.Cause(ctx), errCancelled):
			now.State = Cancelled
		case err != nil:
			now.State, now.Failure = Failed, experience.MessageOf(err)
			j.o.Logger.Error("an import failed", "import", now.ID, "error", err)
		}
	})
	keep := context.WithoutCancel(ctx)
	if err := j.save(keep, job); err != nil {
		j.o.Logger.Error("what became of an import could not be written down", "import", job.ID, "error", err)
	}
	j.settle(j.ctx, w)
}

func (j *Jobs) send(ctx context.Context, w *work, job Job) (Report, error) {
	in, _, err := j.bind(job)
	if err != nil {
		return Report{}, err
	}
	if err := os.Remove(j.rejectedPath(job.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Report{}, err
	}
	to, source, err := j.o.Sender(ctx, job.Mapping, job.ID)
	if err != nil {
		return Report{}, err
	}
	saved := j.o.Clock()
	in.options.Progress = func(p mapping.Progress) {
		now := w.change(func(now *Job) {
			now.Source, now.Rows, now.Bytes, now.TotalBytes = source, p.Rows, p.Bytes, p.TotalBytes
		})
		if j.o.Clock().Sub(saved) > savedEvery {
			saved = j.o.Clock()
			if err := j.save(ctx, now); err != nil && ctx.Err() == nil {
				j.o.Logger.Warn("how far an import is could not be written down", "import", job.ID, "error", err)
			}
		}
	}
	return in.Run(ctx, to)
}

// settle waits for the books and counts what was new.
func (j *Jobs) settle(ctx context.Context, w *work) {
	if err := j.o.Woven(ctx); err != nil {
		return // Resume counts again
	}
	n, err := j.o.Count(ctx, w.look().ID)
	if err != nil {
		if ctx.Err() == nil {
			j.o.Logger.Warn("what was new of an import could not be counted", "import", w.look().ID, "error", err)
		}
		return
	}
	job := w.change(func(now *Job) { now.Fresh = n })
	if err := j.save(ctx, job); err != nil && ctx.Err() == nil {
		j.o.Logger.Warn("what was new of an import could not be written down", "import", job.ID, "error", err)
	}
}

func (j *Jobs) finish(job Job) { j.launch(job, j.settle) }

// Cancel stops an import under way. What was sent stays.
func (j *Jobs) Cancel(ctx context.Context, id experience.ID) (Job, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, err
	}
	j.mu.Lock()
	w := j.under[id]
	j.mu.Unlock()
	if w == nil || job.State != Running {
		return job, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	w.cancel(errCancelled)
	return job, nil
}

// Undo takes a whole import back: what came with it leaves the books.
func (j *Jobs) Undo(ctx context.Context, id experience.ID, by string) (Job, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, err
	}
	j.mu.Lock()
	w := j.under[id]
	j.mu.Unlock()
	if w != nil && job.Fresh != Unknown { // all is counted: it ends in a moment
		select {
		case <-w.ended:
			w = nil
		case <-ctx.Done():
			return job, ctx.Err()
		}
	}
	if w != nil || !job.Undoable() {
		return job, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	if err := j.o.Undoer.TakeBack(ctx, id, by); err != nil {
		return job, err
	}
	job.State = TakingBack
	if err := j.save(ctx, job); err != nil {
		return job, err
	}
	j.launch(job, j.watch)
	return job, nil
}

// watchEvery is the pause between two looks at what is left of an import.
const watchEvery = 3 * time.Second

// watch waits until nothing of an import is left.
func (j *Jobs) watch(ctx context.Context, w *work) {
	for {
		err := j.o.Woven(ctx)
		if err == nil {
			var left int64
			if left, err = j.o.Count(ctx, w.look().ID); err == nil && left == 0 {
				job := w.change(func(now *Job) { now.State = TakenBack })
				if err = j.save(ctx, job); err == nil {
					return
				}
			}
		}
		if err != nil && ctx.Err() == nil {
			j.o.Logger.Warn("an import could not be seen to be taken back; it is looked at again", "import", w.look().ID, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery):
		}
	}
}

// kept is how long the files of an import stay for corrections.
const kept = 30 * 24 * time.Hour

// Resume goes on with what was under way when Regia stopped, and lets go of
// files that are no longer needed.
func (j *Jobs) Resume(ctx context.Context) error {
	all, err := j.List(ctx)
	if err != nil {
		return err
	}
	for _, job := range all {
		switch {
		case job.State == Running && job.Origin != "cli" && exists(j.filesDir(job.ID)):
			j.launch(job, j.run)
		case job.State == TakingBack:
			j.launch(job, j.watch)
		case (job.State == Done || job.State == Cancelled || job.State == Failed) && job.Fresh == Unknown:
			j.finish(job)
		}
		if job.State != Running && j.o.Clock().Sub(job.CreatedAt) > kept {
			if err := os.RemoveAll(j.dir(job.ID)); err != nil {
				j.o.Logger.Warn("the files of an old import could not be removed", "import", job.ID, "error", err)
			}
		}
	}
	return nil
}

// Discard forgets a draft and its files.
func (j *Jobs) Discard(ctx context.Context, id experience.ID) error {
	err := j.o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		job, err := selectJob(ctx, tx, id)
		if err == nil && job.State != Draft {
			err = experience.Errorf(experience.Conflict, "connect.error.state")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM imports WHERE id = $1`, id.String())
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(j.dir(id))
}
