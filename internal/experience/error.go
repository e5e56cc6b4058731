package experience

import (
	"errors"
	"fmt"
)

// Code says what kind of trouble an error is, for programs.
type Code string

// The codes an error may carry. Anything without a code is internal.
const (
	Invalid      Code = "invalid"      // the caller sent something that cannot be right
	NotFound     Code = "not_found"    // there is no such thing
	Conflict     Code = "conflict"     // it clashes with what is there
	Unauthorised Code = "unauthorised" // who is asking is not known
	Forbidden    Code = "forbidden"    // who is asking is known, and may not
	TooLarge     Code = "too_large"    // over a stated limit of size
	TooMany      Code = "too_many"     // over a stated rate: come back later
	Unavailable  Code = "unavailable"  // not now: full, starting, draining
	Internal     Code = "internal"     // our fault
)

// Error is a code for programs and a message for people: what happened, what
// was kept, what to do. Err, when there, is the cause: for the log, never shown.
type Error struct {
	Code    Code
	Message string
	Err     error
}

// Errorf makes an error with a code and a message fit for people. A %w verb
// keeps its operand as the cause.
func Errorf(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of the first Error in err's chain; Internal when there
// is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// MessageOf gives the message meant for people. An error without a code says
// nothing of its inside.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "something went wrong on our side; it has been logged"
}
