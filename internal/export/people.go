package export

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// Person is a customer record as it is taken out; empty where unknown.
type Person struct {
	ID           experience.ID              `json:"id"`
	Known        bool                       `json:"known"` // false: an anonymous visitor
	Name         string                     `json:"name"`
	FirstName    string                     `json:"first_name"`
	LastName     string                     `json:"last_name"`
	Email        string                     `json:"email"`
	Phone        string                     `json:"phone"`
	Language     string                     `json:"language"`
	Country      string                     `json:"country"`
	Birthday     string                     `json:"birthday"`
	LoyaltyCard  string                     `json:"loyalty_card"`
	Handle       string                     `json:"handle"`
	Interactions int64                      `json:"interactions"` // bots and staff left out
	FirstSeen    time.Time                  `json:"first_seen,omitzero"`
	LastSeen     time.Time                  `json:"last_seen,omitzero"`
	Consents     map[string]bool            `json:"consents"`
	Identifiers  []experience.Identifier    `json:"identifiers"`
	Traits       map[string]json.RawMessage `json:"traits"`
}

// mask hides what only those may read who may see people.
func (p *Person) mask() {
	for _, f := range []*string{&p.Name, &p.FirstName, &p.LastName, &p.Email, &p.Phone, &p.Birthday, &p.LoyaltyCard, &p.Handle} {
		*f = web.Mask(*f)
	}
	identifiers := make([]experience.Identifier, len(p.Identifiers))
	for k, i := range p.Identifiers {
		identifiers[k] = experience.Identifier{Kind: i.Kind, Value: web.Mask(i.Value)}
	}
	p.Identifiers, p.Traits = identifiers, map[string]json.RawMessage{}
}

var personShape = shape[Person]{
	columns: []string{"id", "known", "name", "first_name", "last_name", "email", "phone", "language", "country", "birthday", "loyalty_card", "handle",
		"interactions", "first_seen", "last_seen", "consents_given", "consents_refused", "identifiers"},
	cells:  personCells,
	object: func(p Person) any { return p },
}

func personCells(p Person) []cell {
	free := func(text string) cell { return cell{text, true} }
	moment := func(t time.Time) cell {
		if t.IsZero() {
			return cell{}
		}
		return cell{text: stamp(t)}
	}
	given, refused := consents(p.Consents)
	identifiers := make([]string, len(p.Identifiers))
	for k, i := range p.Identifiers {
		identifiers[k] = i.String()
	}
	return []cell{
		{text: p.ID.String()}, {text: strconv.FormatBool(p.Known)}, free(p.Name), free(p.FirstName), free(p.LastName), free(p.Email), free(p.Phone),
		free(p.Language), free(p.Country), free(p.Birthday), free(p.LoyaltyCard), free(p.Handle),
		{text: strconv.FormatInt(p.Interactions, 10)}, moment(p.FirstSeen), moment(p.LastSeen), free(given), free(refused),
		free(strings.Join(identifiers, " ")),
	}
}

// consents gives the purposes that were allowed last and those that were
// refused last, in alphabetical order.
func consents(all map[string]bool) (given, refused string) {
	var yes, no []string
	for _, purpose := range slices.Sorted(maps.Keys(all)) {
		if all[purpose] {
			yes = append(yes, purpose)
		} else {
			no = append(no, purpose)
		}
	}
	return strings.Join(yes, " "), strings.Join(no, " ")
}
