// Package export lets a company take its data out: interactions as Parquet, CSV
// or NDJSON, people as CSV or NDJSON, written as they are read, so that memory
// does not grow with what there is. docs/export.md tells the columns.
package export
