// Package impact tells what interactions do to the people who have them: what
// they say about them (stated), what readable rules conclude from what happened
// (inferred), and what designers suppose (assumed). The three are never mixed.
//
// Its heart is a function without side effects: from the sequence of one
// person's interactions to their impressions (Tell). Around it stand a picture
// of everybody, reckoned in memory from the ledger and never stored, since it
// can be had again (Picture); the weights of the rules, fitted on what the
// company's own people said (fit.go); scores (score.go) and figures by
// touchpoint, stage, channel, department and time (figures.go).
package impact
