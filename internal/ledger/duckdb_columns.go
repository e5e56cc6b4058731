package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"time"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"regia/internal/experience"
)

// DuckDB's driver gives an answer value by value, each in an interface: 8
// million rows of five take five seconds. Here whole columns are read where
// DuckDB has them. The driver keeps the answer to itself, so it is taken out of
// its rows by reflection; a driver that has none there is read value by value,
// slower and with the same outcome.

// columnReader reads an answer of a fixed shape: who (a UUID, or a text), two
// moments, a BIGINT, and texts.
type columnReader struct {
	words   *Words // of the texts
	names   *Words // of cases with names of their own; nil for people
	texts   []Text
	ids     bool
	byValue bool
	known   [2]recentWords
	named   recentWords
}

// recentWords remembers words by their text, without a lock.
type recentWords map[string]int32

func (r recentWords) number(w *Words, text string) int32 {
	n, known := r[text]
	if !known {
		n = w.Number(text)
		if len(r) < 100_000 {
			r[w.Text(n)] = n
		}
	}
	return n
}

func newColumnReader(w Walk, words, names *Words) *columnReader {
	return &columnReader{words: words, names: names, texts: w.Texts, ids: w.IDs, known: [2]recentWords{{}, {}}, named: recentWords{}}
}

// query runs a query on a connection and adds its rows to s.
func (r *columnReader) query(ctx context.Context, conn *sql.Conn, query string, args []any, s *steps) error {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return conn.Raw(func(raw any) (err error) {
		rows, err := raw.(driver.QueryerContext).QueryContext(ctx, query, named)
		if err != nil {
			return err
		}
		defer rows.Close()
		if result := resultOf(rows); result != nil && !r.byValue {
			return r.chunks(ctx, *result, s)
		}
		return r.values(rows, s)
	})
}

// resultOf gives DuckDB's answer behind the driver's rows, nil where it cannot
// be found.
func resultOf(rows driver.Rows) *mapping.Result {
	v := reflect.ValueOf(rows)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	f := v.Elem().FieldByName("res")
	if !f.IsValid() || f.Type() != reflect.TypeFor[mapping.Result]() {
		return nil
	}
	return (*mapping.Result)(unsafe.Pointer(f.UnsafeAddr())) // of rows, which the caller holds
}

func (r *columnReader) chunks(ctx context.Context, result mapping.Result, s *steps) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk := mapping.FetchChunk(result)
		if chunk.Ptr == nil {
			return nil
		}
		r.chunk(chunk, s)
		mapping.DestroyDataChunk(&chunk)
	}
}

// column gives the values of one column of a chunk.
func column[T any](chunk mapping.DataChunk, i, n int) []T {
	return unsafe.Slice((*T)(mapping.VectorGetData(mapping.DataChunkGetVector(chunk, mapping.IdxT(i)))), n)
}

func (r *columnReader) chunk(chunk mapping.DataChunk, s *steps) {
	n := int(mapping.DataChunkGetSize(chunk))
	if n == 0 {
		return
	}
	at, arrived, codes := column[int64](chunk, 1, n), column[int64](chunk, 2, n), column[int64](chunk, 3, n)
	var texts [2][]duckText
	var numbers [2][]int32
	for k, t := range r.texts {
		if t.Number {
			numbers[k] = column[int32](chunk, 4+k, n)
		} else {
			texts[k] = column[duckText](chunk, 4+k, n)
		}
	}
	var people, ids []duckUUID
	if r.ids {
		ids = column[duckUUID](chunk, 4+len(r.texts), n)
	}
	var names []duckText
	if r.names == nil {
		people = column[duckUUID](chunk, 0, n)
	} else {
		names = column[duckText](chunk, 0, n)
	}
rows:
	for i, code := range codes {
		if code == 0 {
			continue
		}
		e := Event{At: at[i], Arrived: arrived[i], Code: code}
		for k := range r.texts {
			if numbers[k] == nil {
				e.Texts[k] = r.known[k].number(r.words, texts[k][i].text())
			} else if e.Texts[k] = numbers[k][i]; e.Texts[k] <= 0 {
				continue rows
			}
		}
		if r.ids {
			s.steps.ids = append(s.steps.ids, ids[i].person().id())
		}
		if r.names == nil {
			s.add(people[i].person(), e)
		} else {
			s.add(person{low: uint64(r.named.number(r.names, names[i].text()))}, e)
		}
	}
}

// duckUUID is a UUID as DuckDB has it: a number of which the first bit is turned.
type duckUUID struct {
	low  uint64
	high int64
}

func (u duckUUID) person() person { return person{uint64(u.high) ^ 1<<63, u.low} }

// duckText is a text as DuckDB has it: up to 12 bytes in place, of a longer one
// the first 4 and where it lies.
type duckText struct {
	length uint32
	prefix [4]byte
	at     *byte
}

// text is valid as long as the chunk is.
func (t *duckText) text() string {
	if t.length <= 12 {
		return unsafe.String(&t.prefix[0], t.length)
	}
	return unsafe.String(t.at, t.length)
}

// values is chunks by way of the driver.
func (r *columnReader) values(rows driver.Rows, s *steps) error {
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		var who person
		var err error
		if name, ok := row[0].(string); ok {
			who.low = uint64(r.names.Number(name))
		} else if who, err = uuid(row[0]); err != nil {
			return err
		}
		e := Event{At: row[1].(time.Time).UnixMicro(), Arrived: row[2].(time.Time).UnixMicro(), Code: row[3].(int64)}
		wanted := e.Code != 0
		for k, t := range r.texts {
			if t.Number {
				e.Texts[k] = row[4+k].(int32)
				wanted = wanted && e.Texts[k] > 0
			} else {
				e.Texts[k] = r.words.Number(row[4+k].(string))
			}
		}
		if wanted && r.ids {
			id, err := uuid(row[4+len(r.texts)])
			if err != nil {
				return err
			}
			s.steps.ids = append(s.steps.ids, id.id())
		}
		if wanted {
			s.add(who, e)
		}
	}
}

// uuid reads an id that the driver gave.
func uuid(value driver.Value) (person, error) {
	switch v := value.(type) {
	case []byte:
		return personOf(experience.ID(v)), nil
	case duckdb.UUID:
		return personOf(experience.ID(v)), nil
	}
	return person{}, fmt.Errorf("an id is a %T", value)
}

func personOf(id experience.ID) person {
	return person{binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])}
}

func (p person) id() (id experience.ID) {
	binary.BigEndian.PutUint64(id[:8], p.high)
	binary.BigEndian.PutUint64(id[8:], p.low)
	return id
}
