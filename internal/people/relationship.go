package people

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// Relationships tells how far a person's relationship with the brand has come.
type Relationships interface {
	// Relationship is NotFound where nothing was ever seen of a person.
	Relationship(ctx context.Context, l *web.Locale, person experience.ID) (Relationship, error)
}

// Relationship is where a person stands, in the reader's words.
type Relationship struct {
	Stage string
	Tone  web.Tone
	Since time.Time
	Why   string // the facts that speak for it
	Rule  string // the rule that they fit
}

// relationship finds it for the page; nil where there is none to tell. Trouble
// with it leaves the rest of the page alone.
func (r *Room) relationship(ctx context.Context, l *web.Locale, person experience.ID) *Relationship {
	if r.Relationships == nil {
		return nil
	}
	found, err := r.Relationships.Relationship(ctx, l, person)
	if err != nil {
		if experience.CodeOf(err) != experience.NotFound {
			r.Logger.ErrorContext(ctx, "the stage of a person could not be found", "error", err)
		}
		return nil
	}
	return &found
}
