package collect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
)

// Delivery is a body that came by another way than HTTP: a device's message.
type Delivery struct {
	Key        string    // the write key
	What       string    // a kind of call such as "track", or "batch"
	Body       []byte    // as the body of the address of that name
	ReceivedAt time.Time // when Regia took it into its hands
	// ID is the same however often the delivery is repeated: ids of messages are
	// made of it where the sender gave none. "" makes them at random.
	ID string
}

// Take takes a delivery in, with the checks of the HTTP addresses, and returns
// once its events are on disk. It says after how long it wants the delivery
// again, when it could not be taken now; 0 is for good: it was taken, or
// refused. What a source's delivery was refused for stands on the source's
// page; what belongs to no source is only counted.
func (d *Door) Take(ctx context.Context, x Delivery) (again time.Duration) {
	if !d.enter() {
		return later * time.Second
	}
	defer d.leave()
	if d.admission.check() != nil {
		return later * time.Second
	}
	received := x.ReceivedAt.Truncate(time.Microsecond).UTC()
	source, err := d.authenticate(ctx, x.Key, d.o.Clock())
	switch code := experience.CodeOf(err); {
	case err == nil:
	case code == experience.Unauthorised || code == experience.Forbidden:
		d.metrics.rejected.WithLabelValues("key").Inc()
		return 0
	default:
		return later * time.Second
	}
	d.metrics.bytes.Add(float64(len(x.Body)))
	return d.again(ctx, d.deliver(ctx, x, source, received))
}

// deliver takes the delivery of a known source in.
func (d *Door) deliver(ctx context.Context, x Delivery, source Source, received time.Time) reply {
	c := call{kind: experience.Kind(x.What), batch: x.What == "batch", idRoot: x.ID}
	if c.batch {
		c.kind = ""
	} else if !slices.Contains(experience.Kinds, c.kind) {
		return d.refuseBody(source, received, experience.Errorf(experience.Invalid,
			"the topic must end in the kind of call: %s or batch", join(experience.Kinds)))
	}
	if len(x.Body) > d.o.Limits.Body {
		return d.refuseBody(source, received, d.reader.tooLarge())
	}
	release, err := d.reader.hold(len(x.Body))
	defer release()
	if err != nil {
		return reply{err: err}
	}
	body, err := clean(x.Body)
	if err != nil {
		return d.refuseBody(source, received, err)
	}
	desk := d.reader.desk()
	defer d.reader.clear(desk)
	v, err := desk.envelope.open(body, c.batch, d.o.Limits.Batch)
	if err == nil && c.batch {
		err = v.checkBatch(d.o.Limits.Body)
	}
	if err != nil {
		return d.refuseBody(source, received, err)
	}
	if wait := d.buckets.take(source.ID, len(v.items), d.o.Clock()); wait > 0 {
		return reply{err: experience.Errorf(experience.TooMany, "this source sends too fast"), retryAfter: wait}
	}
	return d.take(ctx, visitor{}, d.staff(ctx, received), c, source, v, received, desk)
}

// again tells when a delivery is wanted again after it was answered so.
func (d *Door) again(ctx context.Context, r reply) time.Duration {
	if r.err == nil {
		return 0
	}
	if errors.Is(r.err, context.Canceled) || errors.Is(r.err, context.DeadlineExceeded) {
		return later * time.Second
	}
	switch experience.CodeOf(r.err) {
	case experience.Invalid, experience.TooLarge:
		return 0 // it will not get better, and was noted
	case experience.Internal:
		d.o.Logger.ErrorContext(ctx, "a device's message could not be taken; it stays where it is, and is tried again", "error", r.err)
	}
	return time.Duration(max(r.retryAfter, later)) * time.Second
}

func join(kinds []experience.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
