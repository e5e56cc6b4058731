package connect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// Meaning is what a column is used for.
type Meaning string

// The meanings. Those of identifiers are the kinds that a mapping knows.
const (
	Nothing     Meaning = ""
	UserID      Meaning = "user_id"
	Email       Meaning = "email"
	Phone       Meaning = "phone"
	LoyaltyCard Meaning = "loyalty_card"
	Anonymous   Meaning = "anonymous_id"
	When        Meaning = "time"
	EventName   Meaning = "event"
	Amount      Meaning = "amount"
	CurrencyOf  Meaning = "currency"
	Key         Meaning = "key" // number of the order, receipt or case
	Product     Meaning = "product"
	SKU         Meaning = "sku"
	Quantity    Meaning = "quantity"
	Price       Meaning = "price" // of one piece
	Trait       Meaning = "trait"
	Property    Meaning = "property"
)

// Meanings lists the meanings in the order that pages show them.
var Meanings = []Meaning{Nothing, UserID, Email, Phone, LoyaltyCard, Anonymous, When, EventName, Key, Amount, CurrencyOf, Product, SKU, Quantity, Price, Trait, Property}

var identifiers = []Meaning{UserID, Email, Phone, LoyaltyCard, Anonymous}

// ColumnMeaning is a column and what it is used for.
type ColumnMeaning struct {
	Column  string  `json:"column"`
	Meaning Meaning `json:"meaning"`
	As      string  `json:"as,omitempty"` // a trait's or property's name
}

// Form is a mapping of one file as people fill it in.
type Form struct {
	Name     string          `json:"name"`
	Event    string          `json:"event"` // "" = only what is known of people
	Zone     string          `json:"zone"`
	Times    []string        `json:"times"`
	Comma    bool            `json:"comma"` // numbers are written 1.234,50
	Currency string          `json:"currency"`
	Known    string          `json:"known,omitempty"` // yyyy-MM-dd: since when traits are known that have no date
	Columns  []ColumnMeaning `json:"columns"`
}

func (f Form) of(meaning Meaning) []ColumnMeaning {
	var out []ColumnMeaning
	for _, c := range f.Columns {
		if c.Meaning == meaning {
			out = append(out, c)
		}
	}
	return out
}

func (f Form) has(meanings ...Meaning) bool {
	return slices.ContainsFunc(f.Columns, func(c ColumnMeaning) bool { return slices.Contains(meanings, c.Meaning) })
}

var (
	formName  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,79}$`)
	plainWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	asName    = regexp.MustCompile(`^[\pL_][\pL\pN_ .-]{0,79}$`)
)

// check tells what a form still lacks, as the key of a text.
func (f Form) check() error {
	key := ""
	switch {
	case !formName.MatchString(f.Name):
		key = "name"
	case !f.has(identifiers...):
		key = "who"
	case f.Event != "" && !f.has(When), f.has(EventName) && !f.has(When):
		key = "when"
	case f.Event == "" && !f.has(EventName, Trait):
		key = "what"
	case len(f.of(When)) > 1, len(f.of(Amount)) > 1, len(f.of(EventName)) > 1, len(f.of(CurrencyOf)) > 1:
		key = "twice"
	case f.lines() && !f.has(Key):
		key = "key"
	case slices.ContainsFunc(f.Columns, func(c ColumnMeaning) bool {
		return (c.Meaning == Trait || c.Meaning == Property) && !asName.MatchString(c.As)
	}):
		key = "as"
	}
	for _, m := range identifiers {
		if len(f.of(m)) > 1 {
			key = "twice"
		}
	}
	if key != "" {
		return experience.Errorf(experience.Invalid, "%s", "connect.form."+key)
	}
	return nil
}

// lines tells whether rows are lines of something larger, such as an order.
func (f Form) lines() bool { return f.has(Product, SKU, Quantity, Price) }

// YAML writes the mapping that the form is.
func (f Form) YAML() (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	w := &yamlWriter{}
	w.line(0, "version: 1")
	w.line(0, "name: %s", quoted(f.Name))
	w.line(0, "defaults:")
	w.line(1, "zone: %s", quoted(f.Zone))
	if len(f.Times) > 0 {
		w.line(1, "time: [%s]", strings.Join(quotedAll(f.Times), ", "))
	}
	if f.Comma {
		w.line(1, "decimals: comma")
	}
	if f.Currency != "" {
		w.line(1, "currency: %s", quoted(f.Currency))
	}
	var used []string
	for _, c := range f.Columns {
		if c.Meaning != Nothing {
			used = append(used, c.Column)
		}
	}
	w.line(0, "files:")
	w.line(1, "rows:")
	w.line(2, "columns: [%s]", strings.Join(quotedAll(used), ", "))
	w.line(0, "steps:")
	w.line(1, "- rows: rows")
	f.writeStep(w)
	if _, err := mapping.Parse(f.Name+".yaml", []byte(w.text.String())); err != nil {
		return "", err
	}
	return w.text.String(), nil
}

func (f Form) writeStep(w *yamlWriter) {
	if f.lines() {
		var by []string
		for _, c := range f.of(Key) {
			by = append(by, c.Column)
		}
		w.line(2, "group: {by: [%s], as: lines_of_it}", strings.Join(quotedAll(by), ", "))
	}
	w.line(2, "person:")
	for _, kind := range identifiers {
		for _, c := range f.of(kind) {
			w.line(3, "%s: %s", kind, quoted("="+column(c.Column)))
		}
	}
	when := fmt.Sprintf(`time(%q, "yyyy-MM-dd")`, f.Known)
	if times := f.of(When); len(times) > 0 {
		when = column(times[0].Column)
	}
	if traits := f.of(Trait); len(traits) > 0 {
		w.line(2, "traits:")
		w.line(3, "time: %s", quoted("="+when))
		w.line(3, "set:")
		f.writeMembers(w, 4, traits)
	}
	if f.Event == "" && !f.has(EventName) {
		return
	}
	if keys := f.of(Key); len(keys) > 0 && !f.lines() {
		var parts []string
		for _, c := range keys {
			parts = append(parts, quoted("="+column(c.Column)))
		}
		w.line(2, "key: [%s]", strings.Join(parts, ", "))
	}
	w.line(2, "interactions:")
	if events := f.of(EventName); len(events) > 0 {
		w.line(3, "- id: event")
		w.line(4, "event: %s", quoted("="+column(events[0].Column)))
	} else {
		w.line(3, "- event: %s", quoted(f.Event))
	}
	w.line(4, "time: %s", quoted("="+when))
	f.writeMoney(w)
	f.writeProperties(w)
}

// writeMoney writes what it was worth: the amount that a column has, or else
// the sum of pieces times price.
func (f Form) writeMoney(w *yamlWriter) {
	amount := ""
	switch total, price, pieces := f.of(Amount), f.of(Price), f.of(Quantity); {
	case len(total) > 0:
		amount = column(total[0].Column)
	case len(price) > 0 && len(pieces) > 0:
		amount = fmt.Sprintf("total(map(lines_of_it, number(#[%q]) * number(#[%q])))", price[0].Column, pieces[0].Column)
	case len(price) > 0:
		amount = fmt.Sprintf("total(map(lines_of_it, number(#[%q])))", price[0].Column)
	default:
		return
	}
	if codes := f.of(CurrencyOf); len(codes) > 0 {
		w.line(4, "money: {amount: %s, currency: %s}", quoted("="+amount), quoted("="+column(codes[0].Column)))
		return
	}
	w.line(4, "money: {amount: %s}", quoted("="+amount))
}

func (f Form) writeProperties(w *yamlWriter) {
	keys, own := f.of(Key), f.of(Property)
	if len(keys) == 0 && len(own) == 0 {
		return
	}
	w.line(4, "properties:")
	if len(keys) > 0 && !slices.ContainsFunc(own, func(c ColumnMeaning) bool { return c.As == "order_id" }) {
		w.line(5, "order_id: %s", quoted("="+column(keys[0].Column)))
	}
	f.writeMembers(w, 5, own)
	if !f.lines() {
		return
	}
	w.line(5, "products:")
	w.line(6, "each: lines_of_it")
	w.line(6, "item:")
	for _, m := range []struct {
		meaning Meaning
		name    string
		form    string
	}{{Product, "name", "it[%q]"}, {SKU, "sku", "it[%q]"}, {Quantity, "quantity", "number(it[%q])"}, {Price, "price", "number(it[%q])"}} {
		for _, c := range f.of(m.meaning) {
			w.line(7, "%s: %s", m.name, quoted("="+fmt.Sprintf(m.form, c.Column)))
			break
		}
	}
}

// writeMembers writes an object; "address.city" is a member of a member.
func (f Form) writeMembers(w *yamlWriter, depth int, columns []ColumnMeaning) {
	nested, written := map[string][]ColumnMeaning{}, map[string]bool{}
	var order []string
	for _, c := range columns {
		outer, inner, ok := strings.Cut(c.As, ".")
		if !ok || inner == "" {
			if !written[c.As] {
				w.line(depth, "%s: %s", quoted(c.As), quoted("="+column(c.Column)))
			}
			written[c.As] = true
			continue
		}
		if nested[outer] == nil {
			order = append(order, outer)
		}
		nested[outer] = append(nested[outer], ColumnMeaning{Column: c.Column, Meaning: c.Meaning, As: inner})
	}
	for _, outer := range order {
		if !written[outer] {
			w.line(depth, "%s:", quoted(outer))
			f.writeMembers(w, depth+1, nested[outer])
		}
	}
}

// column writes an expression for a column.
func column(name string) string {
	if plainWord.MatchString(name) {
		return name
	}
	return "row[" + quoted(name) + "]"
}

// quoted writes a text as YAML and JSON do; expressions read it alike.
func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(out))
}

func quotedAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quoted(t)
	}
	return out
}

type yamlWriter struct{ text strings.Builder }

func (w *yamlWriter) line(depth int, format string, args ...any) {
	w.text.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&w.text, format, args...)
	w.text.WriteByte('\n')
}
