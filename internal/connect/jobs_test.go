package connect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/registry"
)

// bench is what Jobs stand on, in a test: a real registry, and a door that can
// be held shut.
type bench struct {
	JobOptions
	mu    sync.Mutex
	known map[string]bool
	taken []experience.ID
	gate  chan struct{} // nil: open
	knock chan struct{} // told when somebody stands before a shut door
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	db, err := registry.Open(t.Context(), registry.Options{Path: filepath.Join(dir, "registry.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{known: map[string]bool{}, knock: make(chan struct{}, 100)}
	b.JobOptions = JobOptions{
		Book: db, Folder: filepath.Join(dir, "imports"), Undoer: b, Clock: experience.SystemClock,
		Sender:  func(context.Context, string, experience.ID) (Sender, string, error) { return b, "source", nil },
		Woven:   func(context.Context) error { return nil },
		Company: func(context.Context) experience.Company { return experience.DefaultCompany() },
		Count: func(context.Context, experience.ID) (int64, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.taken) > 0 {
				return 0, nil
			}
			return int64(len(b.known)), nil
		},
	}
	return b
}

func (b *bench) TakeBack(_ context.Context, id experience.ID, _ string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = append(b.taken, id)
	return nil
}

func (b *bench) shut() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate = make(chan struct{})
	return b.gate
}

func (b *bench) open() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate = nil
}

func (b *bench) Send(ctx context.Context, items []mapping.Item) (Result, error) {
	b.mu.Lock()
	gate := b.gate
	b.mu.Unlock()
	if gate != nil {
		b.knock <- struct{}{}
		select {
		case <-ctx.Done():
			return Result{}, context.Cause(ctx)
		case <-gate:
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, item := range items {
		b.known[item.MessageID] = true
	}
	return Result{Accepted: len(items)}, nil
}

// draft puts an import of many rows on the bench.
func (b *bench) draft(t *testing.T, j *Jobs, rows int) Job {
	t.Helper()
	job := Job{ID: experience.NewID(), State: Draft, Origin: "browser", CreatedAt: time.Now(), Fresh: Unknown, Files: []File{{Name: "rows.csv"}}}
	if err := os.MkdirAll(j.filesDir(job.ID), 0o700); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("Data;Codice cliente;Importo;Nota\n")
	for range rows {
		text.WriteString("05/02/2024;C7;3,40;" + experience.NewID().String() + "\n")
	}
	if err := os.WriteFile(filepath.Join(j.filesDir(job.ID), "rows.csv"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := j.add(t.Context(), &job); err != nil {
		t.Fatal(err)
	}
	if job.Form == nil {
		t.Fatal("nothing was guessed")
	}
	job, err := j.Use(t.Context(), job.ID, job.Form, "")
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// in waits until an import is in a state, and counted.
func (b *bench) in(t *testing.T, j *Jobs, id experience.ID, state State) Job {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		job, err := j.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		j.mu.Lock()
		busy := j.under[id] != nil
		j.mu.Unlock()
		if job.State == state && !busy {
			return job
		}
	}
	t.Fatalf("the import never is %s", state)
	return Job{}
}

// TestJobsSurviveARestart: what was under way when Regia stopped goes on.
func TestJobsSurviveARestart(t *testing.T) {
	b := newBench(t)
	j := NewJobs(b.JobOptions)
	job := b.draft(t, j, 3000)
	b.shut()
	if _, err := j.Start(t.Context(), job.ID, "anna"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Start(t.Context(), job.ID, "bea"); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("started twice: %v", err)
	}
	<-b.knock
	j.Close()
	b.open()

	j = NewJobs(b.JobOptions)
	defer j.Close()
	if got, err := j.Get(t.Context(), job.ID); err != nil || got.State != Running {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := j.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := b.in(t, j, job.ID, Done)
	if done.Accepted != 3000 || done.Fresh != 3000 || done.Repeated() != 0 || done.By != "anna" || done.Source != "source" {
		t.Errorf("%+v", done)
	}

	if _, err := j.Undo(t.Context(), job.ID, "anna"); err != nil {
		t.Fatal(err)
	}
	b.in(t, j, job.ID, TakenBack)
	if _, err := j.Undo(t.Context(), job.ID, "anna"); experience.CodeOf(err) != experience.Conflict || len(b.taken) != 1 {
		t.Errorf("taken back twice: %v", err)
	}
}

func TestJobsCancel(t *testing.T) {
	b := newBench(t)
	j := NewJobs(b.JobOptions)
	defer j.Close()
	job := b.draft(t, j, 5000)
	b.shut()
	if _, err := j.Cancel(t.Context(), job.ID); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("a draft was cancelled: %v", err)
	}
	if _, err := j.Start(t.Context(), job.ID, "anna"); err != nil {
		t.Fatal(err)
	}
	<-b.knock
	if _, err := j.Cancel(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	if got := b.in(t, j, job.ID, Cancelled); got.Accepted != 0 || got.Undoable() {
		t.Errorf("%+v", got)
	}
	if err := j.Discard(t.Context(), job.ID); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("history was thrown away: %v", err)
	}
}

// TestOldFilesGo: the files of an import are kept for corrections, not for ever.
func TestOldFilesGo(t *testing.T) {
	b := newBench(t)
	j := NewJobs(b.JobOptions)
	defer j.Close()
	job := b.draft(t, j, 1)
	if err := j.Resume(t.Context()); err != nil || !exists(j.filesDir(job.ID)) {
		t.Errorf("fresh files are gone: %v", err)
	}
	j.o.Clock = func() time.Time { return time.Now().Add(kept + time.Hour) }
	if err := j.Resume(t.Context()); err != nil || exists(j.filesDir(job.ID)) {
		t.Errorf("old files are there: %v", err)
	}
	if _, _, err := j.Preview(t.Context(), job.ID); experience.CodeOf(err) != experience.NotFound {
		t.Errorf("a preview without files: %v", err)
	}
	if err := j.Discard(t.Context(), job.ID); err != nil {
		t.Error(err)
	}
}
