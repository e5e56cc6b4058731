// Package stream is Regia's durable log and live bus: files in a folder and a
// bus inside the process, or a NATS cluster given by its addresses.
//
// Concurrent callers share blocks: while one block is being written, the next
// one fills (group commit). A caller is answered when its last block is on disk
// (on a quorum, in a cluster). Readers get whole blocks in order, each with a
// position that names its content, so that a log which lost blocks or reuses
// their numbers is refused and never skipped over.
//
// Devices publish by MQTT to a NATS server of their own inside the process; it
// is there only where somebody asked for it.
package stream
