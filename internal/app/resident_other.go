//go:build !linux

package app

// letGoOfProgram is for Linux alone.
func letGoOfProgram() {}
