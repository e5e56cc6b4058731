package invite

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
)

// Rule says who is asked, when and after which interaction.
type Rule struct {
	ID        experience.ID `json:"-"`
	Active    bool          `json:"-"`
	Since     time.Time     `json:"-"` // interactions from then on count
	ChangedBy string        `json:"-"`
	ChangedAt time.Time     `json:"-"`

	Name   string      `json:"name"`
	Event  string      `json:"event"` // name of the interaction
	Where  []Condition `json:"where,omitempty"`
	Delay  int         `json:"delay_minutes"` // after the interaction
	Share  float64     `json:"share"`         // of the interactions, in (0, 1]
	By     Channel     `json:"channel"`
	Survey string      `json:"survey"`
	About  string      `json:"about,omitempty"` // touchpoint; "" = the interaction's own
	Expiry int         `json:"expiry_days"`     // after it was sent
	Remind int         `json:"remind_days"`     // after it was sent; 0 = never
}

// Condition is one thing that must hold of an interaction's properties.
type Condition struct {
	Property string `json:"property"` // a name, or a path with dots; order_id, product_id, touchpoint and source are the interaction's own
	Op       Op     `json:"op"`
	Value    string `json:"value"`
}

// Op compares a property with a value.
type Op string

// The comparisons.
const (
	Is      Op = "is"
	IsNot   Op = "is_not"
	AtLeast Op = "at_least"
	AtMost  Op = "at_most"
)

// Ops lists the comparisons.
var Ops = []Op{Is, IsNot, AtLeast, AtMost}

// Limits of a rule.
const (
	maxRuleName   = 80
	maxConditions = 5
	maxDelay      = 90 * 24 * 60 // minutes
	maxExpiry     = 90           // days
	// patience is how late Regia may hear of an interaction, beyond the rule's
	// delay, and still ask about it.
	patience = 3 * 24 * time.Hour
)

// checked gives a rule as it can be kept.
func (r Rule) checked() (Rule, error) {
	invalid := func(key string) (Rule, error) {
		return r, experience.Errorf(experience.Invalid, "invite.error.%s", key)
	}
	r.Name, r.Event, r.Survey, r.About = strings.TrimSpace(r.Name), strings.TrimSpace(r.Event), strings.TrimSpace(r.Survey), strings.TrimSpace(r.About)
	r.Where = slices.DeleteFunc(slices.Clone(r.Where), func(c Condition) bool { return strings.TrimSpace(c.Property) == "" })
	for k := range r.Where {
		c := &r.Where[k]
		c.Property, c.Value = strings.TrimSpace(c.Property), strings.TrimSpace(c.Value)
		if len(c.Property) > 100 || len(c.Value) > 200 || !slices.Contains(Ops, c.Op) {
			return invalid("where")
		}
		if _, err := strconv.ParseFloat(c.Value, 64); err != nil && (c.Op == AtLeast || c.Op == AtMost) {
			return invalid("where.number")
		}
	}
	switch {
	case r.Name == "" || utf8.RuneCountInString(r.Name) > maxRuleName:
		return invalid("name")
	case r.Event == "" || len(r.Event) > 200:
		return invalid("event")
	case strings.HasPrefix(strings.ToLower(r.Event), "survey "):
		return invalid("event.own")
	case len(r.Where) > maxConditions:
		return invalid("where")
	case r.Delay < 0 || r.Delay > maxDelay:
		return invalid("delay")
	case !(r.Share > 0 && r.Share <= 1):
		return invalid("share")
	case !slices.Contains(Channels, r.By):
		return invalid("channel")
	case r.Survey == "":
		return invalid("survey")
	case r.Expiry < 1 || r.Expiry > maxExpiry:
		return invalid("expiry")
	case r.Remind < 0 || r.Remind > 0 && r.Remind >= r.Expiry:
		return invalid("remind")
	}
	return r, nil
}

// fits tells whether a rule is about an interaction.
func (r Rule) fits(x experience.Interaction) bool {
	if !strings.EqualFold(r.Event, x.Name) || x.Time.Before(r.Since) {
		return false
	}
	for _, c := range r.Where {
		if !c.holds(x) {
			return false
		}
	}
	return true
}

func (c Condition) holds(x experience.Interaction) bool {
	value := propertyOf(x, c.Property)
	switch c.Op {
	case Is:
		return strings.EqualFold(value, c.Value)
	case IsNot:
		return !strings.EqualFold(value, c.Value)
	}
	number, err := strconv.ParseFloat(value, 64)
	limit, limitErr := strconv.ParseFloat(c.Value, 64)
	if err != nil || limitErr != nil || math.IsNaN(number) {
		return false
	}
	return c.Op == AtLeast && number >= limit || c.Op == AtMost && number <= limit
}

// propertyOf gives what an interaction says under a name, as text; "" where it
// says nothing.
func propertyOf(x experience.Interaction, name string) string {
	switch name {
	case "order_id":
		return x.OrderID
	case "product_id":
		return x.ProductID
	case "touchpoint":
		return x.Touchpoint
	case "source":
		return x.Source
	}
	value := any(nil)
	if err := json.Unmarshal(x.Properties, &value); err != nil {
		return ""
	}
	for _, part := range strings.Split(name, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[part]
	}
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// draws tells whether the sample of a rule takes an interaction: the first 64
// bits of SHA-256 of both ids, as a fraction of 2^64, lie below the share. So the
// same interaction is always judged the same, and a larger share takes all that
// the smaller one took.
func (r Rule) draws(event experience.ID) bool {
	sum := sha256.Sum256([]byte(r.ID.String() + "\n" + event.String()))
	return float64(binary.BigEndian.Uint64(sum[:8]))/math.Exp2(64) < r.Share
}

// late tells whether Regia heard of an interaction too late to ask about it.
func (r Rule) late(x experience.Interaction, now time.Time) bool {
	return now.Sub(x.Time) > time.Duration(r.Delay)*time.Minute+patience
}
