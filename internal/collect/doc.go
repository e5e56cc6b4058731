// Package collect is the front door: it takes interactions over HTTP in the
// words of Segment's API, checks each event, corrects its clock, and answers
// once all of them are safe in the log. docs/collect.md says what it takes and
// what becomes of what it cannot take.
package collect
