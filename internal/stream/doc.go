// Package stream is Regia's durable log and live bus, on NATS JetStream:
// embedded in the process, or a cluster given by its addresses.
//
// Concurrent callers share blocks: while one block is being written, the next
// one fills (group commit without timers). One block is one JetStream message,
// and a caller is answered when its last block is on disk (on a quorum, in a
// cluster). Readers get whole blocks in order, each with a position that names
// its content, so that a log which lost blocks or reuses their numbers is
// refused and never skipped over.
package stream
