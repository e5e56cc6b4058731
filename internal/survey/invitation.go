package survey

import (
	"context"
	"time"

	"regia/internal/experience"
)

// Invited is whom an invitation is for, and what it is about.
type Invited struct {
	Survey string // key of the survey it asks to answer
	Open   bool   // may be answered: it was neither withdrawn nor did it expire
	// Identifiers name the person, for the log. They are asked for when an
	// answer is told, and not kept with it.
	Identifiers []experience.Identifier
	// What the answer is about, where the ticket does not say.
	About, Shop, OrderID, ProductID string
	Language                        string // of the person; "" = not known
}

// Invitations is what this room needs of whoever invites. All of it may be
// called again with the same id. One invitation has one answer; this room sees
// to that.
type Invitations interface {
	// Look tells of an invitation. NotFound where there is none.
	Look(ctx context.Context, id string) (Invited, error)
	// Opened is called whenever its page is looked at, also by programs that
	// read mail.
	Opened(ctx context.Context, id string, at time.Time) error
	// Answered is called once an answer is there for good: finished, or left
	// half-finished and told all the same.
	Answered(ctx context.Context, id string, at time.Time, finished bool) error
	// Declined is called when the person said that they would rather not.
	Declined(ctx context.Context, id string, at time.Time) error
}
