package weave

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strings"

	"golang.org/x/text/currency"

	"regia/internal/experience"
)

// What event names mean for money, lower case. In Segment's e-commerce
// vocabulary several events carry a revenue that nobody has paid yet.
var (
	notYetPaid = map[string]bool{
		"checkout started": true, "checkout step viewed": true, "checkout step completed": true, "payment info entered": true,
		"cart viewed": true, "order updated": true, "product added": true, "product removed": true, "product viewed": true,
		"product clicked": true, "coupon entered": true, "coupon applied": true, "coupon denied": true, "coupon removed": true,
		"order approved": true, "order shipped": true, "order delivered": true,
	}
	paid      = map[string]bool{"order completed": true, "receipt issued": true}
	givenBack = map[string]bool{"order refunded": true, "order cancelled": true, "return made": true}
)

// commerce reads money, order and product from a row's properties into its
// typed columns. Revenue comes from "revenue"; for a paid order or receipt and
// for what is given back also from "total" or "value". What is given back is
// negative whatever its sign was.
func (x extractor) commerce(row *experience.Interaction) {
	if row.Kind != experience.Track || len(row.Properties) == 0 {
		return
	}
	var found [8]json.RawMessage
	if !pick(row.Properties, commerceNames, found[:]) && !oddCommerce(row.Properties, found[:]) {
		return
	}
	p := commerceOf(found)
	row.OrderID = short(cmp.Or(text(p.orderID), text(p.orderID2)))
	row.ProductID = short(cmp.Or(text(p.productID), text(p.productID2)))
	if p.revenue == nil && p.total == nil && p.value == nil {
		return
	}
	name := strings.ToLower(row.Name)
	if notYetPaid[name] {
		return
	}
	amounts := []json.RawMessage{p.revenue}
	if paid[name] || givenBack[name] {
		amounts = append(amounts, p.total, p.value)
	}
	unit, err := currency.ParseISO(strings.TrimSpace(text(p.currency)))
	if err != nil {
		if unit, err = currency.ParseISO(x.company.Currency); err != nil {
			return
		}
	}
	for _, a := range amounts {
		if minor, ok := minorUnits(text(a), unit); ok {
			if givenBack[name] && minor > 0 {
				minor = -minor
			}
			row.Revenue, row.Currency = minor, unit.String()
			return
		}
	}
}

// commerceProperties are the ones with money, order or product in them.
type commerceProperties struct {
	revenue, total, value, currency, orderID, orderID2, productID, productID2 json.RawMessage
}

var commerceNames = []string{"revenue", "total", "value", "currency", "order_id", "orderId", "product_id", "productId"}

func commerceOf(found [8]json.RawMessage) commerceProperties {
	return commerceProperties{found[0], found[1], found[2], found[3], found[4], found[5], found[6], found[7]}
}

// oddCommerce reads properties in an unusual form.
func oddCommerce(properties json.RawMessage, found []json.RawMessage) bool {
	var p struct {
		Revenue   json.RawMessage `json:"revenue"`
		Total     json.RawMessage `json:"total"`
		Value     json.RawMessage `json:"value"`
		Currency  json.RawMessage `json:"currency"`
		OrderID   json.RawMessage `json:"order_id"`
		OrderID2  json.RawMessage `json:"orderId"`
		ProductID json.RawMessage `json:"product_id"`
		Product2  json.RawMessage `json:"productId"`
	}
	if json.Unmarshal(properties, &p) != nil {
		return false
	}
	copy(found, []json.RawMessage{p.Revenue, p.Total, p.Value, p.Currency, p.OrderID, p.OrderID2, p.ProductID, p.Product2})
	return true
}

// minorUnits reads an amount written with a decimal point as whole minor units
// of a currency (cents of a euro, yen), rounded half away from zero. Amounts of
// more than 10^15 minor units are no money.
func minorUnits(s string, unit currency.Unit) (int64, bool) {
	if s == "" || len(s) > 40 || strings.ContainsAny(s, "eE/_xX") {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	digits, _ := currency.Standard.Rounding(unit)
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() > 1e15 || n.Int64() < -1e15 {
		return 0, false
	}
	return n.Int64(), true
}

// short keeps ids at a length that is an id.
func short(s string) string {
	if len(s) > 200 {
		return ""
	}
	return s
}
