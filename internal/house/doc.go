// Package house keeps the rules of the house. floors.go says who may import
// whom, files.go what a file may hold, and its tests hold the whole repository
// against both: in `make lint`, and in every `go test ./...`.
package house
