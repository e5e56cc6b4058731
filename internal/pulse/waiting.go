package pulse

import (
	"context"

	"github.com/a-h/templ"

	"regia/internal/web"
)

// Waiting is how many voices need somebody of the company.
type Waiting struct {
	Open int64 // nobody has closed them yet
	Late int64 // of those, past their deadline
	Mine int64 // of those open, the reader is asked
}

// FollowUps tells what waits for somebody, and of it what waits for a user.
type FollowUps interface {
	Waiting(ctx context.Context, user string) (Waiting, error)
}

// waitingPart is the box about voices that need somebody; none where nothing
// waits, or for those who may not see people.
func (r *Room) waitingPart(ctx context.Context, v view) (templ.Component, error) {
	u := web.UserFrom(ctx)
	if !u.SeesPeople() {
		return templ.NopComponent, nil
	}
	w, err := r.FollowUps.Waiting(ctx, u.ID)
	if err != nil || w.Open == 0 {
		return templ.NopComponent, err
	}
	return waitingBody(v, w), nil
}
