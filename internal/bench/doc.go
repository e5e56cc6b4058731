// Package bench is `regia bench`: what Regia does on the machine it stands on,
// measured from outside, with the binary that is measured.
//
// To add a benchmark, make one file with a function that returns a Benchmark
// (see weave.go) and name it in All. Its Flags bind parameters to the command
// line and give the function that runs it; that function gets a *Bench, which
//   - starts servers of this very binary as processes of their own (b.Serve),
//     so that their memory and CPU time are theirs alone (Process.Usage),
//   - sends events through HTTP (newLoad, load.run) or asks the API (Server.Get),
//   - takes figures: b.Figure(Figure{Name: "timeline_ms", Unit: "ms", ...}).
//
// Everything lives in a temporary folder that is gone afterwards. A figure's
// name and unit are read by programs: once published they stay. Add the new
// figures to docs/benchmarks.md.
package bench
