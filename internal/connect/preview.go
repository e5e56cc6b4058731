package connect

import (
	"context"
	"errors"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// Preview is what an import would bring.
type Preview struct {
	Items    []mapping.Item // the first ones, of each step its share
	Tally    mapping.Tally
	Refused  int64
	Reasons  []Rejection // the first
	Complete bool        // every row was read; else as many as time allowed
}

// previewTime is how long a preview reads.
const previewTime = 8 * time.Second

// trial counts what a walk makes, keeping nothing.
type trial struct{ *rejects }

func (trial) Take(mapping.Item) error { return nil }

// Try reads everything for at most the given time and counts what would be
// refused; the first n items show what would come in.
func (i *Import) Try(ctx context.Context, n int, patience time.Duration) (Preview, error) {
	items, _, err := i.DryRun(ctx, n)
	if err != nil {
		return Preview{}, err
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	to := trial{newRejects("", nil)}
	tally, err := i.bound.Walk(short, mapping.WalkOptions{Progress: i.options.Progress, Clock: i.options.Clock}, to)
	p := Preview{Items: items, Tally: tally, Refused: to.rows, Reasons: to.sample, Complete: err == nil}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil
	}
	return p, err
}

// Preview shows what a draft would bring.
func (j *Jobs) Preview(ctx context.Context, id experience.ID) (Job, Preview, error) {
	job, err := j.Get(ctx, id)
	if err != nil {
		return job, Preview{}, err
	}
	if job.State != Draft || job.Spec == "" {
		return job, Preview{}, experience.Errorf(experience.Conflict, "connect.error.state")
	}
	in, _, err := j.bind(job)
	if err != nil {
		return job, Preview{}, err
	}
	p, err := in.Try(ctx, 10, previewTime)
	return job, p, err
}
