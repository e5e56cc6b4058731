package connect

import (
	"strings"
	"testing"

	"regia/internal/mapping"
)

// look guesses what the columns of a small file are.
func look(text string) []Column {
	var g mapping.Glimpse
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		cells := strings.Split(line, ";")
		if i == 0 {
			g.Columns = cells
			continue
		}
		g.Rows = append(g.Rows, cells)
	}
	return columnsOf(g)
}

func TestGuess(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Data ordine;Codice Cliente;Importo;E-mail\n02/01/2024;7;1.234,50;a@b.it", "time,user_id,amount,email"},
		{"order_id;customer_email;created_at;total\nA1;a@b.it;2024-01-02T10:00:00Z;10.5", "key,email,time,amount"},
		{"Nome;Cognome;Cellulare;Data di nascita;CAP\nAnna;Bo;333 1234567;14/03/1981;00184", "trait firstName,trait lastName,phone,trait birthday,trait address.postalCode"},
		{"Prodotto;Q.tà;Prezzo unitario;Tessera\nPane;2;3,40;T1", "product,quantity,price,loyalty_card"},
		{"chi;quando;cosa\na@b.it;2024-01-02;x", "email,time,property cosa"},
		{"data;data\n2024-01-02;2024-01-03", "time,property data"},
		{";?;totale\n1;2;molto", "property column_,property column_,property totale"},
	} {
		var got []string
		for _, col := range look(c.text) {
			got = append(got, strings.TrimSpace(string(col.Guess)+" "+col.As))
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%.40q: %s, want %s", c.text, strings.Join(got, ","), c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for texts, want := range map[string]string{
		"2024-01-02": "yyyy-MM-dd", "02/01/2024|31/12/2024": "dd/MM/yyyy", "01/31/2024|02/01/2024": "MM/dd/yyyy", "1/2/2024 9:05": "d/M/yyyy HH:mm",
		"1700000000": "unix", "1700000000000": "unix_ms", "123": "", "20240131": "yyyyMMdd", "2024-01-02T10:00:00+01:00": "iso", "x|y|2024-01-02": "",
		"02/01/2024 10:00|03/01/2024": "dd/MM/yyyy HH:mm|dd/MM/yyyy",
	} {
		if got := strings.Join(formatsOf(strings.Split(texts, "|")), "|"); got != want {
			t.Errorf("%s: %q, want %q", texts, got, want)
		}
	}
	for texts, want := range map[string]bool{"1.234": true, "1.234,50": true, "1,234.50": false, "3,4": true, "3.40": false, "12": false, "1,234": false} {
		if got := commaOf([]string{texts}); got != want {
			t.Errorf("%s: comma is %v", texts, got)
		}
	}
	for file, want := range map[string]string{"Ordini 2024-02.csv": "ordini", "scontrini_maggio.xlsx": "scontrini-maggio", "2024.csv": "import", "Attività.csv": "attivita", "a: b.csv": "a-b"} {
		if got := mappingName(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestForm: what a form writes, the mapping language reads; what it lacks is
// said in words.
func TestForm(t *testing.T) {
	whole := Form{Name: "x", Event: `Say "hi"`, Zone: "Europe/Rome", Times: []string{"dd/MM/yyyy"}, Currency: "EUR", Columns: []ColumnMeaning{
		{`Cod "x" \ y`, UserID, ""}, {"Data", When, ""}, {"N.", Key, ""}, {"Prezzo", Price, ""}, {"Q", Quantity, ""}, {"città", Trait, "address.city"}, {"note", Property, "a note"},
	}}
	for _, c := range []struct {
		change func(*Form)
		want   string
	}{
		{func(*Form) {}, ""},
		{func(f *Form) { f.Event = "" }, ""},
		{func(f *Form) { f.Columns[3].Meaning, f.Columns[4].Meaning = Amount, EventName }, ""},
		{func(f *Form) { f.Name = "No Good" }, "connect.form.name"},
		{func(f *Form) { f.Columns[0].Meaning = Nothing }, "connect.form.who"},
		{func(f *Form) { f.Columns[1].Meaning = Nothing }, "connect.form.when"},
		{func(f *Form) { f.Columns[2].Meaning = Nothing }, "connect.form.key"},
		{func(f *Form) { f.Columns[6].Meaning = When }, "connect.form.twice"},
		{func(f *Form) { f.Columns[6].As = "1" }, "connect.form.as"},
		{func(f *Form) { f.Event, f.Columns[5].Meaning = "", Nothing }, "connect.form.what"},
		{func(f *Form) { f.Zone = "Nowhere" }, "is not a time zone"},
		{func(f *Form) { f.Currency = "EURO" }, "is not a currency code"},
	} {
		f := whole
		f.Columns = append([]ColumnMeaning{}, whole.Columns...)
		c.change(&f)
		text, err := f.YAML()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v instead of %q\n%s", err, c.want, text)
		}
	}
	if text, err := whole.YAML(); err != nil {
		t.Error(err)
	} else {
		c, _, rejected := importText(t, text, map[string]string{"x.csv": "\"Cod \"\"x\"\" \\ y\";Data;N.;Prezzo;Q;città;note\nC;02/01/2024;1;2,5;2;Roma;n\n"})
		if len(rejected) != 1 { // 2,5 with a decimal point
			t.Errorf("%v %s", rejected, c.lines())
		}
	}
}
