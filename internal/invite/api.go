package invite

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	inviteInput struct {
		Body struct {
			Who        string  `json:"who" maxLength:"600" doc:"An identifier, as kind:value" example:"email:anna@example.it"`
			Survey     string  `json:"survey" maxLength:"100"`
			Channel    Channel `json:"channel" enum:"email,sms,widget,api" doc:"api: the answer holds the link, for you to hand over"`
			About      string  `json:"about,omitempty" maxLength:"100" doc:"Key of the touchpoint that the question is about"`
			Shop       string  `json:"shop,omitempty" maxLength:"200"`
			OrderID    string  `json:"order_id,omitempty" maxLength:"200"`
			ProductID  string  `json:"product_id,omitempty" maxLength:"200"`
			Language   string  `json:"language,omitempty" maxLength:"10"`
			Delay      int     `json:"delay_minutes,omitempty" minimum:"0" maximum:"129600"`
			ExpiryDays int     `json:"expiry_days,omitempty" minimum:"0" maximum:"90" doc:"0: two weeks"`
		}
	}
	inviteOutput struct {
		Body struct {
			Asked      bool   `json:"asked"`
			Reason     Reason `json:"reason" doc:"asked, or what speaks against it"`
			Invitation string `json:"invitation,omitempty"`
			Link       string `json:"link,omitempty" doc:"Where it is answered, for channels api and widget"`
		}
	}
	inviteFiguresInput struct {
		Days int `query:"days" minimum:"1" maximum:"3650" default:"30"`
	}
	inviteFiguresOutput struct {
		Body struct {
			Since   time.Time        `json:"since"`
			Decided map[Reason]int64 `json:"decided" doc:"How many were asked, and how many were not, by reason"`
			States  map[State]int64  `json:"invitations" doc:"How far the invitations planned since have come"`
		}
	}
	// InviteRule is a rule as the API has it. (Exported, as huma names its schema by it.)
	InviteRule struct {
		ID     string            `json:"id,omitempty" readOnly:"true"`
		Active bool              `json:"active"`
		Name   string            `json:"name" maxLength:"80"`
		Event  string            `json:"event" maxLength:"200" example:"Order Delivered"`
		Where  []InviteCondition `json:"where,omitempty" maxItems:"5"`
		Delay  int               `json:"delay_minutes" minimum:"0" maximum:"129600"`
		Share  float64           `json:"share" exclusiveMinimum:"0" maximum:"1" doc:"Of the interactions; which ones is a matter of their ids, and always the same"`
		By     Channel           `json:"channel" enum:"email,sms,widget"`
		Survey string            `json:"survey" maxLength:"100"`
		About  string            `json:"about,omitempty" maxLength:"100"`
		Expiry int               `json:"expiry_days" minimum:"1" maximum:"90"`
		Remind int               `json:"remind_days,omitempty" minimum:"0" maximum:"89"`
		Since  time.Time         `json:"since,omitzero" readOnly:"true"`
	}
	// InviteCondition is one thing that must hold of an interaction.
	InviteCondition struct {
		Property string `json:"property" maxLength:"100"`
		Op       Op     `json:"op" enum:"is,is_not,at_least,at_most"`
		Value    string `json:"value" maxLength:"200"`
	}
	inviteRuleInput     struct{ Body InviteRule }
	inviteRuleEditInput struct {
		ID   string `path:"id" maxLength:"80"`
		Body InviteRule
	}
	inviteRulePath struct {
		ID string `path:"id" maxLength:"80"`
	}
	inviteRuleOutput  struct{ Body InviteRule }
	inviteRulesOutput struct {
		Body struct {
			Items []InviteRule `json:"items"`
			Next  string       `json:"next" doc:"Always empty: the list is whole"`
		}
	}
)

func (r *Room) registerAPI() {
	const path = "/api/v1/voice/invitations" // "/api/v1/invitations" are those of users
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"invitations"}}
	}
	web.Operation(r.site, op("ask-somebody", http.MethodPost, path, "Ask somebody to answer a survey, unless something speaks against it"), steerers, r.inviteAPI)
	web.Operation(r.site, op("invitation-figures", http.MethodGet, path, "Who was asked, who not and why, and what came of it"), nil, r.figuresAPI)
	web.Operation(r.site, op("list-invitation-rules", http.MethodGet, path+"/rules", "The rules that say who is asked"), readers,
		func(ctx context.Context, _ *struct{}) (*inviteRulesOutput, error) {
			all, err := r.rules(ctx)
			var out inviteRulesOutput
			out.Body.Items = make([]InviteRule, len(all))
			for k, x := range all {
				out.Body.Items[k] = x.forAPI()
			}
			return &out, err
		})
	web.Operation(r.site, op("create-invitation-rule", http.MethodPost, path+"/rules", "Make a rule"), steerers,
		func(ctx context.Context, in *inviteRuleInput) (*inviteRuleOutput, error) {
			return r.keepAPI(ctx, experience.ID{}, in.Body)
		})
	web.Operation(r.site, op("change-invitation-rule", http.MethodPut, path+"/rules/{id}", "Change a rule"), steerers,
		func(ctx context.Context, in *inviteRuleEditInput) (*inviteRuleOutput, error) {
			id, err := experience.ParseID(in.ID)
			if err != nil {
				return nil, errNoRule
			}
			return r.keepAPI(ctx, id, in.Body)
		})
	web.Operation(r.site, op("delete-invitation-rule", http.MethodDelete, path+"/rules/{id}", "Remove a rule; what it decided stays"), steerers,
		func(ctx context.Context, in *inviteRulePath) (*struct{}, error) {
			id, err := experience.ParseID(in.ID)
			if err != nil {
				return nil, errNoRule
			}
			return nil, r.DeleteRule(ctx, id)
		})
}

func (r *Room) inviteAPI(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
	b := in.Body
	who, err := experience.ParseIdentifier(b.Who, r.Company(ctx).Region)
	if err != nil {
		return nil, err
	}
	answer, err := r.Ask(ctx, Request{
		Who: who, Survey: b.Survey, By: b.Channel, About: About{Touchpoint: b.About, Shop: b.Shop, OrderID: b.OrderID, ProductID: b.ProductID},
		Language: b.Language, Delay: time.Duration(b.Delay) * time.Minute, Expiry: time.Duration(b.ExpiryDays) * day,
	})
	if err != nil {
		return nil, err
	}
	var out inviteOutput
	out.Body.Asked, out.Body.Reason, out.Body.Invitation = answer.Reason == Asked, answer.Reason, answer.Invitation.String()
	if answer.Path != "" {
		out.Body.Link = r.base() + answer.Path
	}
	return &out, nil
}

func (r *Room) figuresAPI(ctx context.Context, in *inviteFiguresInput) (*inviteFiguresOutput, error) {
	since := r.Clock().Add(-time.Duration(in.Days) * day)
	f, err := r.Figures(ctx, experience.ID{}, since)
	var out inviteFiguresOutput
	out.Body.Since, out.Body.Decided, out.Body.States = since, f.Decided, f.States
	return &out, err
}

func (r *Room) keepAPI(ctx context.Context, id experience.ID, b InviteRule) (*inviteRuleOutput, error) {
	x := Rule{
		ID: id, Active: b.Active, Name: b.Name, Event: b.Event, Delay: b.Delay, Share: b.Share, By: b.By, Survey: b.Survey, About: b.About, Expiry: b.Expiry, Remind: b.Remind,
	}
	for _, c := range b.Where {
		x.Where = append(x.Where, Condition(c))
	}
	saved, err := r.SaveRule(ctx, web.UserFrom(ctx).ID, x)
	if err != nil {
		return nil, err
	}
	return &inviteRuleOutput{Body: saved.forAPI()}, nil
}

func (r Rule) forAPI() InviteRule {
	out := InviteRule{
		ID: r.ID.String(), Active: r.Active, Name: r.Name, Event: r.Event, Delay: r.Delay, Share: r.Share, By: r.By, Survey: r.Survey, About: r.About,
		Expiry: r.Expiry, Remind: r.Remind, Since: r.Since,
	}
	for _, c := range r.Where {
		out.Where = append(out.Where, InviteCondition(c))
	}
	return out
}
