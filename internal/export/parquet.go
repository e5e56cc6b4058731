package export

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"regia/internal/experience"
)

// A row group is gathered in memory, compressed, before it is written: it ends
// at so many rows, or at so much text.
const (
	groupRows  = 100_000
	groupBytes = 64 << 20
	batchRows  = 256
)

// parquetRow is interactionRow with Parquet's own types. What is optional
// and zero becomes null. JSON is plain text: the library reads an optional
// column of the JSON type by its own means, and fails on nulls.
type parquetRow struct {
	ID         [16]byte `parquet:"id,uuid"`
	MessageID  string   `parquet:"message_id"`
	Source     string   `parquet:"source,dict"`
	Kind       string   `parquet:"kind,dict"`
	Name       string   `parquet:"name,dict"`
	Time       int64    `parquet:"time,timestamp(microsecond)"`
	ReceivedAt int64    `parquet:"received_at,timestamp(microsecond)"`
	Subject    [16]byte `parquet:"subject,optional,uuid"`
	Person     [16]byte `parquet:"person_id,optional,uuid"`
	Touchpoint string   `parquet:"touchpoint,dict"`
	Visit      string   `parquet:"visit"`
	Revenue    int64    `parquet:"revenue_minor"`
	Currency   string   `parquet:"currency,dict"`
	OrderID    string   `parquet:"order_id"`
	ProductID  string   `parquet:"product_id"`
	Bot        bool     `parquet:"bot"`
	Staff      bool     `parquet:"staff"`
	Imported   bool     `parquet:"imported"`
	Import     [16]byte `parquet:"import_id,optional,uuid"`
	Properties string   `parquet:"properties,optional"`
	Context    string   `parquet:"context,optional"`
	Record     bool     `parquet:"record"`
}

// parquetTable writes interactions as Parquet, compressed with zstd.
type parquetTable struct {
	writer *parquet.GenericWriter[parquetRow]
	batch  []parquetRow
	rows   int // of the row group under way
	bytes  int // of its text
}

func newParquet(out io.Writer) *parquetTable {
	return &parquetTable{
		writer: parquet.NewGenericWriter[parquetRow](out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("Regia", "", ""),
			parquet.DataPageStatistics(true)),
		batch: make([]parquetRow, 0, batchRows),
	}
}

func (t *parquetTable) write(r experience.Interaction) error {
	t.batch = append(t.batch, parquetOf(r))
	t.rows++
	t.bytes += len(r.Properties) + len(r.Context) + len(r.MessageID)
	full := t.rows == groupRows || t.bytes >= groupBytes
	if len(t.batch) == batchRows || full {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if full {
		t.rows, t.bytes = 0, 0
		return t.writer.Flush()
	}
	return nil
}

func (t *parquetTable) flush() error {
	_, err := t.writer.Write(t.batch)
	t.batch = t.batch[:0]
	return err
}

// close writes the footer, without which nothing reads the file.
func (t *parquetTable) close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.writer.Close()
}

func parquetOf(r experience.Interaction) parquetRow {
	return parquetRow{
		ID: r.ID, MessageID: r.MessageID, Source: r.Source, Kind: string(r.Kind), Name: r.Name,
		Time: r.Time.UnixMicro(), ReceivedAt: r.ReceivedAt.UnixMicro(), Subject: r.Subject, Person: r.Person,
		Touchpoint: r.Touchpoint, Visit: r.Visit, Revenue: r.Revenue, Currency: r.Currency, OrderID: r.OrderID, ProductID: r.ProductID,
		Bot: r.Flags&experience.FlagBot != 0, Staff: r.Flags&experience.FlagStaff != 0, Imported: r.Imported, Import: r.Import,
		Properties: string(r.Properties), Context: string(r.Context), Record: r.Flags&experience.FlagRecord != 0,
	}
}
