package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// writes are the addresses that take events, single ones and batches.
var writes = struct{ single, batch []string }{
	[]string{"/v1/identify", "/v1/track", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias", "/v1/i", "/v1/t", "/v1/p", "/v1/s", "/v1/g", "/v1/a"},
	[]string{"/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"},
}

// broken is a body that nobody should take.
type broken struct {
	kind string
	body []byte
	gzip bool // and the header says so
}

const (
	goodEvent  = `{"type":"track","userId":"u","anonymousId":"a","groupId":"g","previousId":"p","event":"Order Completed","name":"Città","messageId":"m","timestamp":"2024-11-22T10:29:00Z","properties":{"total":12.5,"items":[{"sku":"a\u00e9"}]},"traits":{"name":"Ada"},"context":{"locale":"it"}}`
	manyBodies = 1000
)

// brokenBodies makes bodies of each sort, the same each time.
func brokenBodies() []broken {
	r := rand.New(rand.NewPCG(3, 14))
	sorts := []func(*rand.Rand) broken{cutShort, garbled, nested, notUTF8, twice, wrongType, noJSON, badZip, inBatch, tooMany}
	var list []broken
	for n := range manyBodies {
		switch n % 200 { // a few of what takes long
		case 0:
			list = append(list, broken{kind: "10 MB of text", body: []byte(with(`"messageId":"` + strings.Repeat("m", 10<<20) + `"`))})
		case 100:
			list = append(list, broken{"a gzip bomb", zipped(bytes.Repeat([]byte(" "), 64<<20)), true})
		default:
			list = append(list, sorts[n%len(sorts)](r))
		}
	}
	return list
}

// with is a good event with members at its end, the last of a name counting.
func with(members string) string { return strings.TrimSuffix(goodEvent, "}") + "," + members + "}" }

// whole is a good event, or a good batch.
func whole(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return goodEvent
	}
	return `{"batch":[` + goodEvent + `,` + goodEvent + `],"sentAt":"2024-11-22T10:30:00Z"}`
}

func cutShort(r *rand.Rand) broken {
	b := whole(r)
	return broken{kind: "cut short", body: []byte(b[:r.IntN(len(b))])}
}

func garbled(r *rand.Rand) broken {
	for {
		b := []byte(whole(r))
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
		if !json.Valid(b) || !utf8.Valid(b) {
			return broken{kind: "garbled", body: b}
		}
	}
}

func nested(r *rand.Rand) broken {
	depth := 65 + r.IntN(1000)
	if r.IntN(10) == 0 {
		depth = 500_000
	}
	opening, closing := `{"a":`, "}"
	if r.IntN(2) == 0 {
		opening, closing = "[", "]"
	}
	inner := strings.Repeat(opening, depth) + "1"
	if r.IntN(2) == 0 {
		inner += strings.Repeat(closing, depth)
	}
	return broken{kind: "nested", body: []byte(with(`"properties":{"deep":` + inner + "}"))}
}

func notUTF8(r *rand.Rand) broken {
	bad := []string{"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}[r.IntN(5)]
	b := whole(r)
	at := strings.Index(b, "Città") + r.IntN(4)
	return broken{kind: "not UTF-8", body: []byte(b[:at] + bad + b[at:])}
}

// A name that is there twice: the last one counts, and is wrong.
func twice(r *rand.Rand) broken {
	w := wrongType(r)
	return broken{kind: "a key twice", body: append(bytes.TrimSuffix(w.body, []byte("}")), []byte(`,"unknown":1,"unknown":2}`)...)}
}

func wrongType(r *rand.Rand) broken {
	texts := []string{"userId", "anonymousId", "messageId", "previousId", "groupId"}
	objects := []string{"properties", "traits", "context", "integrations"}
	switch r.IntN(3) {
	case 0:
		return broken{kind: "wrong type", body: []byte(with(`"` + texts[r.IntN(len(texts))] + `":` + []string{"{}", "[]", `{"id":1}`, `["u"]`}[r.IntN(4)]))}
	case 1:
		return broken{kind: "wrong type", body: []byte(with(`"` + objects[r.IntN(len(objects))] + `":` + []string{"[]", "7", `"none"`, "true"}[r.IntN(4)]))}
	}
	return broken{kind: "wrong type", body: []byte(with(`"timestamp":` + []string{"{}", `"yesterday"`, "[]", "true", `"0001-01-01T00:00:00Z"`, `"9999-12-31T00:00:00Z"`, "7"}[r.IntN(7)]))}
}

func noJSON(r *rand.Rand) broken {
	list := []string{"", " ", "null", "true", "7", `"text"`, "[]", "[{}]", "a=b&c=d", "<xml/>", "{'userId':'u'}", "{userId:1}", "NaN", "\x00", "{}", `{"batch":7}`, `{"batch":null}`, `{"batch":{}}`, `{"batch":[],}`}
	if r.IntN(4) > 0 {
		return broken{kind: "no JSON", body: []byte(list[r.IntN(len(list))])}
	}
	noise := make([]byte, 1+r.IntN(5000))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return broken{kind: "noise", body: noise}
}

func badZip(r *rand.Rand) broken {
	good := zipped([]byte(whole(r)))
	switch r.IntN(4) {
	case 0:
		return broken{"gzip, cut short", good[:r.IntN(len(good))], true}
	case 1:
		good[10+r.IntN(len(good)-10)] ^= byte(1 + r.IntN(255))
		good[len(good)-8] ^= 0xff // the checksum does not match either
		return broken{"gzip, damaged", good, true}
	case 2:
		return broken{"gzip that is none", []byte(whole(r)), true}
	}
	return broken{"gzip in gzip", zipped(good), true}
}

// A batch that is one, of events that are none: refused one by one.
func inBatch(r *rand.Rand) broken {
	item := [][]byte{wrongType(r).body, []byte("null"), []byte("7"), []byte("[]"), []byte(`{"type":"dance","userId":"u"}`), []byte(`{"type":"track"}`)}[r.IntN(6)]
	return broken{kind: "in a batch", body: append(append([]byte(`{"batch":[`), item...), "]}"...)}
}

func tooMany(r *rand.Rand) broken {
	if r.IntN(2) == 0 {
		return broken{kind: "too many", body: []byte(`{"batch":[` + strings.Repeat("{},", 5000) + "{}]}")}
	}
	return broken{kind: "too large", body: []byte(with(`"properties":{"p":"` + strings.Repeat("x", 600<<10) + `"}`))}
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// A thousand broken bodies at every address that takes events: each is refused,
// with a reason, and nothing is there that was not there before.
func TestAThousandBrokenBodies(t *testing.T) {
	r := install(t)
	r.start()
	r.send(event{"type": "track", "userId": "before", "event": "Order Completed"})
	before := r.woven()

	type knock struct {
		path  string
		batch bool
		broken
	}
	work := make(chan knock)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for k := range work {
				status, answer, err := r.knock(k.path, k.broken)
				refused := status >= 400 && status <= 499 && answer.Error != ""
				oneByOne := k.batch && status == http.StatusOK && len(answer.Rejected) > 0 && answer.Rejected[0].Error != ""
				switch {
				case err != nil:
					t.Errorf("%s, %s: %v", k.path, k.kind, err)
				case answer.Accepted != 0 || !refused && !oneByOne:
					t.Errorf("%s, %s: %d, %+v\n%.300q", k.path, k.kind, status, answer, k.body)
				}
			}
		})
	}
	for _, b := range brokenBodies() {
		for _, path := range writes.single {
			work <- knock{path, false, b}
		}
		for _, path := range writes.batch {
			work <- knock{path, true, b}
		}
	}
	close(work)
	all.Wait()

	r.send(event{"type": "track", "userId": "before", "event": "Order Completed"})
	after := r.woven()
	want(t, "interactions", after.Interactions-before.Interactions, 1)
	want(t, "people", after.People, before.People)
}

// knock sends a body as it is. It may be called by many at once.
func (r *regia) knock(path string, b broken) (status int, answer accepted, err error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+r.addr+path, bytes.NewReader(b.body))
	if err != nil {
		return 0, answer, err
	}
	request.Header.Set("X-Write-Key", r.keys.WriteKey)
	if b.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	client := *r.http
	client.Timeout = time.Minute
	a, err := client.Do(request)
	if err != nil {
		return 0, answer, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return a.StatusCode, answer, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return a.StatusCode, answer, fmt.Errorf("%s: %.200q", a.Status, text)
	}
	return a.StatusCode, answer, nil
}
