// Package stats is the arithmetic of being sure: means, shares and scores with
// their intervals, differences with their tests, regressions that say how far
// to trust them, and judges of predictions.
//
// It is pure: the same numbers in give the same numbers out, also where chance
// has a part (bootstrap, permutation), because whoever asks gives the seed.
// Every interval is of 95 %. Every function names the paper its formula comes
// from, and its test works an example of the literature.
package stats
