package collect

import (
	"time"

	"regia/internal/experience"
)

// event is one that was taken, on its way to the log: what becomes an
// experience.Event, and what only marks it.
type event struct {
	kind                                     experience.Kind
	messageID, name                          []byte
	made                                     bool // messageID is ours, not the sender's
	userID, anonymousID, previousID, groupID []byte
	time                                     time.Time
	properties, traits, context              []byte
	identifiers                              []experience.Identifier
	imported                                 bool
	importID                                 experience.ID // zero: nobody said
	flags                                    experience.Flags
	told                                     told
}

// told is what the door looks at of a context, as it was written; nil when it
// is not there.
type told struct {
	ip, userAgent, traits, externalIDs, integrations []byte
}

// appendJSON writes the JSON of an experience.Event.
func (e *event) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"messageId":`...), e.messageID)
	b = append(append(append(b, `,"type":"`...), e.kind...), '"')
	b = appendField(b, `,"event":`, e.name)
	b = appendField(b, `,"userId":`, e.userID)
	b = appendField(b, `,"anonymousId":`, e.anonymousID)
	b = appendField(b, `,"previousId":`, e.previousID)
	b = appendField(b, `,"groupId":`, e.groupID)
	b = append(b, `,"time":"`...)
	b = e.time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendValue(b, `,"properties":`, e.properties)
	b = appendValue(b, `,"traits":`, e.traits)
	b = appendValue(b, `,"context":`, e.context)
	if len(e.identifiers) > 0 {
		b = append(b, `,"identifiers":[`...)
		for i, id := range e.identifiers {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"kind":`...), []byte(id.Kind))
			b = append(appendText(append(b, `,"value":`...), []byte(id.Value)), '}')
		}
		b = append(b, ']')
	}
	if e.imported {
		b = append(b, `,"imported":true`...)
	}
	if !e.importID.IsZero() {
		b = appendText(append(b, `,"import":`...), []byte(e.importID.String()))
	}
	return append(b, '}')
}

// appendField writes a text where there is one.
func appendField(b []byte, key string, text []byte) []byte {
	if len(text) == 0 {
		return b
	}
	return appendText(append(b, key...), text)
}

// appendValue writes JSON where there is some.
func appendValue(b []byte, key string, value []byte) []byte {
	if value == nil {
		return b
	}
	return append(append(b, key...), value...)
}
