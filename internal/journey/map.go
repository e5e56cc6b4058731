package journey

import (
	"regia/internal/analytics"
	"regia/internal/experience"
)

// Map is a journey as somebody drew it: stages from left to right, each with
// the steps that a person takes. Its texts are in whatever language the
// company writes them.
type Map struct {
	ID      experience.ID `json:"id,omitzero" readOnly:"true" doc:"Given by Regia"`
	Key     string        `json:"key,omitempty" maxLength:"60" doc:"Its name in addresses; made of the name, and never changes"`
	Version int64         `json:"version,omitempty" doc:"Which version this is, from 1; every save makes the next. To save is to say from which version the change was made"`
	Name    string        `json:"name" maxLength:"120"`
	About   string        `json:"about,omitempty" maxLength:"2000" doc:"What the journey is, and what the map is for"`
	Owner   string        `json:"owner,omitempty" maxLength:"120" doc:"Who answers for this journey: a person, a role or a department"`
	Persona string        `json:"persona,omitempty" maxLength:"300" doc:"Whose journey it is"`
	Kind    Kind          `json:"kind,omitempty" enum:"as_is,to_be" default:"as_is" doc:"as_is: as it goes today; to_be: as it should go"`
	Case    string        `json:"case,omitempty" maxLength:"210" doc:"What is followed through the steps: person (the default), visit, order, or properties.NAME (a ticket, a table, …)"`
	Origin  Origin        `json:"origin,omitempty" readOnly:"true" enum:"drawn,ready_made,proposed,imported" doc:"How the map came to be"`
	Stages  []Stage       `json:"stages" maxItems:"12"`
}

// Kind says whether a map shows what is or what is wanted.
type Kind string

// The kinds of map.
const (
	AsIs Kind = "as_is"
	ToBe Kind = "to_be"
)

// Origin says how a map came to be.
type Origin string

// The origins of maps.
const (
	Drawn     Origin = "drawn"      // from an empty sheet
	ReadyMade Origin = "ready_made" // from one of Regia's own
	Proposed  Origin = "proposed"   // from what the record shows; nobody may have looked at it yet
	Imported  Origin = "imported"   // from a file
)

// Stage is a column of the map: a part of the journey.
type Stage struct {
	ID    string `json:"id,omitempty" maxLength:"60" doc:"Unique in the map; made of the name where it is absent, and never changes"`
	Name  string `json:"name" maxLength:"80"`
	Steps []Step `json:"steps" maxItems:"20"`
}

// Step is something a person goes through.
type Step struct {
	ID   string `json:"id,omitempty" maxLength:"60" doc:"Unique in the map; made of the name where it is absent, and never changes"`
	Name string `json:"name" maxLength:"80"`
	// Touchpoints are where it happens.
	Touchpoints []string `json:"touchpoints,omitempty" maxItems:"20" doc:"Keys of touchpoints"`
	// Match is which interactions mean that the step happened: any of them.
	Match         []analytics.Match `json:"match,omitempty" maxItems:"20" doc:"Which interactions mean that the step happened: any of these; absent: whatever happens at its touchpoints"`
	MomentOfTruth bool              `json:"moment_of_truth,omitempty" doc:"Here people decide what they think of the company"`
	Expectation   *Expectation      `json:"expectation,omitempty"`
	Pains         []string          `json:"pains,omitempty" maxItems:"20" doc:"What hurts"`
	Opportunities []string          `json:"opportunities,omitempty" maxItems:"20" doc:"What could be made better"`
	Backstage     []string          `json:"backstage,omitempty" maxItems:"20" doc:"What has to work behind the scenes, and who does it"`
	// Assumed is what the designer supposes the step does to people. It is
	// never averaged with what people stated or what was inferred.
	Assumed map[experience.Dimension]float64 `json:"assumed,omitempty" doc:"What the designer supposes that the step does to people, from -1 to 1, by dimension: cognitive, emotional, behavioural, sensory"`
}

// Expectation is what people may count on at a step: a time, something that
// the interaction itself says, or both.
type Expectation struct {
	Text string `json:"text,omitempty" maxLength:"200" doc:"In words"`
	// Within is how long after From the step happens at the latest.
	Within analytics.Window `json:"within,omitempty" doc:"How long after the step From this one happens at the latest: 30m, 12h, 5d, 2w"`
	From   string           `json:"from,omitempty" doc:"ID of the step from which the time runs; absent: the step before"`
	// Measure must hold for the interaction that means the step.
	Measure *analytics.Filter `json:"measure,omitempty" doc:"What must hold for the interaction, for example properties.delay_days at most 0"`
}

// Matches gives which interactions mean the step: those it names, or else
// whatever happens at its touchpoints. Nothing: the step is drawn and cannot be
// seen in the record.
func (s Step) Matches() []analytics.Match {
	if len(s.Match) > 0 {
		return s.Match
	}
	all := make([]analytics.Match, len(s.Touchpoints))
	for i, key := range s.Touchpoints {
		all[i] = analytics.Match{Touchpoint: key}
	}
	return all
}

// Steps gives the steps of all stages in order.
func (m Map) Steps() []Step {
	var all []Step
	for _, stage := range m.Stages {
		all = append(all, stage.Steps...)
	}
	return all
}

// Step finds a step by its ID.
func (m Map) Step(id string) (Step, bool) {
	for _, s := range m.Steps() {
		if s.ID == id {
			return s, true
		}
	}
	return Step{}, false
}

// ExpectedFrom gives the ID of the step from which the time of a step's
// expectation runs: the one it names, or the step before; "" where there is
// none.
func (m Map) ExpectedFrom(id string) string {
	before := ""
	for _, s := range m.Steps() {
		if s.ID != id {
			before = s.ID
			continue
		}
		if s.Expectation == nil || s.Expectation.Within == "" {
			return ""
		}
		if s.Expectation.From != "" {
			return s.Expectation.From
		}
		return before
	}
	return ""
}
