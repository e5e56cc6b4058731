package people

import (
	"context"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// Contact is how somebody can be written to, and what they said about it.
type Contact struct {
	Person experience.ID
	Essential
	Identifiers []experience.Identifier // that name this person alone, the surest first
	Consents    map[string]bool         // purpose -> given
}

// Contact gives the contact of whoever an id belongs to now, in the caller's
// transaction. NotFound when it belongs to nobody.
func (r *Records) Contact(ctx context.Context, tx registry.Tx, id experience.ID) (Contact, error) {
	c := Contact{Consents: map[string]bool{}}
	now, err := r.Resolve(ctx, tx, id)
	if err != nil {
		return c, err
	}
	found, err := r.summaries(ctx, tx, []experience.ID{now})
	if err != nil {
		return c, err
	}
	if len(found) == 0 {
		return c, experience.Errorf(experience.NotFound, "people.error.unknown")
	}
	p := Person{Summary: found[0]}
	if _, err := r.heldBySubject(ctx, tx, &p); err != nil {
		return c, err
	}
	if err := r.said(ctx, tx, &p); err != nil {
		return c, err
	}
	c.Person, c.Essential = now, p.Essential
	for _, h := range p.Identifiers {
		if h.Joins {
			c.Identifiers = append(c.Identifiers, h.Identifier)
		}
	}
	for _, s := range p.Consents {
		c.Consents[s.Purpose] = s.Given
	}
	return c, nil
}

// Holder gives who goes by an identifier alone, in the caller's transaction; the
// zero id where nobody does, or several.
func (r *Records) Holder(ctx context.Context, tx registry.Tx, i experience.Identifier) (experience.ID, error) {
	holders, err := r.holders(ctx, tx, identity.PersonID(r.key, i))
	if err != nil || len(holders) != 1 {
		return experience.ID{}, err
	}
	return holders[0], nil
}
