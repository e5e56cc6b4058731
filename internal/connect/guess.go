package connect

import (
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"regia/internal/mapping"
)

// Kind is what the cells of a column look like.
type Kind string

// The kinds of column.
const (
	Texts   Kind = "text"
	Numbers Kind = "number"
	Dates   Kind = "date"
	Mails   Kind = "email"
	Blank   Kind = "blank"
)

// word is what a column may be called, in Italian and English, and what that
// means. Names are compared without case, accents and signs.
type word struct {
	meaning Meaning
	as      string
	names   string
}

// words are searched in order: what is more particular comes first.
func words() []word {
	return []word{
		{Email, "", "email|e mail|mail|posta elettronica|indirizzo email|email cliente|customer email|email address|indirizzo mail"},
		{Phone, "", "telefono|cellulare|tel|cell|phone|mobile|numero di telefono|telefono cliente|phone number|recapito|telefono cellulare"},
		{LoyaltyCard, "", "tessera|carta fedelta|fidelity|numero tessera|loyalty card|card number|fidelity card|codice tessera|carta"},
		{UserID, "", "codice cliente|id cliente|cliente id|customer id|user id|userid|customerid|cod cliente|codice fiscale|customer number|numero cliente|client id|cliente|customer|account id"},
		{Trait, "birthday", "data di nascita|data nascita|nascita|birthday|birth date|date of birth|compleanno"},
		{Key, "", "numero ordine|ordine|order|order id|orderid|order number|id ordine|n ordine|codice ordine|invoice|invoice no|invoiceno|fattura|numero fattura|scontrino|numero scontrino|receipt|documento|n documento|transaction id|transazione|ticket|n|numero|id"},
		{When, "", "data|date|data ordine|order date|data acquisto|purchase date|timestamp|data ora|data e ora|time|when|quando|created at|creato il|data creazione|invoicedate|invoice date|data fattura|data scontrino|iscritto il|data iscrizione|registered at|signup date|giorno|data vendita"},
		{EventName, "", "evento|event|event name|attivita|activity|azione|action|tipo evento|event type"},
		{CurrencyOf, "", "valuta|currency|divisa"},
		{Price, "", "prezzo|price|prezzo unitario|unit price|unitprice|prezzo articolo|costo unitario|item price"},
		{Amount, "", "importo|totale|total|amount|importo totale|totale ordine|order total|valore|value|revenue|ricavo|incasso|fatturato|spesa|total price|grand total|totale fattura|importo euro|importo eur"},
		{Quantity, "", "quantita|quantity|qta|qty|pezzi|pieces|q ta|numero pezzi"},
		{SKU, "", "sku|codice prodotto|codice articolo|product id|product code|stock code|stockcode|ean|cod articolo|item code|barcode"},
		{Product, "", "prodotto|product|articolo|item|product name|nome prodotto|descrizione|description|descrizione articolo|item name"},
		{Trait, "firstName", "nome|first name|firstname|name given|given name|nome cliente"},
		{Trait, "lastName", "cognome|last name|lastname|surname|family name|cognome cliente"},
		{Trait, "name", "nome e cognome|nominativo|full name|name|ragione sociale|intestatario|cognome e nome|customer name"},
		{Trait, "gender", "sesso|genere|gender|sex"},
		{Trait, "company", "azienda|company|societa|ditta"},
		{Trait, "language", "lingua|language|locale"},
		{Trait, "address.street", "indirizzo|via|street|address|indirizzo di spedizione"},
		{Trait, "address.city", "citta|city|comune|localita|town"},
		{Trait, "address.postalCode", "cap|zip|postal code|zip code|codice postale|postcode"},
		{Trait, "address.state", "provincia|state|province|regione|region"},
		{Trait, "address.country", "paese|nazione|country|stato"},
		{Property, "shop", "negozio|shop|store|punto vendita|filiale|pdv"},
		{Property, "category", "categoria|category|reparto|department"},
		{Property, "payment_method", "pagamento|payment|metodo di pagamento|payment method|tipo pagamento"},
		{Property, "status", "stato ordine|status|order status"},
		{Property, "coupon", "coupon|codice sconto|discount code|buono"},
		{Property, "discount", "sconto|discount"},
		{Property, "channel", "canale|channel"},
	}
}

// plain writes a name without case, accents and signs.
func plain(name string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		default:
			space = true
		}
	}
	return b.String()
}

// timeFormats are how times are written, the likeliest first. Where the day
// could be the month, it is the day.
func timeFormats() []string {
	return []string{
		"iso", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "d/M/yyyy HH:mm", "d/M/yyyy",
		"dd-MM-yyyy HH:mm", "dd-MM-yyyy", "dd.MM.yyyy HH:mm", "dd.MM.yyyy", "dd/MM/yy HH:mm", "dd/MM/yy", "MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm", "MM/dd/yyyy", "M/d/yyyy",
		"yyyy/MM/dd HH:mm:ss.SSS", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd", "yyyyMMdd", "d MMM yyyy", "MMM d yyyy", "unix", "unix_ms",
	}
}

// formatsOf finds the fewest formats that read most of the texts; nil when they
// are no times.
func formatsOf(texts []string) []string {
	left, out := texts, []string(nil)
	for len(left) > 0 && len(out) < 4 {
		best, rest := "", left
		for _, f := range timeFormats() {
			if strings.HasPrefix(f, "unix") && !looksUnix(left, f) {
				continue
			}
			unread := slices.DeleteFunc(slices.Clone(left), func(text string) bool { return mapping.ReadsTime(f, text) })
			if len(unread) < len(rest) {
				best, rest = f, unread
			}
		}
		if best == "" {
			break
		}
		out, left = append(out, best), rest
	}
	if !most(len(texts)-len(left), len(texts)) {
		return nil
	}
	return out
}

// most tells whether so many are enough to go by: a few bad cells are what
// refused rows are for.
func most(some, all int) bool { return all > 0 && 3*some > 2*all }

// looksUnix keeps plain numbers from being taken for times.
func looksUnix(texts []string, format string) bool {
	digits := map[string]int{"unix": 10, "unix_ms": 13}[format]
	return !slices.ContainsFunc(texts, func(t string) bool { return len(t) != digits || t[0] != '1' && t[0] != '2' })
}

// Column is a column of a file, with what it looks like.
type Column struct {
	Name    string   `json:"name"`
	Kind    Kind     `json:"kind"`
	Samples []string `json:"samples"`
	Guess   Meaning  `json:"guess"`
	As      string   `json:"as,omitempty"`
	Formats []string `json:"formats,omitempty"` // of its dates
	comma   bool
}

// maxSamples is how many different values of a column are shown.
const maxSamples = 3

// columnsOf says what the columns of a file look like.
func columnsOf(g mapping.Glimpse) []Column {
	out := make([]Column, len(g.Columns))
	for i, name := range g.Columns {
		c := Column{Name: name, Samples: []string{}}
		var texts []string
		for _, row := range g.Rows {
			text := strings.TrimSpace(row[i])
			if text == "" {
				continue
			}
			texts = append(texts, text)
			if len(c.Samples) < maxSamples && !slices.Contains(c.Samples, text) {
				c.Samples = append(c.Samples, text)
			}
		}
		c.look(texts)
		out[i] = c
	}
	guess(out)
	return out
}

func (c *Column) look(texts []string) {
	all := func(f func(string) bool) bool {
		fits := 0
		for _, t := range texts {
			if f(t) {
				fits++
			}
		}
		return most(fits, len(texts))
	}
	number := func(comma bool) func(string) bool {
		return func(t string) bool {
			_, err := mapping.ParseDecimal(t, comma)
			return err == nil
		}
	}
	c.Kind = Texts
	switch {
	case len(texts) == 0:
		c.Kind = Blank
	case all(func(t string) bool { a, err := mail.ParseAddress(t); return err == nil && a.Address == t }):
		c.Kind = Mails
	case all(number(false)) || all(number(true)):
		c.Kind, c.comma = Numbers, commaOf(texts)
	}
	if c.Kind == Texts || c.Kind == Numbers {
		if c.Formats = formatsOf(texts); len(c.Formats) > 0 {
			c.Kind, c.comma = Dates, false
		}
	}
}

// commaOf tells by the last sign of each number which one is the decimal's:
// three digits behind a sign may be thousands, one or two are not.
func commaOf(texts []string) bool {
	commas, points := 0, 0
	for _, t := range texts {
		at := strings.LastIndexAny(t, ".,")
		if at < 0 {
			continue
		}
		digits := 0
		for i := at + 1; i < len(t) && t[i] >= '0' && t[i] <= '9'; i++ {
			digits++
		}
		decimal := digits != 3
		if comma := t[at] == ','; comma == decimal {
			commas++
		} else {
			points++
		}
	}
	return commas > points
}

// guess says what the columns of a file are probably used for: each meaning that
// there is but once goes to the first column that it fits.
func guess(columns []Column) {
	taken := map[Meaning]bool{}
	find := func(c Column) (Meaning, string) {
		name := plain(c.Name)
		for _, w := range words() {
			if !slices.Contains(strings.Split(w.names, "|"), name) || w.meaning == When && c.Kind != Dates {
				continue
			}
			if w.meaning == Amount && c.Kind != Numbers || w.meaning == Trait && w.as == "birthday" && c.Kind != Dates {
				continue
			}
			if (w.meaning == Trait || w.meaning == Property) || !taken[w.meaning] {
				return w.meaning, w.as
			}
		}
		return Nothing, ""
	}
	for i := range columns {
		columns[i].Guess, columns[i].As = find(columns[i])
		if columns[i].Guess != Nothing {
			taken[columns[i].Guess] = true
		}
	}
	for i := range columns {
		c := &columns[i]
		switch {
		case c.Guess != Nothing:
		case c.Kind == Mails && !taken[Email]:
			c.Guess, taken[Email] = Email, true
		case c.Kind == Dates && !taken[When]:
			c.Guess, taken[When] = When, true
		case c.Kind != Blank:
			c.Guess, c.As = Property, propertyName(c.Name)
		}
	}
}

// propertyName makes a property's name of a column's.
func propertyName(column string) string {
	name := strings.ReplaceAll(plain(column), " ", "_")
	if name == "" || !unicode.IsLetter([]rune(name)[0]) {
		return "column_" + name
	}
	return name
}

var dated = regexp.MustCompile(`[-_ .]*[0-9]+([-_ .][0-9]+)*$`)

// mappingName makes a mapping's name of a file's: that of next month's file too.
func mappingName(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name = strings.ReplaceAll(plain(dated.ReplaceAllString(name, "")), " ", "-")
	name = regexp.MustCompile(`[^a-z0-9-]`).ReplaceAllString(name, "")
	if name = strings.Trim(name, "-"); len(name) > 60 {
		name = name[:60]
	}
	if name == "" {
		return "import"
	}
	return name
}

// formOf fills a form in with what a file's columns look like.
func formOf(file, zone, currency, today string, columns []Column) Form {
	f := Form{Name: mappingName(file), Zone: zone, Currency: currency, Known: today}
	for _, c := range columns {
		f.Columns = append(f.Columns, ColumnMeaning{c.Name, c.Guess, c.As})
		if c.Guess == When || c.Guess == Trait && c.As == "birthday" {
			for _, t := range c.Formats {
				if !slices.Contains(f.Times, t) {
					f.Times = append(f.Times, t)
				}
			}
		}
		f.Comma = f.Comma || c.comma
	}
	switch {
	case f.lines() && !f.has(Key):
		for i := range f.Columns { // each row is a purchase of its own
			if slices.Contains([]Meaning{Product, SKU, Quantity, Price}, f.Columns[i].Meaning) {
				if f.Columns[i].Meaning == Price && !f.has(Amount) {
					f.Columns[i].Meaning = Amount
					continue
				}
				f.Columns[i].As = map[Meaning]string{Product: "product", SKU: "sku", Quantity: "quantity", Price: "price"}[f.Columns[i].Meaning]
				f.Columns[i].Meaning = Property
			}
		}
	}
	if f.has(When) && f.has(Amount, Key, Price, Property) && !f.has(EventName) {
		f.Event = "Order Completed"
	}
	return f
}
