package experience

import (
	"encoding/json"
	"time"
)

// Fact is what one interaction tells about who somebody is.
type Fact struct {
	Subject     ID                         // zero: nobody
	Identifiers []Identifier               // canonical; what Subject is the hash of
	Source      string                     // who says so
	Time        time.Time                  // since when
	Traits      map[string]json.RawMessage // nil where the interaction describes nobody
	Consents    map[string]bool            // purpose -> given
	Decisions   []Decision                 // alias calls and human decisions
	Import      ID                         // what it came with; zero: live
}

// DecisionAction says what a decision about identity does.
type DecisionAction string

// The decisions somebody may take. Each is kept for ever; undoing is one too.
const (
	SamePerson      DecisionAction = "same"      // A and B name one person, even with two user ids
	DifferentPeople DecisionAction = "different" // A and B name two people, whatever they share
	SharedByMany    DecisionAction = "shared"    // A is used by many (a tablet, a family address) and joins nobody
	UndoDecision    DecisionAction = "undo"      // as if decision Target had never been taken
)

// Decision is one statement about who is who, by an alias call or a human.
type Decision struct {
	ID     ID             `json:"id"`
	Action DecisionAction `json:"action"`
	A      Identifier     `json:"a,omitzero"`
	B      Identifier     `json:"b,omitzero"`      // same, different
	Target ID             `json:"target,omitzero"` // undo
	By     string         `json:"by,omitempty"`    // user id of the human; "" for an alias call
	At     time.Time      `json:"at"`
}
