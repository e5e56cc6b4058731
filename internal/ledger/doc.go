// Package ledger is the book of what happened: every interaction, in the order
// it was woven, with the person and the touchpoint it belongs to. It lives in
// DuckDB (one file) or in PostgreSQL, behind one text of SQL: readers ask the
// relation `interactions` and cannot tell the engines apart.
//
// Each engine's own file holds only what differs: how to connect, to append in
// bulk, to keep rows in a good order, and to lock.
package ledger
