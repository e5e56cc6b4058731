package connect

import (
	"os"
	"path/filepath"
	"testing"
)

// files writes a folder of small files.
func files(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const good = `version: 1
name: test
defaults: {zone: Europe/Rome, time: yyyy-MM-dd, currency: EUR}
files:
  orders: {match: orders.csv}
  lines: {match: lines.csv}
steps:
  - rows: orders
    joins:
      - {file: lines, on: id, many: true}
    person: {user_id: =who}
    key: [=id]
    interactions:
      - event: Bought
        time: =day
        money: {amount: =price}
        properties: {order_id: =id}
`

const (
	ordersCSV = "id,who,day,price\n1,anna,2024-01-02,10.50\n2,bea,2024-01-03,7\n"
	linesCSV  = "id,article\n1,pen\n1,ink\n2,pen\n"
)
