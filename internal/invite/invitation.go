package invite

import (
	"strings"
	"time"
	"unicode"

	"regia/internal/experience"
)

// Channel is the way by which somebody is asked.
type Channel string

// The ways.
const (
	Email  Channel = "email"
	SMS    Channel = "sms"
	Widget Channel = "widget" // in the site, when they come next
	API    Channel = "api"    // whoever called hands the link over
)

// Channels lists the ways a rule may ask by.
var Channels = []Channel{Email, SMS, Widget}

// State is how far an invitation has come.
type State string

// The states of an invitation.
const (
	Planned  State = "planned"  // waits for its time
	Queued   State = "queued"   // on its way
	Sent     State = "sent"     // handed over
	Opened   State = "opened"   // its page was looked at
	Answered State = "answered" //
	Declined State = "declined" // they would rather not
	Bounced  State = "bounced"  // it reached nobody
	Expired  State = "expired"  // nobody answered in time
	Dropped  State = "dropped"  // when its time came, something spoke against it
)

// States lists the states in the order of an invitation's life.
var States = []State{Planned, Queued, Sent, Opened, Answered, Declined, Bounced, Expired, Dropped}

// open tells whether an invitation in this state may be answered.
func (s State) open() bool {
	switch s {
	case Queued, Sent, Opened, Answered:
		return true
	}
	return false
}

// About is what an invitation asks about.
type About struct {
	Touchpoint string // key; "" = the survey's own
	Shop       string
	OrderID    string
	ProductID  string
}

// tidy makes of it what others may be told: one line each, and nothing instead
// of what is too long to be a name or a number.
func (a About) tidy() About {
	for _, p := range []*string{&a.Touchpoint, &a.Shop, &a.OrderID, &a.ProductID} {
		*p = strings.Join(strings.FieldsFunc(*p, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
		if len(*p) > mostAbout {
			*p = ""
		}
	}
	return a
}

// mostAbout is how many bytes a name or number may have that an invitation is about.
const mostAbout = 200

// Invitation asks one person to answer a survey, once.
type Invitation struct {
	ID         experience.ID
	Rule       experience.ID // zero: by hand, or by the API
	Event      experience.ID // the interaction it follows; zero: none
	Import     experience.ID // the import that came with; zero: none
	Person     experience.ID // zero: nobody known yet
	Who        string        // as whom somebody was named who asked for it; "" = by a rule: the person
	Contact    string        // keyed hash of the address it goes to; "" = it goes to none
	Channel    Channel
	Survey     string
	About      About
	Language   string
	State      State
	Reason     Reason // why it was dropped
	PlannedAt  time.Time
	DueAt      time.Time
	AskedAt    time.Time // zero: it never reached them
	SentAt     time.Time
	OpenedAt   time.Time
	ClosedAt   time.Time
	ExpiresAt  time.Time
	RemindAt   time.Time // zero: no reminder, or it has gone
	identifier []string  // keys by which the guard knows the person
}

// link is what stands in an invitation's link: what it is about stays here, so
// that the link is short, and can be made whatever an order is called.
func (i Invitation) link(language string) Link {
	return Link{Survey: i.Survey, Invitation: i.ID.String(), Channel: string(i.Channel), Language: strings.ToLower(language)}
}

// Reason is why somebody is asked, or not.
type Reason string

// The reasons. Asked is the one for asking; all others are against.
const (
	Asked        Reason = "asked"
	Recently     Reason = "recently"     // asked a while ago, by whatever rule
	Unsubscribed Reason = "unsubscribed" // they do not want to be asked
	NoConsent    Reason = "no_consent"   // the consent that the settings want is missing
	NoAddress    Reason = "no_address"   // no e-mail address, or no number
	Undelivered  Reason = "undelivered"  // the address takes no mail
	NotDrawn     Reason = "not_drawn"    // the sample left them out
	Nobody       Reason = "nobody"       // it is not known who it was
	TooLate      Reason = "too_late"     // Regia heard of it too late to ask
	Closed       Reason = "closed"       // the survey may not be answered
	TakenBack    Reason = "taken_back"   // the import that told of the interaction was taken back
)

// Reasons lists the reasons, in the order they are looked at.
var Reasons = []Reason{Asked, TooLate, Nobody, NotDrawn, Closed, NoAddress, Unsubscribed, NoConsent, Undelivered, Recently, TakenBack}

// Contact is how somebody can be asked.
type Contact struct {
	Person      experience.ID // zero: not in the record yet
	FirstName   string
	Email       string
	Phone       string
	Language    string
	Identifiers []experience.Identifier // that name this person alone, the surest first
	Consents    map[string]bool
}

// address gives where an invitation by a channel goes; "" = nowhere. The
// widget and the API need none.
func (c Contact) address(by Channel) (address string, needed bool) {
	switch by {
	case Email:
		return c.Email, true
	case SMS:
		return c.Phone, true
	}
	return "", false
}
