package listen

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"regia/internal/experience"
)

// origin is who, or what, a letter comes from.
type origin string

const (
	person  origin = "person"
	itself  origin = "itself"  // the mailbox's own letter
	bounce  origin = "bounce"  // a server could not deliver what was sent (RFC 3464)
	delay   origin = "delay"   // it tries on, or it did deliver
	reply   origin = "reply"   // an automatic answer (RFC 3834)
	bulk    origin = "bulk"    // a newsletter or a list
	machine origin = "machine" // a program's notice
	nobody  origin = "nobody"  // it does not say
)

var (
	machines  = regexp.MustCompile(`^(no-?reply|do-?not-?reply|non-?rispondere|noreply.*|mailer-daemon|postmaster|mail-?delivery.*|bounces?|notifications?|notifiche)([+._-].*)?@`)
	away      = regexp.MustCompile(`(?i)^(re: |r: )?(risposta automatica|automatic reply|auto(matic)? ?re(sponse|ply)|out of (the )?office|fuori (sede|ufficio)|assenza dall'ufficio|abwesenheitsnotiz|automatische antwort|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina)\b`)
	undeliver = regexp.MustCompile(`(?i)^(undeliver(ed|able)|mail delivery (failed|subsystem)|delivery (status notification|failure|has failed)|returned mail|failure notice|mancato recapito|messaggio non recapitato|non recapitabile|unzustellbar|échec de la remise)`)
)

// comesFrom tells what a letter comes from. Only a person's is somebody's voice.
func (l *letter) comesFrom(mailbox string) origin {
	kind, params, _ := l.header.ContentType()
	report := strings.ToLower(params["report-type"])
	automatic := strings.ToLower(strings.TrimSpace(l.header.Get("Auto-Submitted")))
	precedence := strings.ToLower(strings.TrimSpace(l.header.Get("Precedence")))
	switch {
	case l.status != nil || strings.EqualFold(kind, "multipart/report") && report == "delivery-status":
		if s := l.delivery(); s.action == "" || s.action == "failed" {
			return bounce
		}
		return delay
	case strings.HasPrefix(l.from, "mailer-daemon@") || undeliver.MatchString(l.subject) && machines.MatchString(l.from):
		return bounce
	case strings.EqualFold(kind, "multipart/report"): // receipts, complaints of providers
		return machine
	case strings.HasPrefix(automatic, "auto-replied"), precedence == "auto_reply", l.header.Has("X-Autoreply"), l.header.Has("X-Autorespond"), away.MatchString(l.subject):
		return reply
	case l.from == mailbox:
		return itself
	case l.header.Has("List-Id"), l.header.Has("List-Unsubscribe"), precedence == "bulk", precedence == "list", precedence == "junk":
		return bulk
	case automatic != "" && automatic != "no", machines.MatchString(l.from):
		return machine
	case l.from == "":
		return nobody
	}
	return person
}

// delivered is what a server says of a letter that was sent before.
type delivered struct{ recipient, action, status, reason string }

// delivery reads the first recipient of a delivery status notification.
func (l *letter) delivery() (d delivered) {
	in := textproto.NewReader(bufio.NewReader(bytes.NewReader(l.status)))
	for range 3 { // of the message, then of each recipient
		fields, err := in.ReadMIMEHeader()
		if to := fields.Get("Final-Recipient"); to != "" {
			_, address, _ := strings.Cut(to, ";")
			d.recipient, _ = firstAddress(address)
			d.action, d.status, d.reason = strings.ToLower(strings.TrimSpace(fields.Get("Action"))), fields.Get("Status"), fields.Get("Diagnostic-Code")
			return d
		}
		if err != nil {
			break
		}
	}
	return d
}

// key tells a letter from others of the mailbox. Message-ID and sender together:
// an id that somebody uses again hides nobody's letter.
func (l *letter) key() string {
	if l.id != "" {
		return "mail:" + hash(l.id, l.from)
	}
	return "mail:" + hash("", l.from, l.header.Get("To"), l.date.Format(time.RFC3339), l.subject, cut(l.body, 2000), string(l.status))
}

// voice makes a letter what is told. received is when the mailbox had it; zero:
// nobody knows. A clock that is wrong by more than a day is not believed.
func (l *letter) voice(mailbox string, received time.Time) Voice {
	v := Voice{Key: l.key(), Time: l.date}
	if !received.IsZero() && (v.Time.IsZero() || v.Time.After(received.Add(24*time.Hour))) {
		v.Time = received
	}
	p := map[string]any{"mailbox": mailbox, "subject": l.subject}
	from := l.comesFrom(mailbox)
	switch from {
	case itself, nobody:
		return v // left out
	case bounce:
		d := l.delivery()
		v.Event, v.Who = emailBounced, experience.Identifier{Kind: experience.EmailID, Value: d.recipient}
		p["status"], p["reason"] = d.status, d.reason
	case person:
		v.Event, v.Who = emailReceived, experience.Identifier{Kind: experience.EmailID, Value: l.from}
		own, cuts := cutLetter(l.body)
		p["text"], p["author"] = own, l.name
		if len(cuts) > 0 {
			p["cut"] = cuts
		}
		if l.header.Has("In-Reply-To") || l.header.Has("References") {
			p["reply"] = true
		}
	default:
		v.Event, v.Who = emailAutomatic, experience.Identifier{Kind: experience.EmailID, Value: l.from}
		p["automatic"] = string(from)
	}
	if len(l.parts) > 0 {
		p["attachments"] = l.parts
	}
	if len(l.limits) > 0 {
		p["limits"] = l.limits
	}
	v.Properties = p
	return v
}
