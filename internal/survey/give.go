package survey

import "context"

// Given is what somebody answered otherwise than on the public pages.
type Given struct {
	Ticket    Ticket
	Reference string // names the response where the ticket has no invitation; the same again counts once
	Language  string
	Answers   Answers
	Finish    bool // false: they went away in the middle
}

// Give keeps answers as the public pages do, and tells whoever invited.
// ErrAnswered when the response is settled; Conflict when the survey is closed.
func (r *Room) Give(ctx context.Context, g Given) error {
	v, status, err := r.Store.Current(ctx, g.Ticket.Survey)
	if err != nil {
		return err
	}
	if status != Open {
		return errClosed
	}
	step := Step{Ticket: g.Ticket, Language: v.language(g.Language), Finish: g.Finish}
	if step.Answers, _, err = v.read(g.Answers); err != nil {
		return err
	}
	step.ID = r.Tickets.referred(g.Ticket.Survey, g.Reference)
	if g.Ticket.Invitation != "" {
		step.ID = r.Tickets.invited(g.Ticket)
	}
	r.Store.Opened(g.Ticket.Survey, g.Ticket.Channel)
	kept, err := r.Store.Keep(ctx, v, step)
	if err != nil || !g.Finish {
		return err
	}
	r.hurry()
	if g.Ticket.Invitation == "" || r.Invitations == nil {
		return nil
	}
	return r.Invitations.Answered(ctx, g.Ticket.Invitation, kept.SettledAt, true)
}

// read checks answers against their questions; cut tells that a text was too
// long.
func (s *Survey) read(given Answers) (out Answers, cut bool, err error) {
	out = Answers{}
	for key, a := range given {
		i := s.question(key)
		if i < 0 {
			return nil, false, errAnswer
		}
		x, short, err := s.Questions[i].read(a)
		if err != nil {
			return nil, false, err
		}
		out[key], cut = x, cut || short
	}
	return out, cut, nil
}
