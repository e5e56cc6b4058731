package connect

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"regia/internal/mapping"
	"regia/internal/web"
)

// codedReasons writes reasons so that sayRejected can say them in any language.
func codedReasons(reasons []mapping.Reason) string {
	text, err := json.Marshal(reasons)
	if err != nil { // texts always marshal
		return mapping.Plain(reasons)
	}
	return string(text)
}

// inWords says reasons in a language.
func inWords(l *web.Locale, reasons []mapping.Reason) string {
	out := make([]string, len(reasons))
	for n, r := range reasons {
		out[n] = r.Say(func(key string, args []string, english string) string {
			key = "connect.reason." + key
			if !l.Has(key) {
				return english
			}
			named := make([]any, 0, 6)
			for k, a := range args {
				named = append(named, string(rune('a'+k)), a)
			}
			return l.T(key, named...)
		})
	}
	return strings.Join(out, "; ")
}

// words says why a row was refused; what was kept before reasons could be said
// is in English.
func (r Rejection) words(l *web.Locale) string {
	if len(r.Why) == 0 {
		return r.Reason
	}
	return inWords(l, r.Why)
}

// sayRejected copies a file of rejected rows whose reasons are coded.
func sayRejected(to io.Writer, from io.Reader, say func([]mapping.Reason) string) error {
	r, w := csv.NewReader(from), csv.NewWriter(to)
	r.ReuseRecord = true
	at := len(mapping.RejectedColumns(nil)) - mapping.ReasonColumn
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			w.Flush()
			return w.Error()
		}
		if err != nil {
			return err
		}
		var reasons []mapping.Reason
		if text := &record[len(record)-at]; json.Unmarshal([]byte(*text), &reasons) == nil {
			*text = say(reasons)
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
}
