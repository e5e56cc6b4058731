// Package journey keeps maps of what people go through: stages, steps, the
// touchpoints where they happen, what is expected of each, and which real
// interactions mean them. Files called alive_* tell how a map is really lived.
package journey
