package ledger

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"regia/internal/experience"
)

// The driver's appender takes rows value by value, each in an interface, and
// each text is handed over by a call of its own: half of an append's time. Here
// values are written where DuckDB keeps them, a chunk of 2,048 rows at a time.

// bulk appends n rows to a table, inside the transaction; row writes the values
// of row i, a call for each column in order.
func (t *duckTx) bulk(table string, n int, row func(i int, w *chunkWriter)) error {
	return t.conn.Raw(func(dc any) (err error) {
		w, err := newChunkWriter(dc.(driver.Conn), table)
		if err != nil {
			return err
		}
		defer func() {
			if closed := w.close(); err == nil {
				err = closed
			}
		}()
		for i := range n {
			row(i, w)
			if err := w.next(); err != nil {
				return err
			}
		}
		return w.flush()
	})
}

// chunkWriter appends rows to a table.
type chunkWriter struct {
	appender mapping.Appender
	chunk    mapping.DataChunk
	types    []mapping.LogicalType
	data     []unsafe.Pointer // of each column
	nulls    []unsafe.Pointer // which rows of it have a value; nil while all have
	column   int              // the next to be written
	rows     int              // in the chunk
	room     int              // of a chunk
	texts    texts
}

// nativeConn gives DuckDB's connection behind the driver's, which keeps it to
// itself.
func nativeConn(dc driver.Conn) (mapping.Connection, error) {
	if c, ok := dc.(*duckdb.Conn); ok {
		f := reflect.ValueOf(c).Elem().FieldByName("conn")
		if f.IsValid() && f.Type() == reflect.TypeFor[mapping.Connection]() {
			return *(*mapping.Connection)(unsafe.Pointer(f.UnsafeAddr())), nil
		}
	}
	return mapping.Connection{}, fmt.Errorf("no connection of DuckDB behind a %T", dc)
}

func newChunkWriter(dc driver.Conn, table string) (*chunkWriter, error) {
	conn, err := nativeConn(dc)
	if err != nil {
		return nil, err
	}
	w := &chunkWriter{room: int(mapping.VectorSize())}
	if mapping.AppenderCreateExt(conn, "", "", table, &w.appender) == mapping.StateError {
		err := w.failure()
		mapping.AppenderDestroy(&w.appender)
		return nil, err
	}
	for i := range mapping.AppenderColumnCount(w.appender) {
		w.types = append(w.types, mapping.AppenderColumnType(w.appender, i))
	}
	w.data, w.nulls = make([]unsafe.Pointer, len(w.types)), make([]unsafe.Pointer, len(w.types))
	w.chunk = mapping.CreateDataChunk(w.types)
	w.begin()
	return w, nil
}

// begin starts an empty chunk.
func (w *chunkWriter) begin() {
	for i := range w.data {
		w.data[i] = mapping.VectorGetData(mapping.DataChunkGetVector(w.chunk, mapping.IdxT(i)))
		w.nulls[i] = nil
	}
	w.rows, w.column = 0, 0
	w.texts.reuse()
}

// next ends a row.
func (w *chunkWriter) next() error {
	w.column = 0
	if w.rows++; w.rows < w.room {
		return nil
	}
	return w.flush()
}

// flush hands the chunk to DuckDB, which copies it.
func (w *chunkWriter) flush() error {
	if w.rows == 0 {
		return nil
	}
	mapping.DataChunkSetSize(w.chunk, mapping.IdxT(w.rows))
	state := mapping.AppendDataChunk(w.appender, w.chunk)
	runtime.KeepAlive(w.texts.slabs)
	if state == mapping.StateError {
		return w.failure()
	}
	mapping.DataChunkReset(w.chunk)
	w.begin()
	return nil
}

// close writes what was flushed into the table.
func (w *chunkWriter) close() (err error) {
	if mapping.AppenderClose(w.appender) == mapping.StateError {
		err = w.failure()
	}
	mapping.AppenderDestroy(&w.appender)
	mapping.DestroyDataChunk(&w.chunk)
	for i := range w.types {
		mapping.DestroyLogicalType(&w.types[i])
	}
	w.texts.release()
	return err
}

// failure is what the appender says went wrong.
func (w *chunkWriter) failure() error {
	e := mapping.AppenderErrorData(w.appender)
	defer mapping.DestroyErrorData(&e)
	return &duckdb.Error{Type: duckdb.ErrorType(mapping.ErrorDataErrorType(e)), Msg: mapping.ErrorDataMessage(e)}
}

func put[T any](w *chunkWriter, value T) {
	*(*T)(unsafe.Add(w.data[w.column], uintptr(w.rows)*unsafe.Sizeof(value))) = value
	w.column++
}

func (w *chunkWriter) null() {
	if w.nulls[w.column] == nil {
		v := mapping.DataChunkGetVector(w.chunk, mapping.IdxT(w.column))
		mapping.VectorEnsureValidityWritable(v)
		w.nulls[w.column] = mapping.VectorGetValidity(v)
	}
	word := (*uint64)(unsafe.Add(w.nulls[w.column], w.rows/64*8))
	*word &^= 1 << (w.rows % 64)
	w.column++
}

func (w *chunkWriter) whole(n int64)      { put(w, n) }
func (w *chunkWriter) short(n int16)      { put(w, n) }
func (w *chunkWriter) truth(b bool)       { put(w, b) }
func (w *chunkWriter) moment(t time.Time) { put(w, t.UnixMicro()) }

func (w *chunkWriter) id(id experience.ID) {
	p := personOf(id)
	put(w, duckUUID{low: p.low, high: int64(p.high ^ 1<<63)})
}

// idOrNull writes NULL for the zero id.
func (w *chunkWriter) idOrNull(id experience.ID) {
	if id.IsZero() {
		w.null()
		return
	}
	w.id(id)
}

// text writes a text, which must be clean (see cleanText).
func (w *chunkWriter) text(s string) { put(w, w.texts.keep(s)) }

// textOrNull writes NULL for nil.
func (w *chunkWriter) textOrNull(b []byte) {
	if b == nil {
		w.null()
		return
	}
	w.text(unsafe.String(unsafe.SliceData(b), len(b)))
}

// texts holds the long texts of a chunk where neither Go nor DuckDB moves them.
type texts struct {
	slabs [][]byte
	slab  int // the one being filled
	pins  runtime.Pinner
}

const slabBytes = 1 << 20

// emptySlabs are slabs that nobody fills.
var emptySlabs = sync.Pool{New: func() any { return new([slabBytes]byte) }}

// reuse forgets what is held.
func (t *texts) reuse() {
	for i := range t.slabs {
		t.slabs[i] = t.slabs[i][:0]
	}
	t.slab = 0
}

// release gives the slabs back; nothing that was kept may be read after it.
func (t *texts) release() {
	t.pins.Unpin()
	for _, slab := range t.slabs {
		if cap(slab) == slabBytes {
			emptySlabs.Put((*[slabBytes]byte)(slab[:slabBytes]))
		}
	}
	t.slabs = nil
}

// keep gives a text as DuckDB has it.
func (t *texts) keep(s string) (out duckText) {
	out.length = uint32(len(s))
	if len(s) <= 12 {
		copy(unsafe.Slice(&out.prefix[0], 12), s)
		return out
	}
	for t.slab < len(t.slabs) && cap(t.slabs[t.slab])-len(t.slabs[t.slab]) < len(s) {
		t.slab++
	}
	if t.slab == len(t.slabs) {
		var fresh []byte
		if len(s) <= slabBytes {
			fresh = emptySlabs.Get().(*[slabBytes]byte)[:0]
		} else {
			fresh = make([]byte, 0, len(s))
		}
		t.slabs = append(t.slabs, fresh)
		t.pins.Pin(unsafe.SliceData(fresh))
	}
	slab := &t.slabs[t.slab]
	from := len(*slab)
	*slab = append(*slab, s...)
	copy(out.prefix[:], s)
	out.at = &(*slab)[from]
	return out
}
