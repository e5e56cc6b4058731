// Package examples holds the mappings that come with Regia.
package examples

import "embed"

// Mappings are the ready mappings, each in a folder of its name.
//
//go:embed */mapping.yaml
var Mappings embed.FS
