package people

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

// Timelines gives what a person did, page by page.
type Timelines interface {
	Timeline(ctx context.Context, q ledger.TimelineQuery) (items []experience.Interaction, next string, err error)
}

// Decider takes a decision about identity by the one door: it returns once the
// decision is safe in the log.
type Decider interface {
	Decide(ctx context.Context, d experience.Decision) error
}

// Touchpoints says where a touchpoint is and what it is called.
type Touchpoints interface {
	Touchpoint(ctx context.Context, key string) (name map[string]string, channel experience.Channel)
}

// Sources says what a source is called and on which channel it is.
type Sources interface {
	Source(ctx context.Context, id string) (name string, channel experience.Channel)
}

// Room is the People room: its API and its pages.
type Room struct {
	Records     *Records
	Timelines   Timelines
	Decider     Decider
	Touchpoints Touchpoints
	Sources     Sources
	Company     func(context.Context) experience.Company
	Clock       experience.Clock
	// Woven waits until the books have all that was accepted before the call,
	// so that a decision shows on the page that follows it; nil: nobody waits.
	Woven func(ctx context.Context) error
	// Relationships tells how far somebody has come; nil: nobody does.
	Relationships Relationships
	Logger        *slog.Logger // nil: silence
	Impact        Impact       // nil: nothing is told of what interactions did

	site *web.Site
}

// Item is one interaction on a timeline.
type Item struct {
	ID         experience.ID      `json:"id"`
	MessageID  string             `json:"message_id" doc:"The sender's own id of the message"`
	Time       time.Time          `json:"time" doc:"When it happened, by the sender's corrected clock"`
	ReceivedAt time.Time          `json:"received_at" doc:"When Regia took it"`
	Name       string             `json:"name" doc:"Event or page name; empty for identify, group and alias"`
	Kind       experience.Kind    `json:"kind" enum:"identify,track,page,screen,group,alias"`
	Touchpoint string             `json:"touchpoint" doc:"Key of the touchpoint; empty while nothing binds the event"`
	Channel    experience.Channel `json:"channel"`
	Source     string             `json:"source"`
	Revenue    *Revenue           `json:"revenue,omitempty" doc:"Money in it, refunds negative"`
	Record     bool               `json:"record" doc:"No contact: a file or another system says something about the person"`
	Properties map[string]any     `json:"properties"`
}

type listInput struct {
	Identifier string `query:"identifier" example:"email:anna@example.it" doc:"kind:value; everybody with whom it was seen"`
	Q          string `query:"q" maxLength:"200" doc:"Beginnings of names, or any identifier"`
	Cursor     string `query:"cursor" doc:"From the page before"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type listOutput struct {
	Body struct {
		Items []Summary `json:"items"`
		Next  *string   `json:"next" doc:"Cursor of the next page; null at the end"`
	}
}

type personInput struct {
	ID string `path:"id" format:"uuid" doc:"Also an id that was merged away: it leads on"`
}

type personOutput struct{ Body Person }

type timelineInput struct {
	ID     string `path:"id" format:"uuid" doc:"Also an id that was merged away: it leads on"`
	Before string `query:"before" doc:"Cursor of the page before, or a time (RFC 3339)"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	All    bool   `query:"all" doc:"Also bots and the company's own staff"`
}

type timelineOutput struct {
	Body struct {
		Items []Item  `json:"items"`
		Next  *string `json:"next" doc:"Cursor of the next page; null at the end"`
	}
}

type decisionInput struct {
	Body struct {
		Action experience.DecisionAction `json:"action" enum:"same,different,shared,undo"`
		A      *experience.Identifier    `json:"a,omitempty" doc:"Not for undo"`
		B      *experience.Identifier    `json:"b,omitempty" doc:"For same and different"`
		Target string                    `json:"target,omitempty" doc:"For undo: the decision's id"`
	}
}

type decisionOutput struct{ Body experience.Decision }

// RegisterAPI adds the room's operations.
func (r *Room) RegisterAPI(s *web.Site) {
	tags := []string{"People"}
	web.Operation(s, huma.Operation{OperationID: "list-people", Method: http.MethodGet, Path: "/api/v1/people", Tags: tags,
		Summary: "Find people by identifier or name, or list who was there last, and then those only records tell of"}, nil, r.list)
	web.Operation(s, huma.Operation{OperationID: "get-person", Method: http.MethodGet, Path: "/api/v1/people/{id}", Tags: tags,
		Summary: "One customer record"}, nil, r.person)
	web.Operation(s, huma.Operation{OperationID: "get-timeline", Method: http.MethodGet, Path: "/api/v1/people/{id}/timeline", Tags: tags,
		Summary: "What a person did and what records say of them, the latest first"}, nil, r.timeline)
	web.Operation(s, huma.Operation{OperationID: "decide-identity", Method: http.MethodPost, Path: "/api/v1/people/decisions", Tags: tags,
		Summary: "Decide who is who; every decision can be undone", DefaultStatus: http.StatusAccepted},
		deciders, r.decideAPI)
}

var deciders = []experience.Role{experience.Owner, experience.Manager, experience.Agent}

func (r *Room) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var (
		out  listOutput
		next string
		err  error
	)
	region := r.Company(ctx).Region
	switch {
	case in.Identifier != "":
		var i experience.Identifier
		if i, err = experience.ParseIdentifier(in.Identifier, region); err == nil {
			out.Body.Items, err = r.Records.ByIdentifier(ctx, i)
		}
	case in.Q != "":
		out.Body.Items, err = r.Records.Search(ctx, in.Q, region, in.Limit)
	default:
		out.Body.Items, next, err = r.Records.Recent(ctx, in.Cursor, in.Limit)
	}
	if err != nil {
		return nil, err
	}
	if out.Body.Items == nil {
		out.Body.Items = []Summary{}
	}
	if next != "" {
		out.Body.Next = &next
	}
	if !web.UserFrom(ctx).SeesPeople() {
		for k := range out.Body.Items {
			out.Body.Items[k].mask()
		}
	}
	return &out, nil
}

func (r *Room) person(ctx context.Context, in *personInput) (*personOutput, error) {
	id, err := experience.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := r.Records.Person(ctx, id, time.Duration(r.Company(ctx).VisitGap))
	if err != nil {
		return nil, err
	}
	if !web.UserFrom(ctx).SeesPeople() {
		p.mask()
	}
	return &personOutput{p}, nil
}

func (r *Room) timeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	id, err := r.current(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	rows, next, err := r.Timelines.Timeline(ctx, ledger.TimelineQuery{Person: id, Before: in.Before, Limit: in.Limit, IncludeFlagged: in.All})
	if err != nil {
		return nil, err
	}
	var out timelineOutput
	out.Body.Items = make([]Item, len(rows))
	touchpoints := r.askedOnce()
	for k, row := range rows {
		out.Body.Items[k] = r.item(ctx, touchpoints, row, web.UserFrom(ctx).SeesPeople())
	}
	if next != "" {
		out.Body.Next = &next
	}
	return &out, nil
}

// item makes a row fit to be shown. Who may not see people sees what happened,
// not what was said of them.
func (r *Room) item(ctx context.Context, touchpoints Touchpoints, row experience.Interaction, seesPeople bool) Item {
	it := Item{
		ID: row.ID, MessageID: row.MessageID, Time: row.Time.UTC(), ReceivedAt: row.ReceivedAt.UTC(), Name: row.Name, Kind: row.Kind,
		Touchpoint: row.Touchpoint, Source: row.Source, Record: row.Flags&experience.FlagRecord != 0, Properties: map[string]any{},
	}
	if row.Touchpoint != "" {
		_, it.Channel = touchpoints.Touchpoint(ctx, row.Touchpoint)
	}
	if it.Channel == "" {
		_, it.Channel = r.Sources.Source(ctx, row.Source)
	}
	if row.Currency != "" {
		it.Revenue = &Revenue{Currency: row.Currency, Minor: row.Revenue, Orders: 1}
	}
	if seesPeople && len(row.Properties) > 0 {
		// A row's properties were checked to be an object at the front door.
		_ = json.Unmarshal(row.Properties, &it.Properties)
	}
	return it
}

func (r *Room) decideAPI(ctx context.Context, in *decisionInput) (*decisionOutput, error) {
	d := experience.Decision{ID: experience.NewID(), Action: in.Body.Action, By: web.UserFrom(ctx).ID, At: r.Clock()}
	if in.Body.A != nil {
		d.A = *in.Body.A
	}
	if in.Body.B != nil {
		d.B = *in.Body.B
	}
	if in.Body.Target != "" {
		var err error
		if d.Target, err = experience.ParseID(in.Body.Target); err != nil {
			return nil, err
		}
	}
	if err := r.decide(ctx, &d); err != nil {
		return nil, err
	}
	return &decisionOutput{d}, nil
}

// decide checks a decision and hands it on.
func (r *Room) decide(ctx context.Context, d *experience.Decision) error {
	region := r.Company(ctx).Region
	sides := 0
	for _, i := range []*experience.Identifier{&d.A, &d.B} {
		if i.Kind == "" && i.Value == "" {
			continue
		}
		n, ok := experience.NewIdentifier(i.Kind, i.Value, region)
		if !ok {
			return experience.Errorf(experience.Invalid, "%s identifies nobody", i)
		}
		*i = n
		sides++
	}
	want := map[experience.DecisionAction]int{experience.SamePerson: 2, experience.DifferentPeople: 2, experience.SharedByMany: 1, experience.UndoDecision: 0}
	if n, ok := want[d.Action]; !ok || sides != n || (d.Action == experience.UndoDecision) == d.Target.IsZero() {
		return experience.Errorf(experience.Invalid, "people.error.decision")
	}
	return r.Decider.Decide(ctx, *d)
}

// current gives the id of whoever a path's id belongs to now.
func (r *Room) current(ctx context.Context, text string) (experience.ID, error) {
	id, err := experience.ParseID(text)
	if err != nil {
		return id, err
	}
	return r.Records.Current(ctx, id)
}

func (s *Summary) mask() {
	for _, f := range []*string{&s.Name, &s.FirstName, &s.LastName, &s.Email, &s.Phone, &s.Birthday, &s.LoyaltyCard, &s.Handle} {
		*f = web.Mask(*f)
	}
}

func (p *Person) mask() {
	p.Summary.mask()
	p.Traits = []Trait{}
	for k := range p.Identifiers {
		p.Identifiers[k].Value = web.Mask(p.Identifiers[k].Value)
	}
	for k := range p.Suspected {
		p.Suspected[k].mask()
		for j := range p.Suspected[k].Shared {
			p.Suspected[k].Shared[j].Value = web.Mask(p.Suspected[k].Shared[j].Value)
		}
	}
	for k := range p.Decisions {
		p.Decisions[k].A.Value, p.Decisions[k].B.Value = web.Mask(p.Decisions[k].A.Value), web.Mask(p.Decisions[k].B.Value)
	}
}
