// Package connect brings the past in: it reads CSV files by a mapping that the
// user writes (docs/import.md) and sends what they tell to POST /v1/import of a
// running Regia.
//
// A mapping is parsed once (Parse), bound to the files at hand (Open: columns
// are checked, expressions compiled), and then run against a Sender. Message
// ids derive from the mapping's name, the interaction and its key, so running
// an import again changes nothing. Bad rows are written to rejected.csv with
// their line and reason, and never stop the rest.
//
// Memory: joined files are held whole; the file whose rows are walked is
// streamed. Grouped files are read twice: first to count the rows of each
// group, then to hand each group on when its last row came, so only the groups
// open at the same time are held. Of people, the latest of each distinct set of
// traits is held until its step ends.
package connect
