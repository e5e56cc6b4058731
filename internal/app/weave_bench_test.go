package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/stream"
	"regia/internal/weave"
)

// crowd writes the log of a busy shop: visitors who mostly come back, of whom
// some were never seen, some sign in, and a few buy.
type crowd struct {
	rnd      *rand.Rand
	visitors []visitor
	users    int
	n        int
	at       experience.Position
}

type visitor struct{ anonymous, user string }

func newCrowd() *crowd { return &crowd{rnd: rand.New(rand.NewPCG(1, 2))} }

// block gives n events, of which the part fresh are of visitors never seen.
func (c *crowd) block(n int, fresh float64) stream.Block {
	var b stream.Block
	for range n {
		c.n++
		b.Records = append(b.Records, experience.Record{Source: "site", ReceivedAt: start.Add(time.Duration(c.n) * time.Millisecond), Event: c.event(fresh)})
	}
	b.Position = experience.Position{Sequence: c.at.Sequence + 1, Hash: fmt.Sprint("hash ", c.at.Sequence+1)}
	c.at = b.Position
	return b
}

func (c *crowd) event(fresh float64) []byte {
	k := c.rnd.IntN(len(c.visitors) + 1)
	if len(c.visitors) == 0 || c.rnd.Float64() < fresh {
		k = len(c.visitors)
		c.visitors = append(c.visitors, visitor{anonymous: c.uuid()})
	} else if k == len(c.visitors) {
		k--
	}
	v := &c.visitors[k]
	kind, name, properties, traits := "page", "", fmt.Sprintf(`{"path":"/scarpe/%d","referrer":"https://www.google.com/","search":"","title":"Scarpe da corsa | Passo","url":"https://www.passo.example/scarpe/%d"}`, k%500, k%500), ""
	switch p := c.rnd.Float64(); {
	case p < .03:
		if v.user == "" {
			c.users++
			v.user = fmt.Sprint("u", c.users)
		}
		kind, properties = "identify", ""
		traits = fmt.Sprintf(`{"email":"cliente%s@example.it","firstName":"Anna","lastName":"Rossi %s","phone":"+39347%07d","plan":"fedele"}`, v.user, v.user, c.users)
	case p < .05:
		kind, name = "track", "Order Completed"
		properties = fmt.Sprintf(`{"order_id":"o-%d","total":129.9,"revenue":"106.48","currency":"EUR","products":[{"product_id":"p1","name":"Scarpe","price":64.95,"quantity":2}]}`, c.n)
	case p < .6:
		kind, name = "track", "Product Viewed"
		properties = fmt.Sprintf(`{"product_id":"p-%d","sku":"P%d","category":"Scarpe","name":"Scarpe da corsa leggere","brand":"Passo","price":64.95,"currency":"EUR","position":%d}`, k%500, k%500, k%10)
	}
	var e strings.Builder
	fmt.Fprintf(&e, `{"messageId":"ajs-next-%d-%s","type":%q`, c.n, c.uuid(), kind)
	if name != "" {
		fmt.Fprintf(&e, `,"event":%q`, name)
	}
	if v.user != "" {
		fmt.Fprintf(&e, `,"userId":%q`, v.user)
	}
	fmt.Fprintf(&e, `,"anonymousId":%q,"time":%q`, v.anonymous, start.Add(time.Duration(c.n)*time.Millisecond).Format(time.RFC3339Nano))
	if properties != "" {
		e.WriteString(`,"properties":` + properties)
	}
	if traits != "" {
		e.WriteString(`,"traits":` + traits)
	}
	e.WriteString(`,"context":{"library":{"name":"analytics.js","version":"npm:next-1.81.0"},"locale":"it-IT","page":{"path":"/scarpe","referrer":"https://www.google.com/","title":"Scarpe da corsa | Passo","url":"https://www.passo.example/scarpe"},"timezone":"Europe/Rome","userAgent":"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"}}`)
	return []byte(e.String())
}

func (c *crowd) uuid() string {
	a, b := c.rnd.Uint64(), c.rnd.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// timed measures what the ledger takes of a weaver's time.
type timed struct {
	*ledger.Ledger
	fresh, append time.Duration
}

func (l *timed) Fresh(ctx context.Context, rows []experience.Interaction) ([]bool, error) {
	defer func(t time.Time) { l.fresh += time.Since(t) }(time.Now())
	return l.Ledger.Fresh(ctx, rows)
}

func (l *timed) Append(ctx context.Context, b ledger.Batch) error {
	defer func(t time.Time) { l.append += time.Since(t) }(time.Now())
	return l.Ledger.Append(ctx, b)
}

// timedIdentity measures what learning takes.
type timedIdentity struct {
	weave.Identity
	took time.Duration
}

func (i *timedIdentity) Learn(ctx context.Context, tx registry.Tx, facts []experience.Fact) (weave.Lesson, error) {
	defer func(t time.Time) { i.took += time.Since(t) }(time.Now())
	return i.Identity.Learn(ctx, tx, facts)
}

// BenchmarkWeave weaves b.N interactions of a busy shop of 100,000 visitors, 7 %
// of them by visitors never seen, and tells where the time goes.
func BenchmarkWeave(b *testing.B) {
	ctx := context.Background()
	db, err := registry.Open(ctx, registry.Options{Path: b.TempDir() + "/r.db"})
	check(b, err)
	defer db.Close()
	book, err := ledger.Open(ctx, ledger.Options{Path: b.TempDir() + "/l.duckdb"})
	check(b, err)
	defer book.Close()
	l := &timed{Ledger: book}
	w := weaver(b, db, l)
	who := &timedIdentity{Identity: w.Identity}
	w.Identity = who
	check(b, w.Refresh(ctx))
	c := newCrowd()
	weaveBlocks := func(blocks []stream.Block) {
		head, err := book.Head(ctx)
		check(b, err)
		check(b, w.Weave(ctx, head, blocks))
	}
	const block, together = 1500, 12
	fresh := .07
	group := func(n int) (blocks []stream.Block) {
		for n > 0 && len(blocks) < together {
			blocks = append(blocks, c.block(min(n, block), fresh))
			n -= block
		}
		return blocks
	}
	fresh = 1
	for range 6 {
		weaveBlocks(group(block * together))
	}
	fresh = .07
	*l, who.took = timed{Ledger: book}, 0
	var all [][]stream.Block
	for n := b.N; n > 0; n -= block * together {
		all = append(all, group(n))
	}
	before := cpu()
	b.ResetTimer()
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("phase", "steady")))
	for _, blocks := range all {
		weaveBlocks(blocks)
	}
	pprof.SetGoroutineLabels(ctx)
	b.StopTimer()
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) }
	b.ReportMetric(us(cpu()-before), "cpu-us/event")
	b.ReportMetric(us(l.fresh), "fresh-us/event")
	b.ReportMetric(us(l.append), "append-us/event")
	b.ReportMetric(us(who.took), "learn-us/event")
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// cpu is what this process has computed so far, on all cores.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
