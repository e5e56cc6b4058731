// Package driver is the room that answers "what do they think of us, where, and
// what matters most?".
//
// Opinions: Net Promoter Score, satisfaction, effort and stars, each on its own
// scale and never averaged with another, by touchpoint, shop, month, channel
// and segment, with interval and n; how many of those asked answer, and who
// does not.
//
// Drivers: which of the things that people rated, went through or wrote about
// go with what they answer, how much one point is worth, and what to do first.
// What goes together need not cause each other, and the pages say so.
package driver
