package survey

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Response is what one person answered to a survey.
type Response struct {
	ID         experience.ID
	Survey     string
	Version    int // whose wording and scales its answers have
	Invitation string
	Channel    Channel
	Language   string
	About      string
	Shop       string
	OrderID    string
	ProductID  string
	Who        []experience.Identifier // until it is told; those of an invitation are not kept here
	Answers    Answers
	BegunAt    time.Time
	ChangedAt  time.Time
	FinishedAt time.Time // zero: not finished
	SettledAt  time.Time // zero: under way; nothing is added afterwards
	Told       bool      // the log has it
}

// Abandoned is after how long without an answer a response that is not
// finished is settled: what there is counts.
const Abandoned = 30 * time.Minute

// Step is a page that was answered, or all of a survey at once.
type Step struct {
	ID       experience.ID // of the response: chosen when the first page is shown
	Ticket   Ticket
	Version  int // of a response that begins with this step
	Language string
	Who      []experience.Identifier // beside those of the invitation
	Answers  Answers                 // to be added
	Finish   bool
}

// ErrAnswered says that a response is settled: it was given before.
var ErrAnswered = experience.Errorf(experience.Conflict, "survey.error.answered")

func (step Step) begin(v *Version, now time.Time) Response {
	t := step.Ticket
	about := t.About
	if about == "" {
		about = v.About
	}
	r := Response{
		ID: step.ID, Survey: v.Key, Version: v.Number, Invitation: t.Invitation, Channel: t.Channel, Language: step.Language,
		About: about, Shop: t.Shop, OrderID: t.OrderID, ProductID: t.ProductID, Who: step.Who, BegunAt: now,
	}
	if v.Staff {
		r.Invitation, r.Who = "", nil // who works here answers as nobody
	}
	return r
}

// Response gives a response. NotFound where nothing was answered yet.
func (s *Store) Response(ctx context.Context, id experience.ID) (r Response, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		r, err = selectResponse(ctx, tx, id)
		return err
	})
	return r, err
}

// settle settles responses that were left unfinished, and tells how many.
func (s *Store) settle(ctx context.Context, most int) (n int, err error) {
	now := s.clock()
	err = s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		list, err := selectAbandoned(ctx, tx, now.Add(-Abandoned), most)
		if err != nil {
			return err
		}
		for _, r := range list {
			v, err := selectVersion(ctx, tx, r.Survey, r.Version)
			if err != nil {
				return err
			}
			r.Answers, r.SettledAt = v.kept(r.Answers), now
			if err := saveResponse(ctx, tx, r, false); err != nil {
				return err
			}
			if err := insertAnswers(ctx, tx, v, r); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	return n, err
}

// Opened counts that a survey's first page was looked at. It is written down
// soon after; what a crash takes with it was only looked at.
func (s *Store) Opened(survey string, channel Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens[opening{survey, channel}]++
}

// writeOpens writes down what Opened counted.
func (s *Store) writeOpens(ctx context.Context) error {
	s.mu.Lock()
	counted := s.opens
	s.opens = map[opening]int64{}
	s.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	err := s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return addOpens(ctx, tx, counted) })
	if err != nil { // another time
		s.mu.Lock()
		defer s.mu.Unlock()
		for at, n := range counted {
			s.opens[at] += n
		}
	}
	return err
}
