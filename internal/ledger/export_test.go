package ledger

import "context"

// SetPartRows sets how many rows a sorted part holds at most; it is sorted in
// eight chunks, and a transaction writes a seventh of it.
func SetPartRows(o *Options, n int64) { o.partRows, o.chunks, o.rowGroup = n, 8, n/7 }

// SetSortBytes makes slices small.
func SetSortBytes(o *Options, n int64) { o.sortBytes = n }

// FirstVersion gives the statements that make a DuckDB file as the first version
// of the tables had it, with a row in each of two parts.
func FirstVersion() []string {
	row := func(message string) string {
		return `(uuid(), '` + message + `', 'web', 'track', 'Page', now(), now(), NULL, '10000000-0000-0000-0000-000000000000', '', '', 0, '', '', '', 0, false, '{"n":1}', NULL)`
	}
	return []string{
		firstDuckTables,
		`CREATE VIEW interactions AS SELECT * FROM hot_0`,
		`CREATE TABLE cold_7 (` + firstColumnTypes + `)`,
		`INSERT INTO parts VALUES ('cold_7', 'cold', NULL, NULL)`,
		`INSERT INTO hot_0 VALUES ` + row("old"),
		`INSERT INTO cold_7 VALUES ` + row("old and sorted"),
		`CREATE TABLE schema_version (version BIGINT)`,
		`INSERT INTO schema_version VALUES (1)`,
	}
}

// Sabotage changes what is in the ledger behind its back.
func Sabotage(l *Ledger, statement string) error {
	return l.engine.write(context.Background(), func(tx writeTx) error {
		_, err := tx.exec(context.Background(), statement)
		return err
	})
}

// Mend has a DuckDB ledger open its file again, as after a fault, and waits
// until it has.
func Mend(l *Ledger) {
	d := l.engine.(*duck)
	d.mend()
	d.mending.work.Wait()
}

// ByValue has a DuckDB ledger's answers read value by value.
func ByValue(l *Ledger) { l.engine.(*duck).options.byValue = true }
