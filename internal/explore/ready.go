package explore

import (
	"strings"

	"regia/internal/experience"
)

// ready is a question that the record suggests.
type ready struct{ label, url string }

// Names of common events, in the order people go through them. Each line is
// one thing that is called by several names.
var (
	buying = [][]string{
		{"productlistviewed", "productssearched"}, {"productviewed", "viewitem", "viewcontent"}, {"productadded", "addedtocart", "addtocart"},
		{"checkoutstarted", "begincheckout", "initiatecheckout"}, {"ordercompleted", "orderplaced", "purchase", "purchased"},
	}
	caring = [][]string{
		{"caseopened", "ticketopened", "ticketcreated", "ticketopen"}, {"caseanswered", "ticketanswered", "ticketassigned"}, {"caseclosed", "ticketclosed", "ticketresolved"},
	}
	subscribing = [][]string{
		{"emaildelivered", "campaignsent", "emailsent"}, {"emailopened"}, {"emaillinkclicked", "emailclicked"},
	}
)

// present gives the items of a way that the record has.
func (v *vocabulary) present(way [][]string) []string {
	var items []string
	for _, names := range way {
		if name := v.called(names...); name != "" {
			items = append(items, "event:"+name)
		}
	}
	return items
}

// goal is what the company is there for: an order, else what brings money,
// else what happens most.
func (v *vocabulary) goal() string {
	if name := v.called(buying[len(buying)-1]...); name != "" {
		return "event:" + name
	}
	for _, t := range v.things {
		if t.paid > 0 && t.name != "" {
			return "event:" + t.name
		}
	}
	for _, t := range v.things {
		if t.kind == experience.Track {
			return "event:" + t.name
		}
	}
	return "kind:page"
}

// stages are the stages that something happens at, in their order.
func (v *vocabulary) stages() []string {
	var items []string
	for _, s := range experience.Stages {
		for key := range v.touchpoints {
			if v.catalogue[key].Stage == s {
				items = append(items, "stage:"+string(s))
				break
			}
		}
	}
	return items
}

// ticket is a property that names cases: an id that several different things
// carry.
func (v *vocabulary) ticket() string {
	for _, p := range v.properties {
		name := plain(p.name)
		if p.among >= 2 && (strings.HasSuffix(name, "caseid") || strings.HasSuffix(name, "ticketid") || name == "case" || name == "ticket") {
			return "properties." + p.name
		}
	}
	return ""
}

// orderCase is what an order is followed by: its number wherever several
// things carry it, also from different sources; "" where there are no orders.
func (v view) orderCase() string {
	for _, p := range v.v.properties {
		if v.sees && p.among >= 2 && orderID(p.name) {
			return "properties." + p.name
		}
	}
	if v.v.orders > 0 {
		return "order"
	}
	return ""
}

func orderID(property string) bool { return plain(property) == "orderid" }

// ready lists what can be asked at once; the first is what a page begins with.
func (v view) ready(question string) []ready {
	var list []ready
	add := func(label string, s state) {
		s.question = question
		list = append(list, ready{label, s.url("")})
	}
	goal := v.v.goal()
	switch question {
	case funnel:
		for _, way := range []struct {
			label string
			names [][]string
		}{{"buying", buying}, {"caring", caring}, {"subscribing", subscribing}} {
			if items := v.v.present(way.names); len(items) >= 2 {
				add(v.l.T("explore.ready.funnel."+way.label), state{steps: items})
			}
		}
		if stages := v.v.stages(); len(stages) >= 2 {
			add(v.l.T("explore.ready.funnel.stages"), state{steps: stages[:min(len(stages), 4)]})
		}
		if len(list) == 0 {
			add(v.item(goal), state{steps: []string{goal}})
		}
	case paths:
		add(v.l.T("explore.ready.paths.after", "name", v.item(goal)), state{anchor: goal})
		add(v.l.T("explore.ready.paths.before", "name", v.item(goal)), state{anchor: goal, before: true})
		add(v.l.T("explore.ready.paths.places", "name", v.item(goal)), state{anchor: goal, before: true, by: "touchpoint", collapse: true})
	case retention:
		add(v.l.T("explore.ready.retention.again", "name", v.item(goal)), state{start: goal, back: goal, unit: "month"})
		add(v.l.T("explore.ready.retention.any"), state{unit: "week", period: "90d"})
	case trends:
		add(v.l.T("explore.ready.trends.places"), state{by: "touchpoint", unit: "week"})
		add(v.l.T("explore.ready.trends.goal", "name", v.item(goal)), state{what: goal, unit: "week"})
		add(v.l.T("explore.ready.trends.people"), state{measure: "cases", unit: "week"})
		add(v.l.T("explore.ready.trends.revenue"), state{measure: "revenue", unit: "month", period: "12m"})
	case process:
		if orders := v.orderCase(); orders != "" {
			add(v.l.T("explore.ready.process.order"), state{of: orders})
		}
		if ticket := v.v.ticket(); ticket != "" && v.sees {
			add(v.l.T("explore.ready.process.ticket"), state{of: ticket})
		}
		add(v.l.T("explore.ready.process.places"), state{by: "touchpoint"})
	}
	return list
}
