package export

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"regia/internal/experience"
)

// interactionRow is an interaction as it is taken out. The names are a promise:
// columns are added at the end, never renamed.
type interactionRow struct {
	ID         experience.ID   `json:"id"`
	MessageID  string          `json:"message_id"`
	Source     string          `json:"source"`
	Kind       experience.Kind `json:"kind"`
	Name       string          `json:"name"`
	Time       string          `json:"time"`
	ReceivedAt string          `json:"received_at"`
	Subject    *experience.ID  `json:"subject"`
	Person     *experience.ID  `json:"person_id"`
	Touchpoint string          `json:"touchpoint"`
	Visit      string          `json:"visit"`
	Revenue    int64           `json:"revenue_minor"`
	Currency   string          `json:"currency"`
	OrderID    string          `json:"order_id"`
	ProductID  string          `json:"product_id"`
	Bot        bool            `json:"bot"`
	Staff      bool            `json:"staff"`
	Imported   bool            `json:"imported"`
	Import     *experience.ID  `json:"import_id"`
	Properties json.RawMessage `json:"properties"`
	Context    json.RawMessage `json:"context"`
	Record     bool            `json:"record"` // no contact: what a file or another system says about somebody
}

var interactionShape = shape[experience.Interaction]{
	columns: []string{"id", "message_id", "source", "kind", "name", "time", "received_at", "subject", "person_id", "touchpoint", "visit",
		"revenue_minor", "currency", "order_id", "product_id", "bot", "staff", "imported", "import_id", "properties", "context", "record"},
	cells:  interactionCells,
	object: func(r experience.Interaction) any { return rowOf(r) },
}

func rowOf(r experience.Interaction) interactionRow {
	return interactionRow{
		ID: r.ID, MessageID: r.MessageID, Source: r.Source, Kind: r.Kind, Name: r.Name, Time: stamp(r.Time), ReceivedAt: stamp(r.ReceivedAt),
		Subject: maybe(r.Subject), Person: maybe(r.Person), Touchpoint: r.Touchpoint, Visit: r.Visit,
		Revenue: r.Revenue, Currency: r.Currency, OrderID: r.OrderID, ProductID: r.ProductID,
		Bot: r.Flags&experience.FlagBot != 0, Staff: r.Flags&experience.FlagStaff != 0, Imported: r.Imported, Import: maybe(r.Import),
		Properties: r.Properties, Context: r.Context, Record: r.Flags&experience.FlagRecord != 0,
	}
}

func interactionCells(r experience.Interaction) []cell {
	plain := func(text string) cell { return cell{text: text} }
	free := func(text string) cell { return cell{text, true} }
	yes := func(is bool) cell { return cell{text: strconv.FormatBool(is)} }
	id := func(id experience.ID) cell {
		if id.IsZero() {
			return cell{}
		}
		return plain(id.String())
	}
	return []cell{
		id(r.ID), free(r.MessageID), plain(r.Source), plain(string(r.Kind)), free(r.Name), plain(stamp(r.Time)), plain(stamp(r.ReceivedAt)),
		id(r.Subject), id(r.Person), free(r.Touchpoint), free(r.Visit), plain(strconv.FormatInt(r.Revenue, 10)), free(r.Currency),
		free(r.OrderID), free(r.ProductID), yes(r.Flags&experience.FlagBot != 0), yes(r.Flags&experience.FlagStaff != 0), yes(r.Imported), id(r.Import),
		plain(string(r.Properties)), plain(string(r.Context)), yes(r.Flags&experience.FlagRecord != 0),
	}
}

// stamp writes a moment, in UTC and with microseconds, so that text sorts as time.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func maybe(id experience.ID) *experience.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

func openInteractions(f Format, out io.Writer, raw bool) (table[experience.Interaction], error) {
	if f == Parquet {
		return newParquet(out), nil
	}
	return open(interactionShape, f, out, raw)
}
