package invite

import (
	"context"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Request asks somebody by hand, or by the API.
type Request struct {
	ID       experience.ID // of the invitation; zero = a fresh one
	Who      experience.Identifier
	Survey   string
	By       Channel
	About    About
	Language string        // "" = the person's
	Delay    time.Duration // before it is sent
	Expiry   time.Duration // after it is sent; 0 = two weeks
}

const usualExpiry = 14 * day

// Answer is what became of a Request.
type Answer struct {
	Reason     Reason // Asked, or why not
	Invitation experience.ID
	Path       string // of the link, where whoever called hands it over
}

// Ask invites somebody, unless something speaks against it. The guard knows no
// exception: who was asked a while ago is not asked, whoever wants it.
func (r *Room) Ask(ctx context.Context, q Request) (out Answer, err error) {
	if !slices.Contains(Channels, q.By) && q.By != API {
		return out, experience.Errorf(experience.Invalid, "invite.error.channel")
	}
	survey, err := r.Surveys.Get(ctx, q.Survey)
	if isMissing(err) {
		err = experience.Errorf(experience.Invalid, "invite.error.survey")
	}
	if err != nil {
		return out, err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return out, err
	}
	if q.ID.IsZero() {
		q.ID = experience.NewID()
	}
	if q.Expiry <= 0 {
		q.Expiry = usualExpiry
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		out = Answer{}
		return r.askNow(ctx, tx, q, survey, settings, &out)
	})
	r.hurry()
	return out, err
}

func (r *Room) askNow(ctx context.Context, tx registry.Tx, q Request, survey Survey, settings Settings, out *Answer) error {
	contact, err := r.contactOf(ctx, tx, q.Who)
	if err != nil {
		return err
	}
	now := r.Clock()
	i := Invitation{
		ID: q.ID, Person: contact.Person, Channel: q.By, Survey: q.Survey, About: q.About.tidy(), Language: q.Language, State: Planned,
		PlannedAt: now, DueAt: now.Add(q.Delay), Who: q.Who.String(),
	}
	if i.Language == "" {
		i.Language = contact.Language
	}
	zone := r.Company(ctx).Location()
	switch q.By {
	case Email, SMS:
		i.DueAt = settings.Quiet.open(i.DueAt, zone)
	case API, Widget: // handed over at once
		i.State, i.DueAt, i.SentAt = Sent, now, now
	}
	i.AskedAt, i.ExpiresAt = i.DueAt, i.DueAt.Add(q.Expiry)
	if !survey.Open {
		out.Reason = Closed
	} else if out.Reason, i.identifier, err = r.judge(ctx, tx, judgement{contact: contact, by: q.By, at: i.DueAt, settings: settings}); err != nil {
		return err
	}
	if err := tally(ctx, tx, experience.ID{}, now.In(zone).Format(time.DateOnly), out.Reason, 1); err != nil || out.Reason != Asked {
		return err
	}
	out.Invitation = i.ID
	if err := r.insert(ctx, tx, i, contact); err != nil {
		return err
	}
	if i.State != Sent {
		return nil
	}
	if out.Path, err = r.Surveys.Path(i.link(i.Language)); err != nil {
		return err
	}
	return note(ctx, tx, i.ID, eventSent, now)
}

// contact gives the contact of whom an invitation is for, as it is now. NotFound
// where they are nobody any more.
func (r *Room) contact(ctx context.Context, tx registry.Tx, i Invitation) (Contact, error) {
	if i.Who == "" {
		return r.People.Contact(ctx, tx, i.Person)
	}
	who, err := experience.ParseIdentifier(i.Who, r.Company(ctx).Region)
	if err != nil {
		return Contact{}, err
	}
	return r.contactOf(ctx, tx, who)
}

// contactOf gives the contact of whoever goes by an identifier. An address or a
// number that Regia has not seen yet is a contact as well; its answer makes it
// somebody.
func (r *Room) contactOf(ctx context.Context, tx registry.Tx, who experience.Identifier) (Contact, error) {
	person, err := r.People.Holder(ctx, tx, who)
	if err != nil {
		return Contact{}, err
	}
	if !person.IsZero() {
		c, err := r.People.Contact(ctx, tx, person)
		if err == nil {
			switch who.Kind { // asked at this one of several
			case experience.EmailID:
				c.Email = who.Value
			case experience.PhoneID:
				c.Phone = who.Value
			}
		}
		return c, err
	}
	c := Contact{Identifiers: []experience.Identifier{who}}
	switch who.Kind {
	case experience.EmailID:
		c.Email = who.Value
	case experience.PhoneID:
		c.Phone = who.Value
	}
	return c, nil
}
