package weave

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

// drawJSON draws a value, now and then with blanks, odd keys and escapes.
func drawJSON(depth int, keys ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		blank := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"})
		word := rapid.SampledFrom([]string{`"anna@x.it"`, `"06 1234 5678"`, `"a\"b\\"`, `"\\"`, `"\u00e8"`, `"è"`, `"{[,:"`, `""`, "1", "-2.50", "1e3", "true", "false", "null"})
		if depth == 0 {
			return word.Draw(t, "scalar")
		}
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			return word.Draw(t, "scalar")
		case 1:
			list := rapid.SliceOfN(drawJSON(depth-1, keys...), 0, 3).Draw(t, "list")
			return "[" + strings.Join(list, blank.Draw(t, "blank")+",") + "]"
		}
		return drawObject(depth, keys...).Draw(t, "object")
	})
}

func drawObject(depth int, keys ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		blank := rapid.SampledFrom([]string{"", "", "", "", " ", "\r\n"})
		var b strings.Builder
		b.WriteString("{" + blank.Draw(t, "blank"))
		for k := range rapid.IntRange(0, 5).Draw(t, "members") {
			if k > 0 {
				b.WriteString("," + blank.Draw(t, "blank"))
			}
			key := rapid.SampledFrom(keys).Draw(t, "key")
			switch rapid.IntRange(0, 12).Draw(t, "letters") {
			case 0:
				key = strings.ToUpper(key)
			case 1:
				key = `\u0072` + key
			case 2:
				key = strings.ReplaceAll(key, "s", "ſ") // which encoding/json takes for an s
			}
			b.WriteString(`"` + key + `"` + blank.Draw(t, "blank") + ":" + blank.Draw(t, "blank") + drawJSON(depth-1, keys...).Draw(t, "value") + blank.Draw(t, "blank"))
		}
		return b.String() + "}"
	})
}

// TestScanAgrees: reading an event in one pass gives what encoding/json gives.
func TestScanAgrees(t *testing.T) {
	context := drawObject(3, "traits", "sessionId", "device", "id", "consent", "categoryPreferences", "email", "phone", "library")
	properties := drawObject(2, "revenue", "total", "value", "currency", "order_id", "orderId", "product_id", "productId", "products", "name")
	text := rapid.SampledFrom([]string{"a1", "Order Completed", `a\"b`, "è", `\u00e8`, " x "})
	rapid.Check(t, func(t *rapid.T) {
		event := fmt.Sprintf(`{"messageId":"%s","type":"%s"`, text.Draw(t, "id"), rapid.SampledFrom([]string{"track", "identify", "page", "odd"}).Draw(t, "kind"))
		for _, key := range []string{"event", "userId", "anonymousId", "previousId", "groupId"} {
			if rapid.Bool().Draw(t, key) {
				event += fmt.Sprintf(`,"%s":"%s"`, key, text.Draw(t, "text"))
			}
		}
		event += fmt.Sprintf(`,"time":"%s"`, rapid.SampledFrom([]string{"2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00"}).Draw(t, "time"))
		for _, object := range []struct {
			key string
			of  *rapid.Generator[string]
		}{{"properties", properties}, {"traits", properties}, {"context", context}} {
			if rapid.Bool().Draw(t, object.key) {
				event += fmt.Sprintf(`,"%s":%s`, object.key, object.of.Draw(t, "object"))
			}
		}
		event += rapid.SampledFrom([]string{"", `,"identifiers":[{"kind":"loyalty_card","value":"c\"1"}]`, `,"imported":true,"import":"0191d7a0-0000-7000-8000-000000000001"`, `,"other":[1]`, `,"Event":"E"`}).Draw(t, "end") + "}"

		var want, got experience.Event
		if err := json.Unmarshal([]byte(event), &want); err != nil {
			t.Fatalf("the test writes no JSON: %v\n%s", err, event)
		}
		if scanEvent([]byte(event), &got) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-json +scan):\n%s", event, diff)
			}
		}
		if diff := cmp.Diff(oddContext(want.Context), contextOf(want.Context)); diff != "" {
			t.Fatalf("context %s (-json +scan):\n%s", want.Context, diff)
		}
		var read, found [8]json.RawMessage
		if len(want.Properties) > 0 && pick(want.Properties, commerceNames, found[:]) {
			if !oddCommerce(want.Properties, read[:]) {
				t.Fatalf("encoding/json cannot read %s", want.Properties)
			}
			if diff := cmp.Diff(read, found); diff != "" {
				t.Fatalf("properties %s (-json +scan):\n%s", want.Properties, diff)
			}
		}
	})
}

// TestScanReadsTheDoorsForm: what the front door writes needs nothing else.
func TestScanReadsTheDoorsForm(t *testing.T) {
	var e experience.Event
	if !scanEvent([]byte(`{"messageId":"m","type":"track","event":"È \"bello\"","userId":"7","time":"2026-01-02T03:04:05.6Z","properties":{"a":[1,{"b":"}"}]},"context":{"ip":"1"}}`), &e) ||
		e.Name != `È "bello"` || string(e.Properties) != `{"a":[1,{"b":"}"}]}` {
		t.Errorf("%+v", e)
	}
	for _, odd := range []string{``, `{`, `{"messageId":"m"`, `{"messageId":"m"}x`, `[]`, `{"messageId":7}`, `{"messageId":"m","event":null}`, `{"time":"noon"}`} {
		if scanEvent([]byte(odd), &e) {
			t.Errorf("%s was taken for the door's form", odd)
		}
	}
}
