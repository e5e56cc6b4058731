package lifecycle

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type answer[A any] struct{ Body A }

func operation(method, path, summary string) huma.Operation {
	id := "lifecycle-" + map[string]string{"stages": "stages", "movement": "movement", "purchases": "purchases", "people": "people", "people/{id}": "person", "rules": "rules", "rules/preview": "preview-rules"}[path]
	if method == http.MethodPut {
		id = "change-lifecycle-rules"
	}
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/lifecycle/" + path, Tags: []string{"Life-cycle"}, Summary: summary}
}

func (r *Room) registerAPI(s *web.Site) {
	web.Operation(s, operation(http.MethodGet, "stages", "How many people are at which stage of the relationship"), nil, r.stagesAPI)
	web.Operation(s, operation(http.MethodGet, "movement", "How people moved from stage to stage, month by month"), nil, r.movementAPI)
	web.Operation(s, operation(http.MethodGet, "purchases", "How many buy a second and a third time, and how long it takes"), nil, r.purchasesAPI)
	web.Operation(s, operation(http.MethodGet, "people", "Who is behind a number of the life-cycle"), nil, r.peopleAPI)
	web.Operation(s, operation(http.MethodGet, "people/{id}", "The stage of one person, since when, and what speaks for it"), nil, r.personAPI)
	web.Operation(s, operation(http.MethodGet, "rules", "By which rules people are at which stage"), nil, r.rulesAPI)
	web.Operation(s, operation(http.MethodPut, "rules", "Change the rules"), stewards(), r.changeAPI)
	web.Operation(s, operation(http.MethodPost, "rules/preview", "How many people would change stage by other rules"), stewards(), r.previewAPI)
}

// StageCount is how many people are at a stage.
type StageCount struct {
	Stage  Stage `json:"stage" enum:"prospect,new,active,repeat,fan,dormant,lost"`
	People int64 `json:"people"`
}

// StagesAnswer is how many people are at which stage.
type StagesAnswer struct {
	At      time.Time    `json:"at" doc:"The moment of the figures: now, or where the data end when that is more than 30 days ago"`
	Stages  []StageCount `json:"stages"`
	People  int64        `json:"people"`
	Unknown int64        `json:"unrecognised" doc:"Left out: people known by a cookie, a device or a receipt alone, who would look like somebody else the next time"`
	Version int64        `json:"version" doc:"Of the rules"`
}

func counts(of [stageCount]int64) (list []StageCount, sum int64) {
	for i, s := range Stages {
		list = append(list, StageCount{s, of[i]})
		sum += of[i]
	}
	return list, sum
}

// now gives how many are at which stage at the moment of the figures.
func (p *report) now() (now [stageCount]int64) {
	if n := len(p.counts); n > 0 {
		now = p.counts[n-1]
	}
	return now
}

func (r *Room) stagesAPI(ctx context.Context, _ *struct{}) (*answer[StagesAnswer], error) {
	p, err := r.report(ctx)
	if err != nil {
		return nil, err
	}
	out := StagesAnswer{At: p.at, Unknown: p.unknown, Version: p.rules.Number}
	out.Stages, out.People = counts(p.now())
	return &answer[StagesAnswer]{out}, nil
}

// Flow is how many went from one stage to another within a month.
type Flow struct {
	From   Stage `json:"from" doc:"At the end of the month before; empty: not seen yet"`
	To     Stage `json:"to" doc:"At the end of the month"`
	People int64 `json:"people"`
}

// MonthAnswer is one month of the movement.
type MonthAnswer struct {
	Month  string       `json:"month" example:"2026-10"`
	End    time.Time    `json:"end" doc:"Its last moment; of the month that goes on, the moment of the figures"`
	Stages []StageCount `json:"stages" doc:"At its end"`
	Flows  []Flow       `json:"flows" doc:"Who came to another stage since the end of the month before; none for the first month"`
}

type movementInput struct {
	Months int `query:"months" minimum:"1" maximum:"120" default:"24" doc:"How many, the latest"`
}

func (r *Room) movementAPI(ctx context.Context, in *movementInput) (*answer[[]MonthAnswer], error) {
	p, err := r.report(ctx)
	if err != nil {
		return nil, err
	}
	return &answer[[]MonthAnswer]{p.movement(in.Months)}, nil
}

// movement lists the latest months.
func (p *report) movement(months int) []MonthAnswer {
	list := []MonthAnswer{}
	for i := max(0, len(p.months)-months); i < len(p.months); i++ {
		m := MonthAnswer{Month: p.months[i].Format(monthFormat), End: time.UnixMicro(p.ends[i]).UTC(), Flows: p.flowsOf(i)}
		m.Stages, _ = counts(p.counts[i])
		list = append(list, m)
	}
	return list
}

// flowsOf lists who came to another stage in a month.
func (p *report) flowsOf(i int) []Flow {
	list := []Flow{}
	for from, row := range p.flows[i] {
		for to, n := range row {
			if from == to || to == absent || n == 0 {
				continue
			}
			f := Flow{To: Stages[to], People: n}
			if from != absent {
				f.From = Stages[from]
			}
			list = append(list, f)
		}
	}
	return list
}

// Times is how long the second order takes.
type Times struct {
	N      int64 `json:"n" doc:"People who bought again"`
	First  int   `json:"first_quartile_days" doc:"A quarter of them did within so many days"`
	Median int   `json:"median_days"`
	Third  int   `json:"third_quartile_days"`
	Half   *int  `json:"half_of_all_days" doc:"Half of all buyers, also of those who have not had the time yet, have bought again within so many days (Kaplan-Meier); null where half was not reached"`
}

// CohortAnswer are the people who bought first in one month.
type CohortAnswer struct {
	Month string `json:"month" example:"2026-03"`
	Again Rate   `json:"again" doc:"Bought a second time until now; later cohorts have had less time"`
	Third Rate   `json:"third" doc:"Of those, a third time"`
	Soon  *Rate  `json:"within_90_days" doc:"Bought a second time within 90 days; null until everybody has had 90 days"`
}

// OriginAnswer are the people whose first order was at one place.
type OriginAnswer struct {
	Key   string `json:"key" doc:"Of the touchpoint or channel; empty: none"`
	Again Rate   `json:"again"`
	Third Rate   `json:"third"`
}

// PurchasesAnswer is who buys again.
type PurchasesAnswer struct {
	At          time.Time      `json:"at"`
	Again       Rate           `json:"again" doc:"Of all who bought, who bought a second time"`
	Third       Rate           `json:"third" doc:"Of those, who bought a third time"`
	Void        int64          `json:"void_orders" doc:"Orders left out: cancelled or wholly refunded"`
	Within      []Chance       `json:"within" doc:"Who buys again within so many days, with those who have not had that long counted for as long as they had (Kaplan-Meier)"`
	Times       Times          `json:"times"`
	Cohorts     []CohortAnswer `json:"cohorts"`
	Touchpoints []OriginAnswer `json:"touchpoints" doc:"By touchpoint of the first order"`
	Channels    []OriginAnswer `json:"channels" doc:"By channel of the first order"`
}

func (r *Room) purchasesAPI(ctx context.Context, _ *struct{}) (*answer[PurchasesAnswer], error) {
	p, err := r.report(ctx)
	if err != nil {
		return nil, err
	}
	return &answer[PurchasesAnswer]{p.bought()}, nil
}

// MembersAnswer is a page of people.
type MembersAnswer struct {
	Items  []Member `json:"items" doc:"Who bought most first, then who bought last"`
	Next   *string  `json:"next" doc:"What to give as after for the next page; null at the end"`
	People int64    `json:"people" doc:"How many the whole list has"`
}

type peopleInput struct {
	Month      string `query:"month" example:"2026-10" doc:"The stage at the end of this month; now when absent"`
	Stage      string `query:"stage" example:"dormant,lost" doc:"One of these stages: prospect, new, active, repeat, fan, dormant, lost"`
	From       string `query:"from" example:"other" doc:"One of these stages at the end of the month before; none: not seen yet; other: any other"`
	Cohort     string `query:"cohort" example:"2026-03" doc:"Month of the first order"`
	Bought     string `query:"bought" enum:"once,one,again,third" doc:"At least once, once only, at least twice, at least three times"`
	Touchpoint string `query:"touchpoint" doc:"Of the first order"`
	Channel    string `query:"channel" doc:"Of the first order"`
	After      string `query:"after" doc:"From the page before"`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (in *peopleInput) who() (who, error) {
	q := url.Values{}
	for name, v := range map[string]string{"month": in.Month, "stage": in.Stage, "from": in.From, "cohort": in.Cohort, "bought": in.Bought, "touchpoint": in.Touchpoint, "channel": in.Channel} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return readWho(q)
}

func (r *Room) peopleAPI(ctx context.Context, in *peopleInput) (*answer[MembersAnswer], error) {
	w, err := in.who()
	if err != nil {
		return nil, err
	}
	found, err := r.members(ctx, w, in.After, in.Limit)
	out := MembersAnswer{Items: found.members, People: found.all}
	if found.next != "" {
		out.Next = &found.next
	}
	return &answer[MembersAnswer]{out}, err
}

type personInput struct {
	ID string `path:"id" doc:"Of the person"`
}

func (r *Room) personAPI(ctx context.Context, in *personInput) (*answer[Standing], error) {
	id, err := experience.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	out, err := r.standing(ctx, id)
	return &answer[Standing]{out}, err
}

// RulesAnswer are the rules in force, and what they may become.
type RulesAnswer struct {
	Version
	Sentences []string   `json:"sentences" doc:"The rules in words, in the order in which they are looked at: the first that fits counts"`
	Proposals []Proposal `json:"proposals" doc:"Days that the company's own customers suggest"`
	Former    []Version  `json:"former" doc:"The latest versions, this one first"`
}

func (r *Room) rulesAPI(ctx context.Context, _ *struct{}) (*answer[RulesAnswer], error) {
	v, err := r.Rules(ctx)
	if err != nil {
		return nil, err
	}
	out := RulesAnswer{Version: v, Proposals: []Proposal{}}
	for _, s := range sentences(web.LocaleFrom(ctx), v.Rules) {
		out.Sentences = append(out.Sentences, s.text)
	}
	if out.Former, err = r.versions(ctx, 50); err != nil {
		return nil, err
	}
	p, err := r.report(ctx)
	if err != nil {
		return nil, err
	}
	out.Proposals = append(out.Proposals, p.proposals()...)
	return &answer[RulesAnswer]{out}, nil
}

type rulesInput struct {
	Body struct {
		Version int64 `json:"version" doc:"The version they were made from: 409 when it is no longer the one in force"`
		Rules   Rules `json:"rules"`
	}
}

func (r *Room) changeAPI(ctx context.Context, in *rulesInput) (*answer[Version], error) {
	v, err := r.change(ctx, in.Body.Version, in.Body.Rules, web.UserFrom(ctx).Name)
	return &answer[Version]{v}, err
}

type previewInput struct{ Body Rules }

// PreviewAnswer is what other rules would change.
type PreviewAnswer struct {
	Changed int64   `json:"changed" doc:"People who would be at another stage"`
	Of      int64   `json:"of" doc:"People who bought; prospects are the same by any rules"`
	Shifts  []Shift `json:"shifts"`
}

func (r *Room) previewAPI(ctx context.Context, in *previewInput) (*answer[PreviewAnswer], error) {
	v, err := r.Rules(ctx)
	if err != nil {
		return nil, err
	}
	var out PreviewAnswer
	out.Shifts, out.Changed, out.Of, err = r.preview(ctx, v.Rules, in.Body)
	return &answer[PreviewAnswer]{out}, err
}
