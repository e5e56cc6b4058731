package experience

import "time"

// Dimension is one of the ways in which an interaction moves a person.
type Dimension string

// The dimensions of experience (Schmitt 1999; Lemon and Verhoef 2016): what a
// person understood, felt, did because of it, and perceived with the senses.
const (
	Cognitive   Dimension = "cognitive"
	Emotional   Dimension = "emotional"
	Behavioural Dimension = "behavioural"
	Sensory     Dimension = "sensory"
)

// Dimensions lists every dimension in the order pages show them.
var Dimensions = []Dimension{Cognitive, Emotional, Behavioural, Sensory}

// Impact is what one interaction did to a person in one dimension. Where
// nothing is known there is no Impact: absent is not zero.
type Impact struct {
	Dimension Dimension `json:"dimension" enum:"cognitive,emotional,behavioural,sensory"`
	Value     float64   `json:"value" minimum:"-1" maximum:"1" doc:"From -1, as bad as can be, to 1, as good as can be"`
	Evidence  Evidence  `json:"evidence" enum:"stated,inferred,assumed"`
	Error     float64   `json:"error,omitempty" minimum:"0" doc:"Of what is inferred: its standard error, for the weight of its rule is not known exactly. More people do not lessen it"`
	Why       string    `json:"why" doc:"The scale of the answer, the key of the rule, or the step of the map it comes from"`
}

// Impression is an interaction seen from what it did to its person. Only
// interactions that did something known have one.
type Impression struct {
	Interaction ID
	Person      ID // zero: nobody known
	Time        time.Time
	Kind        Kind
	Name        string // of the event or page
	Touchpoint  string // key; "" = unbound
	Order       string // "" = none
	Impacts     []Impact
}

// Estimate is a figure about people that is finished: with how many it rests
// on, its interval, and how it is known.
type Estimate struct {
	Value    float64  `json:"value"`
	Low      float64  `json:"low" doc:"Lower end of the 95 % interval"`
	High     float64  `json:"high" doc:"Upper end of the 95 % interval"`
	N        int64    `json:"n" doc:"How many observations it rests on"`
	Evidence Evidence `json:"evidence" enum:"stated,inferred,assumed"`
}

// TooFew is below how many observations a figure about people is not shown:
// the mean of a handful says more about chance than about people.
const TooFew = 20
