// Package survey asks people what they think: surveys with their versions and
// ready-made sets, the public pages where they are answered, what was answered,
// and the pages where surveys are made and read. docs/survey.md tells how.
package survey
