// Package touchpoint is the catalogue of places where people meet the company:
// what each one is, who answers for it, and which events belong to it.
//
// The catalogue lives in the registry and carries a version that rises with
// every change, in the same transaction. It starts as the default catalogue
// (defaults.yaml), which later releases may extend without touching what
// people changed. Its bindings assign every interaction, past and coming, to
// at most one touchpoint: Matcher does it for the coming ones, the ledger does
// it for the past with the same bindings.
package touchpoint
