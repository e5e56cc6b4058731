package ledger

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// columns of an interaction, in the order of every insert and union.
const columns = `id, message_id, source, kind, name, time, received_at, subject, person_id, touchpoint, visit,` +
	` revenue, currency, order_id, product_id, flags, imported, properties, context, import_id`

// columnTypes declares them: those of the first version, and those added since.
const columnTypes = firstColumnTypes + `,
	import_id UUID`

// firstColumnTypes: JSON, not JSONB: JSONB forgets how the sender wrote a
// number, and a binding may ask for that.
const firstColumnTypes = `
	id UUID NOT NULL,
	message_id TEXT NOT NULL,
	source TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	time TIMESTAMPTZ NOT NULL,
	received_at TIMESTAMPTZ NOT NULL,
	subject UUID,
	person_id UUID,
	touchpoint TEXT NOT NULL,
	visit TEXT NOT NULL,
	revenue BIGINT NOT NULL,
	currency TEXT NOT NULL,
	order_id TEXT NOT NULL,
	product_id TEXT NOT NULL,
	flags SMALLINT NOT NULL,
	imported BOOLEAN NOT NULL,
	properties JSON,
	context JSON`

// shownColumns are those of an interaction that pages show. DuckDB fetches a
// block of each column, which is most of what a page of a timeline costs.
const shownColumns = `id, message_id, source, kind, name, time, received_at, touchpoint, revenue, currency, flags, properties`

// What scanInteraction reads: what is shown, or all of it.
const (
	readShown = `id::TEXT, message_id, source, kind, name, time, received_at, touchpoint, revenue, currency, flags, properties::TEXT`
	readWhole = readShown + `, subject::TEXT, person_id::TEXT, visit, order_id, product_id, imported, context::TEXT, import_id::TEXT`
)

type scanner interface{ Scan(dest ...any) error }

// scanInteraction takes a row of readWhole, or else of readShown.
func scanInteraction(row scanner, whole bool) (experience.Interaction, error) {
	var r experience.Interaction
	var properties, context *string
	to := []any{&r.ID, &r.MessageID, &r.Source, &r.Kind, &r.Name, &r.Time, &r.ReceivedAt, &r.Touchpoint, &r.Revenue, &r.Currency, &r.Flags, &properties}
	if whole {
		to = append(to, &r.Subject, &r.Person, &r.Visit, &r.OrderID, &r.ProductID, &r.Imported, &context, &r.Import)
	}
	err := row.Scan(to...)
	r.Time, r.ReceivedAt = r.Time.UTC(), r.ReceivedAt.UTC()
	if properties != nil {
		r.Properties = json.RawMessage(*properties)
	}
	if context != nil {
		r.Context = json.RawMessage(*context)
	}
	return r, err
}

// cleanText makes a text that both engines can hold: PostgreSQL refuses NUL and
// broken UTF-8, and one such event must not stop the book.
func cleanText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cleanJSON does the same to a JSON text: escaped NULs and halves of surrogate
// pairs become U+FFFD. Numbers and the rest stay as they were written. What is
// no JSON at all, which the front door does not let in, becomes a JSON string;
// checked says that somebody has parsed it already. Absent gives nil.
func cleanJSON(raw json.RawMessage, checked bool) []byte {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		raw = []byte(cleanText(string(raw)))
		checked = false
	}
	if !checked && !json.Valid(raw) {
		raw, _ = json.Marshal(string(raw)) // a string always marshals
	}
	if !bytes.Contains(raw, []byte(`\u`)) {
		return raw
	}
	return cleanEscapes(string(raw))
}

func cleanEscapes(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\' || i+1 >= len(s):
			out = append(out, s[i])
			i++
		case s[i+1] != 'u':
			out = append(out, s[i:i+2]...)
			i += 2
		default:
			n := keptEscape(s[i:])
			if n == 0 {
				out = append(out, `\ufffd`...)
				n = 6
			} else {
				out = append(out, s[i:i+n]...)
			}
			i += n
		}
	}
	return out
}

// keptEscape gives the length of the \u escape (or pair of them) that s begins
// with, and 0 when it stands for no character that can be kept.
func keptEscape(s string) int {
	switch r := escaped(s); {
	case r <= 0:
		return 0
	case r < 0xD800 || r > 0xDFFF:
		return 6
	case r < 0xDC00 && len(s) >= 12:
		if low := escaped(s[6:]); low >= 0xDC00 && low <= 0xDFFF {
			return 12
		}
	}
	return 0
}

func escaped(s string) int64 {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	r, err := strconv.ParseUint(s[2:6], 16, 32)
	if err != nil {
		return -1
	}
	return int64(r)
}
