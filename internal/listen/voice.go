package listen

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// The events that posts tell.
const (
	reviewPosted   = "Review Posted"
	reviewAnswered = "Review Answered"
	mentionPosted  = "Mention Posted"
	forumPosted    = "Forum Post Posted"
	emailReceived  = "Email Received"
	emailBounced   = "Email Bounced"
	emailAutomatic = "Automatic Email Received" // written by a machine: nobody's voice
)

// authorKind is the identifier of who writes on a platform:
// "<platform>:<the platform's id of them>".
const authorKind experience.IdentifierKind = "author"

// Voice is one thing that was heard, on its way to the front door.
type Voice struct {
	Key        string                // the platform's own id: the same whenever it is heard
	Event      string                //
	Time       time.Time             // when it was said; zero: nobody knows, so when it was heard
	Who        experience.Identifier // zero: nobody is named
	Properties map[string]any        // blank texts are left out
}

// Bounds of one voice, in bytes.
const (
	maxText  = 64 << 10 // of what somebody wrote
	maxField = 2 << 10  // of everything else
)

// item makes a voice what the door takes. What was said in the future was said now.
func (v Voice) item(now time.Time) (mapping.Item, error) {
	i := mapping.Item{Type: experience.Track, MessageID: v.Key, Event: v.Event, Time: v.Time}
	if len(i.MessageID) > 200 || !utf8.ValidString(i.MessageID) {
		i.MessageID = hash(v.Key)
	}
	if i.Time.IsZero() || i.Time.After(now) || i.Time.Year() < 1990 {
		i.Time = now
	}
	if v.Who.Value != "" {
		i.Identifiers = []experience.Identifier{v.Who}
	} else {
		i.AnonymousID = "anonymous" // names nobody: the door wants to be told so
	}
	for name, value := range v.Properties {
		text, ok := value.(string)
		if !ok {
			continue
		}
		most := maxField
		if name == "text" {
			most = maxText
		}
		whole := len(text)
		if text = cut(clean(text), most); text == "" {
			delete(v.Properties, name)
			continue
		}
		v.Properties[name] = text
		if whole > most {
			v.Properties[name+"_bytes"] = whole // what is shown is a part
		}
	}
	var err error
	i.Properties, err = json.Marshal(v.Properties)
	return i, err
}

// cut shortens a text to n bytes at most, between two characters.
func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// clean gives a text without what no book can hold and nobody can see.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfeff || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// author names who writes on a platform, by the platform's id of them.
func author(platform, id string) experience.Identifier {
	value := strings.ToLower(platform) + ":" + id
	if len(value) > experience.MaxIdentifierLength {
		value = strings.ToLower(cut(platform, 80)) + ":" + hash(id)
	}
	return experience.Identifier{Kind: authorKind, Value: value}
}

// unknownAuthor names the author of one thing, where a platform shows a name and
// no id: two of one name may well be two people.
func unknownAuthor(platform, key string) experience.Identifier {
	return author(platform, "of-"+hash(key))
}
