package collect

import (
	"time"

	"regia/internal/experience"
)

// event is one that was taken, on its way to the log: what becomes an
// experience.Event, and what only marks it.
type event struct {
	kind                                     experience.Kind
	messageID, name                          string
	made                                     bool // messageID is ours, not the sender's
	userID, anonymousID, previousID, groupID string
	time                                     time.Time
	properties, traits, context              []byte
	identifiers                              []experience.Identifier
	imported                                 bool
	importID                                 experience.ID // zero: nobody said
	flags                                    experience.Flags
	told                                     told
}

// told is what a context tells that marks an event.
type told struct {
	userAgent []byte // as it was written
	ip        string
	traits    []byte
}

// appendJSON writes the JSON of an experience.Event.
func (e *event) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"messageId":`...), e.messageID)
	b = appendText(append(b, `,"type":`...), string(e.kind))
	for _, f := range []struct{ key, value string }{
		{`,"event":`, e.name}, {`,"userId":`, e.userID}, {`,"anonymousId":`, e.anonymousID},
		{`,"previousId":`, e.previousID}, {`,"groupId":`, e.groupID},
	} {
		if f.value != "" {
			b = appendText(append(b, f.key...), f.value)
		}
	}
	b = append(b, `,"time":"`...)
	b = e.time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	for _, f := range []struct {
		key   string
		value []byte
	}{{`,"properties":`, e.properties}, {`,"traits":`, e.traits}, {`,"context":`, e.context}} {
		if f.value != nil {
			b = append(append(b, f.key...), f.value...)
		}
	}
	if len(e.identifiers) > 0 {
		b = append(b, `,"identifiers":[`...)
		for i, id := range e.identifiers {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"kind":`...), string(id.Kind))
			b = append(appendText(append(b, `,"value":`...), id.Value), '}')
		}
		b = append(b, ']')
	}
	if e.imported {
		b = append(b, `,"imported":true`...)
	}
	if !e.importID.IsZero() {
		b = appendText(append(b, `,"import":`...), e.importID.String())
	}
	return append(b, '}')
}
