// Package analytics answers the questions of those who look for what people go
// through: funnels, paths, retention, trends, times and the process that is
// really followed.
//
// All but trends rest on one thing, the sequence: what happened in a case (a
// person, a visit, an order, …), in order. The ledger walks through them in a
// few narrow columns; what a sequence means is decided in Go, by functions
// without side effects. So both engines give the same answer, and a slow and
// obvious reference can be held against each of them.
//
// In a sequence things are in the order of their time; what happened at the
// same time stands in the order in which it arrived.
package analytics
