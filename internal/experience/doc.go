// Package experience is the shared language of Regia: what an interaction, a
// person, a touchpoint and a piece of evidence are. Every other package speaks
// it; it imports none of them.
package experience
