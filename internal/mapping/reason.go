package mapping

import (
	"errors"
	"strings"
)

// Reason says why something cannot be used, in a form that can be said in any
// language.
type Reason struct {
	About string   `json:"about,omitempty"` // which part of the mapping: "traits", "order-completed: time"
	Key   string   `json:"key,omitempty"`   // of the message; "" where there is Text alone
	Args  []string `json:"args,omitempty"`  // what stands in the message, in the order of the text
	Text  string   `json:"text"`            // in English
	Cause *Reason  `json:"cause,omitempty"` // said after the text
}

// reason makes one. The text is that of the message in English, with a %s for
// each of args.
func reason(key, text string, args ...string) Reason {
	for _, a := range args {
		text = strings.Replace(text, "%s", a, 1)
	}
	return Reason{Key: key, Args: args, Text: text}
}

// Error says it in English.
func (r Reason) Error() string {
	return r.Say(func(_ string, _ []string, english string) string { return english })
}

// Say says it by the messages that say gives for keys.
func (r Reason) Say(say func(key string, args []string, english string) string) string {
	text := r.Text
	if r.Key != "" {
		text = say(r.Key, r.Args, r.Text)
	}
	if r.About != "" {
		text = r.About + ": " + text
	}
	if r.Cause != nil {
		text += ": " + r.Cause.Say(say)
	}
	return text
}

// reasonOf makes an error a reason.
func reasonOf(err error) Reason {
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	return Reason{Text: err.Error()}
}

// about says of which part of the mapping an error tells; nil stays nil.
func about(what string, err error) error {
	if err == nil || what == "" {
		return err
	}
	r := reasonOf(err)
	if r.About != "" {
		what += ": " + r.About
	}
	r.About = what
	return r
}

// Plain says reasons in English.
func Plain(reasons []Reason) string {
	out := make([]string, len(reasons))
	for n, r := range reasons {
		out[n] = r.Error()
	}
	return strings.Join(out, "; ")
}
