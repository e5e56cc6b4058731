package lifecycle

import (
	"time"

	"regia/internal/experience"
)

// Stage is how far a person's relationship with the brand has come. Everybody
// who was ever seen is at exactly one.
type Stage string

// The stages, as far as people come and where they end up.
const (
	Prospect Stage = "prospect" // seen, and bought nothing
	New      Stage = "new"      // bought for the first time a short while ago
	Active   Stage = "active"   // bought, not again, and may well do so
	Repeat   Stage = "repeat"   // bought again
	Fan      Stage = "fan"      // buys often, or buys and recommends
	Dormant  Stage = "dormant"  // has not bought for longer than is usual
	Lost     Stage = "lost"     // has not bought for so long that few come back
)

// Stages lists every stage in the order pages show them.
var Stages = []Stage{Prospect, New, Active, Repeat, Fan, Dormant, Lost}

// places gives the place of each stage in Stages.
func (s Stage) place() int {
	for i, one := range Stages {
		if one == s {
			return i
		}
	}
	return -1
}

// Known tells whether s is a stage.
func (s Stage) Known() bool { return s.place() >= 0 }

// Rules say when a person is at which stage: the first that fits, in the order
// lost, dormant, fan, repeat, new, active; who bought nothing is a prospect.
// Whatever the numbers are, everybody has one stage and only one.
//
// The stages follow Reichheld and Teal (The Loyalty Effect, 1996) and Blattberg,
// Getz and Thomas (Customer Equity, 2001); counting from the last order and the
// number of orders is recency and frequency of RFM (Hughes, 1994).
type Rules struct {
	NewFor       int `json:"new_for_days" minimum:"1" maximum:"3650" doc:"Who bought once is new for so many days"`
	DormantAfter int `json:"dormant_after_days" minimum:"2" maximum:"3650" doc:"Dormant is who bought nothing for so many days"`
	LostAfter    int `json:"lost_after_days" minimum:"3" maximum:"3650" doc:"Lost is who bought nothing for so many days"`
	RepeatOrders int `json:"repeat_orders" minimum:"2" maximum:"1000" doc:"Repeat is who bought at least so often"`
	FanOrders    int `json:"fan_orders" minimum:"2" maximum:"1000" doc:"Fan is who bought at least so often"`
	PraiseOrders int `json:"praise_orders" minimum:"1" maximum:"1000" doc:"Fan is also who bought at least so often and recommended the brand"`
	PraiseFor    int `json:"praise_for_days" minimum:"0" maximum:"3650" doc:"A recommendation counts for so many days; 0: none counts"`
	PraiseScore  int `json:"praise_score" minimum:"1" maximum:"10" doc:"An answer to 'would you recommend us' of at least this, on a scale of 0 to 10, is a recommendation"`
	PraiseStars  int `json:"praise_stars" minimum:"1" maximum:"5" doc:"A review of at least so many stars out of 5 is a recommendation"`
}

// DefaultRules fit a retailer whose customers buy a few times a year.
func DefaultRules() Rules {
	return Rules{NewFor: 60, DormantAfter: 180, LostAfter: 365, RepeatOrders: 2, FanOrders: 6, PraiseOrders: 2, PraiseFor: 365, PraiseScore: 9, PraiseStars: 5}
}

// most is the highest number of days or orders that a rule may name.
const (
	mostDays   = 3650
	mostOrders = 1000
)

// Check tells what is wrong with rules: Invalid, with a message for people.
func (r Rules) Check() error {
	within := func(n, low, high int) bool { return n >= low && n <= high }
	switch {
	case !within(r.NewFor, 1, mostDays), !within(r.DormantAfter, 2, mostDays), !within(r.LostAfter, 3, mostDays), !within(r.PraiseFor, 0, mostDays):
		return experience.Errorf(experience.Invalid, "lifecycle.error.days")
	case !within(r.RepeatOrders, 2, mostOrders), !within(r.FanOrders, 2, mostOrders), !within(r.PraiseOrders, 1, mostOrders):
		return experience.Errorf(experience.Invalid, "lifecycle.error.orders")
	case !within(r.PraiseScore, 1, 10), !within(r.PraiseStars, 1, 5):
		return experience.Errorf(experience.Invalid, "lifecycle.error.scores")
	case r.NewFor >= r.DormantAfter || r.DormantAfter >= r.LostAfter:
		return experience.Errorf(experience.Invalid, "lifecycle.error.order")
	case r.FanOrders < r.RepeatOrders:
		return experience.Errorf(experience.Invalid, "lifecycle.error.fan")
	}
	return nil
}

// Facts are what rules look at: what was true of a person at a moment. Times
// are microseconds since 1970.
type Facts struct {
	Orders  int   // that stand: neither cancelled nor wholly refunded
	First   int64 // time of the first of them
	Last    int64 // time of the last of them
	Praised int64 // time of the last recommendation, 0 for none
}

const microsADay = int64(24 * time.Hour / time.Microsecond)

func days(n int) int64 { return int64(n) * microsADay }

// Stage gives the stage of a person at a moment, from what was true of them
// then. It is a pure function, and it has an answer for everything.
func (r Rules) Stage(f Facts, at int64) Stage {
	quiet := at - f.Last
	switch {
	case f.Orders <= 0:
		return Prospect
	case quiet >= days(r.LostAfter):
		return Lost
	case quiet >= days(r.DormantAfter):
		return Dormant
	case f.Orders >= r.FanOrders, r.recommends(f, at) && f.Orders >= r.PraiseOrders:
		return Fan
	case f.Orders >= r.RepeatOrders:
		return Repeat
	case at-f.First < days(r.NewFor):
		return New
	}
	return Active
}

func (r Rules) recommends(f Facts, at int64) bool {
	return f.Praised != 0 && at-f.Praised < days(r.PraiseFor)
}
