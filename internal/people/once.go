package people

import (
	"context"

	"regia/internal/experience"
)

// once asks about each touchpoint once while a page is made: most lines of a
// timeline are of the same few.
type once struct {
	Touchpoints
	known map[string]touchpointName
}

type touchpointName struct {
	name    map[string]string
	channel experience.Channel
}

// askedOnce is for the lines of one page.
func (r *Room) askedOnce() *once { return &once{r.Touchpoints, map[string]touchpointName{}} }

func (o *once) Touchpoint(ctx context.Context, key string) (map[string]string, experience.Channel) {
	t, ok := o.known[key]
	if !ok {
		t.name, t.channel = o.Touchpoints.Touchpoint(ctx, key)
		o.known[key] = t
	}
	return t.name, t.channel
}
