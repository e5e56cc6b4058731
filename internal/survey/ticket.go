package survey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"regia/internal/experience"
)

// Channel says by which way somebody came to a survey.
type Channel string

// The channels a survey is asked by.
const (
	ByLink   Channel = "link"
	ByEmail  Channel = "email"
	ByWidget Channel = "widget"
	ByQR     Channel = "qr"
	ByKiosk  Channel = "kiosk"
	BySMS    Channel = "sms"
	ByAPI    Channel = "api"
)

// Channels lists the channels.
var Channels = []Channel{ByLink, ByEmail, ByWidget, ByQR, ByKiosk, BySMS, ByAPI}

// Ticket lets somebody answer a survey. It stands, signed, in the link
// /s/<token>. Nothing in it says who it is for: an invitation's id leads to
// them only in Regia. Without an invitation it is an open door, such as a QR
// code, by which many may answer.
type Ticket struct {
	Survey     string // key
	Invitation string // "" = an open door
	Channel    Channel
	About      string // key of the touchpoint; "" = the survey's own
	Shop       string
	OrderID    string
	ProductID  string
	Language   string // "" = as the reader's browser wishes
}

// Tickets signs and reads tickets.
type Tickets struct{ key []byte }

// NewTickets makes the Tickets of an installation. The secret is the
// registry's; the key that signs is derived from it, so that neither tells the
// other.
func NewTickets(secret []byte) *Tickets {
	return &Tickets{key: mac(secret, "regia survey ticket 1")}
}

const (
	ticketVersion = "1"
	ticketParts   = 9
	signature     = 16 // bytes: 128 bits of HMAC-SHA-256
	maxTicketPart = 200
	maxToken      = ((maxTicketPart+1)*ticketParts+signature)*4/3 + 4 // all that Sign makes
)

// errForged says that a link is none of ours, or was changed.
var errForged = experience.Errorf(experience.Forbidden, "survey.error.forged")

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (t Ticket) parts() []string {
	return []string{ticketVersion, t.Survey, t.Invitation, string(t.Channel), t.About, t.Shop, t.OrderID, t.ProductID, t.Language}
}

// Sign makes the token of a ticket. A part of it that is too long, or holds a
// control character, is Invalid.
func (x *Tickets) Sign(t Ticket) (string, error) {
	for _, part := range t.parts() {
		if len(part) > maxTicketPart || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }) {
			return "", experience.Errorf(experience.Invalid, "survey.error.ticket")
		}
	}
	if !keyPattern.MatchString(t.Survey) || !slices.Contains(Channels, t.Channel) {
		return "", experience.Errorf(experience.Invalid, "survey.error.ticket")
	}
	text := strings.Join(t.parts(), "\n")
	return base64.RawURLEncoding.EncodeToString(append([]byte(text), mac(x.key, "ticket\n"+text)[:signature]...)), nil
}

// Read gives the ticket of a token. Forbidden where it was not signed here.
func (x *Tickets) Read(token string) (t Ticket, err error) {
	if len(token) > maxToken {
		return t, errForged
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= signature {
		return t, errForged
	}
	text, signed := string(raw[:len(raw)-signature]), raw[len(raw)-signature:]
	if !hmac.Equal(signed, mac(x.key, "ticket\n"+text)[:signature]) {
		return t, errForged
	}
	p := strings.Split(text, "\n")
	if len(p) != ticketParts || p[0] != ticketVersion {
		return t, errForged
	}
	return Ticket{Survey: p[1], Invitation: p[2], Channel: Channel(p[3]), About: p[4], Shop: p[5], OrderID: p[6], ProductID: p[7], Language: p[8]}, nil
}

// Path is where a token is answered.
func Path(token string) string { return "/s/" + token }

// receipt names a response to somebody who came by an open door, so that they
// can go on with it and nobody else can: it is signed together with the ticket.
func (x *Tickets) receipt(token string, response experience.ID) string {
	id := response[:]
	return base64.RawURLEncoding.EncodeToString(append(slices.Clone(id), x.receiptMac(token, response)...))
}

func (x *Tickets) receiptMac(token string, response experience.ID) []byte {
	return mac(x.key, "receipt\n"+response.String()+"\n"+token)[:signature]
}

// readReceipt gives the response of a receipt that was given out with this token.
func (x *Tickets) readReceipt(token, receipt string) (id experience.ID, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(receipt)
	if err != nil || len(raw) != len(id)+signature {
		return id, errForged
	}
	copy(id[:], raw)
	if !hmac.Equal(raw[len(id):], x.receiptMac(token, id)) {
		return experience.ID{}, errForged
	}
	return id, nil
}

// invited gives the id of the response to an invitation: always the same, so
// that there can only be one.
func (x *Tickets) invited(t Ticket) experience.ID {
	return experience.HashID(x.key, "response", t.Survey, t.Invitation)
}

// referred gives the id of a response that another system names: sent again, it
// is the same.
func (x *Tickets) referred(survey, reference string) experience.ID {
	return experience.HashID(x.key, "reference", survey, reference)
}

// shuffle gives what responses are put in no order by.
func (x *Tickets) shuffle(id experience.ID) string {
	return string(mac(x.key, "shuffle\n"+id.String()))
}
