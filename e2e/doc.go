// Package e2e drives the real binary from outside, as a shop's site, a
// developer's script and a person in a browser would. A scenario is written
// once and runs on every topology. Nothing here looks inside: what the HTTP
// API and the pages do not say is not known.
package e2e
