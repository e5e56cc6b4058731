// Package mapping says what records mean: it reads the mapping language of
// docs/import.md and turns rows of files, or single documents of JSON, into
// items for POST /v1/import. Imports and webhooks share it.
//
// A mapping is parsed once (Parse). For files it is then bound to those at hand
// (Bind: columns are checked, expressions compiled) and walked into a Sink; for
// documents, whose mappings have neither files: nor rows:, it is compiled
// (Compile) and maps one after the other.
//
// Message ids derive from the mapping's name, the interaction and its key, so
// mapping the same record again gives the same items.
//
// Memory: joined files are held whole; the file whose rows are walked is
// streamed. Grouped files are read twice: first to count the rows of each
// group, then to hand each group on when its last row came, so only the groups
// open at the same time are held. Of people, the latest of each distinct set of
// traits is held until its step ends.
package mapping
