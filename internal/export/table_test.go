package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/web"
)

// Whatever people wrote, a reader of RFC 4180 gets it back; with raw to the letter.
func TestCSVComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@"\-,;\n è]{0,8}`)).Draw(t, "name")
		var out bytes.Buffer
		table, err := openInteractions(CSV, &out, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(table.write(experience.Interaction{Name: name, OrderID: name}), table.close()); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("%d lines, %v", len(records), err)
		}
		want := strings.ReplaceAll(name, "\r\n", "\n") // as Go's reader gives it
		if got := records[1][4]; got != want || records[1][13] != want {
			t.Errorf("%q comes back as %q", name, got)
		}
	})
}

func full() experience.Interaction {
	at := time.Date(2026, 3, 1, 9, 30, 0, 123456000, time.UTC)
	return experience.Interaction{
		ID: experience.HashID([]byte("t"), "i"), MessageID: "m-1", Source: "till", Kind: experience.Track, Name: "=Order, \"Completed\"", Time: at, ReceivedAt: at.Add(time.Second),
		Subject: experience.HashID([]byte("t"), "s"), Person: experience.HashID([]byte("t"), "p"), Touchpoint: "checkout", Visit: "v1",
		Revenue: -1250, Currency: "EUR", OrderID: "O-1", ProductID: "P-1", Flags: experience.FlagStaff, Imported: true,
		Import: experience.HashID([]byte("t"), "x"), Properties: json.RawMessage(`{"total":12.50}`), Context: json.RawMessage(`{"locale":"it"}`),
	}
}

func written(t *testing.T, f Format, rows ...experience.Interaction) []byte {
	t.Helper()
	var out bytes.Buffer
	table, err := openInteractions(f, &out, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := table.write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCSVInteractions(t *testing.T) {
	got := string(written(t, CSV, full(), experience.Interaction{Kind: experience.PageView, Time: full().Time, ReceivedAt: full().Time}))
	id := func(name string) string { return experience.HashID([]byte("t"), name).String() }
	want := "id,message_id,source,kind,name,time,received_at,subject,person_id,touchpoint,visit,revenue_minor,currency,order_id,product_id,bot,staff,imported,import_id,properties,context,record\r\n" +
		id("i") + `,m-1,till,track,"'=Order, ""Completed""",2026-03-01T09:30:00.123456Z,2026-03-01T09:30:01.123456Z,` + id("s") + "," + id("p") +
		`,checkout,v1,-1250,EUR,O-1,P-1,false,true,true,` + id("x") + `,"{""total"":12.50}","{""locale"":""it""}",false` + "\r\n" +
		`,,,page,,2026-03-01T09:30:00.123456Z,2026-03-01T09:30:00.123456Z,,,,,0,,,,false,false,false,,,,false` + "\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNDJSONInteractions(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(written(t, NDJSON, full(), experience.Interaction{})), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	var first, second map[string]any
	if err := errors.Join(json.Unmarshal([]byte(lines[0]), &first), json.Unmarshal([]byte(lines[1]), &second)); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"name": "=Order, \"Completed\"", "time": "2026-03-01T09:30:00.123456Z", "revenue_minor": -1250.0, "staff": true, "bot": false,
		"person_id": full().Person.String(), "properties": map[string]any{"total": 12.5},
	} {
		if diff := cmp.Diff(want, first[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	if len(first) != len(interactionShape.columns) {
		t.Errorf("%d keys, want the %d of the columns", len(first), len(interactionShape.columns))
	}
	for _, key := range []string{"person_id", "subject", "import_id", "properties", "context"} {
		if value, ok := second[key]; !ok || value != nil {
			t.Errorf("%s of nobody and nothing is %v", key, value)
		}
	}
}

// What is written as Parquet is read back as it was, types and all.
func TestParquetInteractions(t *testing.T) {
	var rows []experience.Interaction
	for n := range 3 * batchRows / 2 {
		r := full()
		r.MessageID = fmt.Sprint("m-", n)
		if n%2 == 1 {
			r.Subject, r.Person, r.Import, r.Properties, r.Context = experience.ID{}, experience.ID{}, experience.ID{}, nil, nil
		}
		rows = append(rows, r)
	}
	raw := written(t, Parquet, rows...)
	got, err := parquet.Read[parquetRow](bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var want []parquetRow
	for _, r := range rows {
		want = append(want, parquetOf(r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	schema := file.Schema().String()
	for _, column := range []string{
		"required fixed_len_byte_array(16) id (UUID);", "optional fixed_len_byte_array(16) person_id (UUID);",
		"required int64 time (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));", "required int64 revenue_minor (INT(64,true));",
		"optional binary properties (STRING);", "required boolean bot;",
	} {
		if !strings.Contains(schema, column) {
			t.Errorf("the schema has no %q:\n%s", column, schema)
		}
	}
	if names := file.Root().Columns(); len(names) != len(interactionShape.columns) {
		t.Errorf("%d columns, want %d", len(names), len(interactionShape.columns))
	} else {
		for k, c := range names {
			if c.Name() != interactionShape.columns[k] {
				t.Errorf("column %d is %s, want %s", k, c.Name(), interactionShape.columns[k])
			}
		}
	}
}

// A row group ends at its number of rows, and earlier when its texts are long.
func TestParquetRowGroupsAreBounded(t *testing.T) {
	long := full()
	long.Properties = json.RawMessage(`{"text":"` + strings.Repeat("x", 2<<20) + `"}`)
	rows := make([]experience.Interaction, groupBytes/len(long.Properties)+2)
	for k := range rows {
		rows[k] = long
	}
	for name, rows := range map[string][]experience.Interaction{"long": rows, "many": make([]experience.Interaction, groupRows+1)} {
		raw := written(t, Parquet, rows...)
		file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(file.RowGroups()); n != 2 || file.NumRows() != int64(len(rows)) {
			t.Errorf("%s: %d row groups, %d rows of %d", name, n, file.NumRows(), len(rows))
		}
	}
}

func TestParquetCutShortIsNoFile(t *testing.T) {
	raw := written(t, Parquet, full())
	if _, err := parquet.OpenFile(bytes.NewReader(raw[:len(raw)-20]), int64(len(raw)-20)); err == nil {
		t.Error("a file without its footer is read as whole")
	}
}

func TestPeople(t *testing.T) {
	p := Person{ID: experience.HashID([]byte("t"), "p"), Known: true, Name: "Anna Ferri", FirstName: "Anna", LastName: "@Ferri", Email: "anna@example.it", Phone: "+39333123456",
		Interactions: 3, FirstSeen: full().Time, LastSeen: full().Time, Consents: map[string]bool{"sms": false, "newsletter": true, "email": true},
		Identifiers: []experience.Identifier{{Kind: experience.EmailID, Value: "anna@example.it"}, {Kind: experience.UserID, Value: "7"}},
		Traits:      map[string]json.RawMessage{"size": json.RawMessage(`"M"`)}}
	var out bytes.Buffer
	table, err := open(personShape, CSV, &out, false)
	if err != nil {
		t.Fatal(err)
	}
	masked := p
	masked.mask()
	if err := errors.Join(table.write(p), table.write(masked)); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	when := "2026-03-01T09:30:00.123456Z"
	want := [][]string{personShape.columns,
		{p.ID.String(), "true", "Anna Ferri", "Anna", "'@Ferri", "anna@example.it", "+39333123456", "", "", "", "", "", "3", when, when, "email newsletter", "sms", "email:anna@example.it user_id:7"},
		{p.ID.String(), "true", "A••• F•••", "A•••", "'@•••", "a•••", "•••", "", "", "", "", "", "3", when, when, "email newsletter", "sms", "email:a••• user_id:•••"}}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
	if len(masked.Traits) != 0 || len(p.Traits) != 1 || p.Identifiers[0].Value != "anna@example.it" {
		t.Error("masking hides traits, and changes nothing of whom it copies")
	}
	if _, err := open(personShape, Parquet, &out, false); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("people as Parquet: %v", err)
	}
}

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }
