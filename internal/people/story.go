package people

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// story is a piece of what a person did, the latest first.
type story struct {
	l      *web.Locale
	sees   bool
	visits []visit
	more   string // address of what came before
}

// visit is a run of interactions without a long pause.
type visit struct {
	label, note string // "" where the visit began on the page before
	lines       []line
}

// line is one interaction, or a run of pages looked at.
type line struct {
	moment
	pages []moment // when there are any, the line stands for all of them
}

// moment is one interaction, ready to be drawn.
type moment struct {
	Item
	title, note, quote string
	chip               *web.ChipProps
	details            []detail
	products           []product
	moreProducts       int
	felt               *experience.Impact // what it did, where something is known
}

// detail is one property.
type detail struct{ name, value string }

// product is one line of an order.
type product struct{ name, quantity, price string }

const (
	manyPages   = 5 // more page views in a row are told in one line
	maxDetails  = 40
	maxProducts = 20
)

// visitsOf groups moments, the latest first. After is the last moment shown
// before them, if any.
func visitsOf(l *web.Locale, moments []moment, gap time.Duration, after time.Time) []visit {
	var out []visit
	for start := 0; start < len(moments); {
		end, contacts := runOf(moments, start, gap)
		run := moments[start:end]
		v := visit{lines: linesOf(run)}
		latest, first := run[0].Time, run[len(run)-1].Time
		switch {
		case start == 0 && !after.IsZero() && after.Sub(latest) <= gap: // goes on from the page before
		case contacts == 0:
			v.label, v.note = l.Date(latest), l.T("people.visit.record")
		case !after.IsZero() && l.Date(after) == l.Date(latest):
			v.label, v.note = between(l, first, latest), l.T("people.visit.again", "n", contacts)
		default:
			v.label, v.note = l.Date(latest), l.T("people.visit", "n", contacts, "time", between(l, first, latest))
		}
		after = first
		out = append(out, v)
		start = end
	}
	return out
}

// runOf gives the end of the visit that starts somewhere, and how many contacts
// are in it. A record stands in a visit where it falls into one, and prolongs none.
func runOf(moments []moment, start int, gap time.Duration) (end, contacts int) {
	at := moments[start].Time
	for end = start; end < len(moments) && at.Sub(moments[end].Time) <= gap; end++ {
		m := moments[end]
		if !m.Record {
			contacts++
		}
		if !m.Record || contacts == 0 {
			at = m.Time
		}
	}
	return end, contacts
}

func between(l *web.Locale, from, to time.Time) string {
	if a, b := l.Time(from), l.Time(to); a != b {
		return a + "–" + b
	}
	return l.Time(from)
}

// linesOf folds long runs of page views into one line each.
func linesOf(run []moment) []line {
	var out []line
	for k := 0; k < len(run); {
		n := k
		for n < len(run) && run[n].Kind == experience.PageView && run[n].Revenue == nil {
			n++
		}
		if n-k > manyPages {
			out = append(out, line{moment: run[k], pages: run[k:n]})
			k = n
			continue
		}
		out = append(out, line{moment: run[k]})
		k++
	}
	return out
}

// describe fills note, quote and details from the properties.
func (m *moment) describe(l *web.Locale) {
	p := m.Properties
	if m.Kind == experience.PageView || m.Kind == experience.Screen {
		if m.Name == "" {
			m.title = firstText(p, "title", "name")
			if m.title == "" {
				m.title = l.T("people.kind." + string(m.Kind))
			}
		}
		m.note = cut(shortURL(firstText(p, "path", "url")), 80)
	}
	var notes []string
	if m.Kind == experience.Track && p["products"] == nil {
		if name := firstText(p, "product_name", "product", "name"); name != "" {
			notes = append(notes, cut(name, 80))
		}
	}
	if id := firstText(p, "order_id", "orderId"); id != "" {
		notes = append(notes, l.T("people.order", "id", cut(id, 40)))
	}
	if n := firstText(p, "rating", "score"); n != "" {
		notes = append(notes, l.T("people.rating", "value", cut(n, 10)))
	}
	if q := firstText(p, "query"); q != "" {
		notes = append(notes, "«"+cut(q, 60)+"»")
	}
	m.readProducts()
	if n := len(m.products) + m.moreProducts; n > 0 {
		notes = append(notes, l.T("people.products.n", "n", n))
	}
	if m.note == "" {
		m.note = strings.Join(notes, " · ")
	}
	m.quote = cut(firstText(p, "text", "comment", "message", "body", "review_comment_message"), 240)
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if len(m.details) == maxDetails || len(m.products) > 0 && (name == "products" || name == "items") {
			continue
		}
		if value := valueText(l, p[name]); value != "" {
			m.details = append(m.details, detail{cut(name, 60), value})
		}
	}
}

// asRecord tells a record as what it is: who says so, and that it is no contact.
func (m *moment) asRecord(l *web.Locale, source string) {
	m.title, m.note, m.Channel = l.T("people.record"), l.T("people.record.note"), experience.Server
	m.chip = &web.ChipProps{Label: source}
}

func (m *moment) readProducts() {
	list, ok := m.Properties["products"].([]any)
	if !ok {
		list, _ = m.Properties["items"].([]any)
	}
	for _, x := range list {
		o, ok := x.(map[string]any)
		if !ok {
			continue
		}
		if len(m.products) == maxProducts {
			m.moreProducts++
			continue
		}
		m.products = append(m.products, product{
			name:     cut(firstText(o, "name", "title", "item_name", "sku", "product_id", "id"), 80),
			quantity: cut(firstText(o, "quantity", "qty"), 20),
			price:    cut(firstText(o, "price", "unit_price"), 20),
		})
	}
}

// firstText gives the first of some properties that is a text or a number.
func firstText(p map[string]any, names ...string) string {
	for _, n := range names {
		switch v := p[n].(type) {
		case string:
			if v = strings.TrimSpace(v); v != "" {
				return v
			}
		case float64:
			return trimFloat(v)
		}
	}
	return ""
}

func trimFloat(v float64) string {
	if v == float64(int64(v)) {
		return fmt.Sprintf("%d", int64(v))
	}
	return strings.TrimRight(fmt.Sprintf("%.4f", v), "0")
}

func valueText(l *web.Locale, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return cut(strings.TrimSpace(x), 300)
	case float64:
		return trimFloat(x)
	case bool:
		return l.T(fmt.Sprintf("people.bool.%t", x))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return cut(string(b), 300)
}

// shortURL leaves the path of an address.
func shortURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Path == "" {
		return s
	}
	return u.Path
}

func (m moment) amount(l *web.Locale) string {
	if m.Revenue == nil {
		return ""
	}
	return l.Money(m.Revenue.Minor, m.Revenue.Currency)
}

func (m moment) dot(l *web.Locale) web.DotProps {
	d := web.DotProps{ID: "i-" + m.ID.String(), Time: m.Time, Title: m.title, Channel: m.Channel, Chip: m.chip, Note: m.note, Amount: m.amount(l)}
	if m.felt != nil {
		d.Evidence, d.Tone = m.felt.Evidence, feltTone(m.felt.Value)
	}
	return d
}

// pagesDot stands for a run of pages.
func (x line) pagesDot(l *web.Locale) web.DotProps {
	d := x.dot(l)
	d.Title, d.Note = l.T("people.pages", "n", len(x.pages)), between(l, x.pages[len(x.pages)-1].Time, x.pages[0].Time)
	return d
}
