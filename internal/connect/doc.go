// Package connect brings the past in: it sends what a mapping (internal/mapping,
// docs/import.md) makes of files to POST /v1/import of a running Regia.
//
// Open binds a mapping to the files at hand, Run sends what they tell through a
// Sender. Running an import again changes nothing. Bad rows are written to
// rejected.csv with their line and reason, and never stop the rest.
package connect
