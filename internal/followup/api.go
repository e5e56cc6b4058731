package followup

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/stats"
	"regia/internal/web"
)

type (
	// FollowUpPath names a follow-up. (Exported, as huma only fills exported fields.)
	FollowUpPath struct {
		ID string `path:"id" maxLength:"36"`
	}
	// FollowUpRulePath names a rule.
	FollowUpRulePath struct {
		Key string `path:"key" enum:"legal,leaving,urgent,detractor,praise"`
	}
	followUpListInput struct {
		View  string `query:"view" enum:"mine,all,late,closed" default:"all" doc:"all and mine are the open ones"`
		After string `query:"after" maxLength:"10" doc:"What next of the page before gave"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	// FollowUp is a voice that needs somebody.
	FollowUp struct {
		ID       string     `json:"id"`
		Rule     string     `json:"rule"`
		Voice    string     `json:"voice" doc:"Id of the interaction"`
		Person   string     `json:"person" doc:"When it was opened; empty: nobody known"`
		Said     time.Time  `json:"said_at"`
		Why      string     `json:"why" doc:"The word that the rule found; empty: none"`
		Scale    string     `json:"scale" doc:"Of the answer that opened it; empty: it was none"`
		Score    float64    `json:"score" doc:"In the scale's own units"`
		Opened   time.Time  `json:"opened_at"`
		Owner    string     `json:"owner" doc:"Id of the user who is asked"`
		Due      time.Time  `json:"due_at"`
		LateTo   string     `json:"late_to" doc:"Id of the user it was passed on to"`
		LateAt   *time.Time `json:"late_at" doc:"When it was passed on; null: it was not"`
		Closed   *time.Time `json:"closed_at" doc:"Null: it is open"`
		ClosedBy string     `json:"closed_by"`
		Outcome  string     `json:"outcome" doc:"resolved, unreachable, no_action, or empty"`
	}
	followUpListOutput struct {
		Body struct {
			Items  []FollowUp       `json:"items"`
			Next   string           `json:"next" doc:"Continues the list; empty at its end"`
			Counts map[string]int64 `json:"counts" doc:"How many each view has"`
		}
	}
	followUpOutput struct {
		Body struct {
			FollowUp FollowUp       `json:"follow_up"`
			Steps    []FollowUpStep `json:"steps" doc:"What was done about it, the oldest first"`
			Passed   int64          `json:"passed_over" doc:"Other reasons and voices for which it stood already"`
		}
	}
	followUpChangeInput struct {
		FollowUpPath
		Body struct {
			What    string `json:"what" enum:"take,assign,note,close,reopen"`
			Owner   string `json:"owner,omitempty" maxLength:"36" doc:"assign: id of a user"`
			Outcome string `json:"outcome,omitempty" enum:"resolved,unreachable,no_action" doc:"close"`
			Text    string `json:"text,omitempty" maxLength:"4000" doc:"note, close: what was done"`
		}
	}
	followUpFiguresInput struct {
		Days int `query:"days" minimum:"1" maximum:"3650" default:"90"`
	}
	followUpFiguresOutput struct {
		Body struct {
			From     time.Time        `json:"from"`
			To       time.Time        `json:"to"`
			InTime   *stats.Interval  `json:"closed_in_time" doc:"Part of those whose deadline passed or that are closed, with Wilson's interval; null: there are none"`
			Outcomes map[string]int64 `json:"outcomes"`
			Turned   []FollowUpTurned `json:"turned" doc:"By scale, never put together"`
			Waiting  int64            `json:"waiting" doc:"Closed, and no second answer yet"`
		}
	}
	followUpRulesOutput struct {
		Body struct {
			Items []FollowUpRule `json:"items"`
			Next  string         `json:"next" doc:"Always empty"`
		}
	}
	followUpRuleInput struct {
		FollowUpRulePath
		Body FollowUpRule
	}
	followUpRuleOutput    struct{ Body FollowUpRule }
	followUpOutlookOutput struct{ Body FollowUpOutlook }
)

func (r *Room) registerAPI(s *web.Site) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/" + path, Summary: summary, Tags: []string{"voice"}}
	}
	web.Operation(s, op("list-follow-ups", http.MethodGet, "follow-ups", "Voices that need somebody"), workers(), r.listAPI)
	web.Operation(s, op("get-follow-up", http.MethodGet, "follow-ups/{id}", "A follow-up, and what was done about it"), workers(), func(ctx context.Context, in *FollowUpPath) (*followUpOutput, error) {
		return r.oneAPI(ctx, in.ID)
	})
	web.Operation(s, op("change-follow-up", http.MethodPost, "follow-ups/{id}/steps", "Do something about a follow-up"), workers(), r.changeAPI)
	web.Operation(s, op("get-follow-up-figures", http.MethodGet, "follow-up-figures", "How well the loop is closed, and whether opinions turned"), workers(), r.figuresAPI)
	web.Operation(s, op("list-follow-up-rules", http.MethodGet, "follow-up-rules", "The rules that open follow-ups, what is most pressing first"), workers(), func(ctx context.Context, _ *struct{}) (*followUpRulesOutput, error) {
		list, err := r.Rules(ctx)
		var out followUpRulesOutput
		out.Body.Items = list
		return &out, err
	})
	web.Operation(s, op("get-follow-up-hours", http.MethodGet, "follow-up-hours", "When the company is at work: the hours that deadlines count"), workers(), r.hoursAPI)
	web.Operation(s, op("put-follow-up-hours", http.MethodPut, "follow-up-hours", "Say when the company is at work; deadlines that stand stay"), stewards(), r.putHoursAPI)
	web.Operation(s, op("put-follow-up-rule", http.MethodPut, "follow-up-rules/{key}", "Put a rule in force"), stewards(), func(ctx context.Context, in *followUpRuleInput) (*followUpRuleOutput, error) {
		in.Body.Key = in.Key
		err := r.Decide(ctx, in.Body, web.UserFrom(ctx).Name)
		return &followUpRuleOutput{in.Body}, err
	})
	web.Operation(s, op("preview-follow-up-rule", http.MethodPost, "follow-up-rules/{key}/preview", "How many follow-ups a rule would have opened in the last 30 days; nothing is kept"), stewards(),
		func(ctx context.Context, in *followUpRuleInput) (*followUpOutlookOutput, error) {
			in.Body.Key = in.Key
			o, err := r.Preview(ctx, in.Body)
			return &followUpOutlookOutput{o}, err
		})
}

func (i Item) api() FollowUp {
	out := FollowUp{ID: i.ID, Rule: i.Rule, Voice: i.Voice.String(), Person: i.Person.String(), Said: i.Said, Why: i.Why, Scale: i.Scale, Score: i.Score,
		Opened: i.Opened, Owner: i.Owner, Due: i.Due, LateTo: i.LateTo, ClosedBy: i.ClosedBy, Outcome: i.Outcome}
	if !i.LateAt.IsZero() {
		out.LateAt = &i.LateAt
	}
	if !i.Closed.IsZero() {
		out.Closed = &i.Closed
	}
	return out
}

func (r *Room) listAPI(ctx context.Context, in *followUpListInput) (*followUpListOutput, error) {
	offset, err := strconv.Atoi(in.After)
	if in.After != "" && (err != nil || offset < 0) {
		return nil, errCursor
	}
	list, counts, err := r.List(ctx, in.View, web.UserFrom(ctx).ID, offset, in.Limit+1)
	var out followUpListOutput
	out.Body.Items, out.Body.Counts = []FollowUp{}, counts
	if len(list) > in.Limit {
		list, out.Body.Next = list[:in.Limit], strconv.Itoa(offset+in.Limit)
	}
	for _, i := range list {
		out.Body.Items = append(out.Body.Items, i.api())
	}
	return &out, err
}

func (r *Room) oneAPI(ctx context.Context, id string) (*followUpOutput, error) {
	i, steps, passed, err := r.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	var out followUpOutput
	out.Body.FollowUp, out.Body.Steps, out.Body.Passed = i.api(), append([]FollowUpStep{}, steps...), passed
	return &out, nil
}

func (r *Room) changeAPI(ctx context.Context, in *followUpChangeInput) (*followUpOutput, error) {
	by, b := web.UserFrom(ctx), in.Body
	var err error
	switch b.What {
	case "take":
		err = r.Assign(ctx, in.ID, by.ID, by)
	case "assign":
		err = r.Assign(ctx, in.ID, b.Owner, by)
	case "note":
		err = r.Note(ctx, in.ID, b.Text, by)
	case "close":
		err = r.CloseIt(ctx, in.ID, b.Outcome, b.Text, by)
	case "reopen":
		err = r.Reopen(ctx, in.ID, by)
	}
	if err != nil {
		return nil, err
	}
	return r.oneAPI(ctx, in.ID)
}

func (r *Room) figuresAPI(ctx context.Context, in *followUpFiguresInput) (*followUpFiguresOutput, error) {
	f, err := r.Figures(ctx, in.Days)
	if err != nil {
		return nil, err
	}
	var out followUpFiguresOutput
	b := &out.Body
	b.From, b.To, b.Outcomes, b.Turned, b.Waiting = f.From, f.To, f.Outcomes, []FollowUpTurned{}, f.Waiting
	if f.InTime.Bounded() {
		b.InTime = &f.InTime
	}
	for _, t := range f.Turned {
		if !t.Rise.Bounded() { // of one answer it is not known how much answers differ
			t.Rise.Low, t.Rise.High = t.Rise.Value, t.Rise.Value
		}
		b.Turned = append(b.Turned, t)
	}
	return &out, nil
}
