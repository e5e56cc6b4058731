package explore

import (
	"context"
	"time"

	"regia/internal/analytics"
	"regia/internal/web"
)

// Paging asks for one page of the cases behind a number.
type Paging struct {
	After string `query:"after" doc:"The last case of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type caseItem struct {
	Case string `json:"case" doc:"Id of a person, or the name of a visit, an order or whatever a case is"`
}

type casesOutput struct {
	Body struct {
		Items []caseItem `json:"items"`
		Next  *string    `json:"next" doc:"What to give as after for the next page; null at the end"`
		Total int64      `json:"total" doc:"How many there are in all: the number shown"`
	}
}

// list answers with a page of cases.
func (p Paging) list(ctx context.Context, question any, find lookup) (*casesOutput, error) {
	if err := discreet(ctx, question); err != nil {
		return nil, err
	}
	found, err := find(ctx, analytics.Page{After: p.After, Limit: p.Limit + 1})
	if err != nil {
		return nil, err
	}
	var out casesOutput
	if len(found.Names) > p.Limit {
		found.Names = found.Names[:p.Limit]
		out.Body.Next = &found.Names[p.Limit-1]
	}
	out.Body.Total, out.Body.Items = found.Total, make([]caseItem, len(found.Names))
	for i, name := range found.Names {
		out.Body.Items[i].Case = name
	}
	return &out, nil
}

type funnelPeopleInput struct {
	Paging
	Step    int    `query:"step" minimum:"1" required:"true" doc:"Who came as far as this step, from 1"`
	Dropped bool   `query:"dropped" doc:"Only who went no further"`
	Grouped bool   `query:"grouped" doc:"Only of the group given"`
	Group   string `query:"group" doc:"With grouped: the value the funnel is broken down by"`
	Other   bool   `query:"other" doc:"Only of the group of all further values"`
	Body    analytics.Funnel
}

type pathsPeopleInput struct {
	Paging
	Level     int    `query:"level" minimum:"0" maximum:"10" doc:"0 is the anchor"`
	Activity  string `query:"activity" doc:"The node; absent: any"`
	Other     bool   `query:"other" doc:"The node of everything else"`
	Ended     bool   `query:"ended" doc:"Nothing more happened after this level"`
	Next      string `query:"next" doc:"Only who went on to this node of the next level"`
	NextOther bool   `query:"next_other" doc:"Only who went on to everything else"`
	Body      analytics.Paths
}

type retentionPeopleInput struct {
	Paging
	Start  time.Time `query:"start" doc:"When the cohort began; absent: all cohorts together"`
	Period int       `query:"period" minimum:"0" maximum:"60" doc:"Who came back so many periods later; 0: all of the cohort"`
	Lost   bool      `query:"lost" doc:"Who did not come back instead"`
	Body   analytics.Retention
}

type trendPeopleInput struct {
	Paging
	At       time.Time `query:"at" doc:"A moment of the piece of time; absent: the whole period"`
	Valued   bool      `query:"valued" doc:"Only of the series given"`
	Value    string    `query:"value" doc:"With valued: the series"`
	Other    bool      `query:"other" doc:"Only of the series of all further values"`
	Currency string    `query:"currency" doc:"Of revenue"`
	Body     analytics.Trend
}

type processPeopleInput struct {
	Paging
	Of       string   `query:"of" enum:"cases,activity,first,last,rework,loop,edge,variant,design,skipped,repeated,out_of_order,unknown" required:"true" doc:"Which number: an activity's, those that begin or end with it, in which it (or anything) happens again, follows itself, an edge, a variant, those that follow the design, or a deviation"`
	Activity string   `query:"activity"`
	To       string   `query:"to" doc:"Of an edge"`
	Variant  []string `query:"variant,explode" doc:"The activities from first to last, one parameter each"`
	Without  bool     `query:"without" doc:"The cases that lack it instead"`
	Body     analytics.Process
}

func (r *Room) registerPeopleAPI(s *web.Site) {
	const summary = "Who is behind a number of "
	zone := func(ctx context.Context) *time.Location { return r.Company(ctx).Location() }
	web.Operation(s, operation("funnel/people", summary+"a funnel"), nil, func(ctx context.Context, in *funnelPeopleInput) (*casesOutput, error) {
		at := analytics.FunnelPlace{Step: in.Step, Dropped: in.Dropped, Other: in.Other}
		if in.Grouped {
			at.Group = &in.Group
		}
		in.Body.Traits = r.Traits
		return in.list(ctx, in.Body, func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
			return in.Body.People(ctx, r.Ledger, at, page)
		})
	})
	web.Operation(s, operation("paths/people", summary+"paths"), nil, func(ctx context.Context, in *pathsPeopleInput) (*casesOutput, error) {
		at := analytics.PathsPlace{Level: in.Level, Ended: in.Ended}
		if in.Activity != "" || in.Other {
			at.Node = &analytics.PathThing{Activity: in.Activity, Other: in.Other}
		}
		if in.Next != "" || in.NextOther {
			at.Next = &analytics.PathThing{Activity: in.Next, Other: in.NextOther}
		}
		return in.list(ctx, in.Body, func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
			return in.Body.People(ctx, r.Ledger, at, page)
		})
	})
	web.Operation(s, operation("retention/people", summary+"retention"), nil, func(ctx context.Context, in *retentionPeopleInput) (*casesOutput, error) {
		at := analytics.RetentionPlace{Start: in.Start, Period: in.Period, Lost: in.Lost}
		return in.list(ctx, in.Body, func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
			return in.Body.People(ctx, r.Ledger, zone(ctx), at, page)
		})
	})
	web.Operation(s, operation("trends/people", summary+"a trend"), nil, func(ctx context.Context, in *trendPeopleInput) (*casesOutput, error) {
		at := analytics.TrendPlace{At: in.At, Other: in.Other, Currency: in.Currency}
		if in.Valued {
			at.Value = &in.Value
		}
		return in.list(ctx, in.Body, func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
			return in.Body.People(ctx, r.Ledger, zone(ctx), at, page)
		})
	})
	web.Operation(s, operation("process/people", summary+"a process"), nil, func(ctx context.Context, in *processPeopleInput) (*casesOutput, error) {
		at := analytics.ProcessPlace{Of: in.Of, Activity: in.Activity, To: in.To, Variant: in.Variant, Without: in.Without}
		return in.list(ctx, in.Body, func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
			return in.Body.People(ctx, r.Ledger, at, page)
		})
	})
}
