package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

const (
	searchAtMost = 50.0 // ms, the 99th percentile of a key pressed
	searchBatch  = 200  // people of a request, while they are told of
)

type searchRun struct {
	*Bench
	people, words int
	registry      string
}

// searchBenchmark measures search as you type: each key pressed asks anew.
func searchBenchmark() Benchmark {
	return Benchmark{
		Name: "search", Short: "People found as you type",
		Example: "  regia bench search\n  regia bench search --people 100000 --json\n  regia bench search --registry postgres://regia@localhost/bench",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			s := searchRun{}
			f.IntVar(&s.people, "people", 500_000, "people there are, each with a name, an e-mail address, a phone number and a card")
			f.IntVar(&s.words, "searches", 300, "people looked for, each letter by letter")
			f.StringVar(&s.registry, "registry", "", "an empty PostgreSQL database for the registry; \"\" = the embedded one")
			return func(ctx context.Context, b *Bench) error {
				s.Bench = b
				return s.run(ctx)
			}
		},
	}
}

func (s *searchRun) run(ctx context.Context) (err error) {
	p := s.Report.Parameters
	p["people"], p["searches"], p["engine"] = s.people, s.words, "sqlite"
	var args []string
	if s.registry != "" {
		args, p["engine"] = []string{"--registry", s.registry}, "postgres"
	}
	server, err := s.Serve(ctx, 0, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if err := s.tell(ctx, server); err != nil {
		return err
	}
	status, err := server.Drain(ctx, 4*catchUp)
	if err != nil {
		return err
	}
	s.Figure(single("search.people", "people", float64(status.People)))
	random := rand.New(rand.NewPCG(3, 4))
	var keys, lists []time.Duration
	found := 0
	for range s.words {
		looked := citizenOf(random.IntN(s.people))
		text := looked.sought(random)
		for n := 2; n <= len(text); n++ {
			took, answer, err := timed(ctx, server, "/people/suggest?q="+url.QueryEscape(text[:n]))
			if err != nil {
				return err
			}
			keys = append(keys, took)
			if n == len(text) && strings.Contains(answer, looked.last) {
				found++
			}
		}
		took, _, err := timed(ctx, server, "/api/v1/people?limit=20&q="+url.QueryEscape(text))
		if err != nil {
			return err
		}
		lists = append(lists, took)
	}
	suggest := times("search.suggest", keys)
	suggest.AtMost = promise(searchAtMost)
	s.Figure(suggest)
	s.Figure(times("search.list", lists))
	hits := single("search.found", "ratio", float64(found)/float64(max(1, s.words)))
	hits.AtLeast = promise(0.9)
	s.Figure(hits)
	s.Figure(single("search.resident_peak", "MB", float64(server.Usage().Peak)/1e6))
	return nil
}

// tell lets the server learn of the people, by way of history.
func (s *searchRun) tell(ctx context.Context, server *Server) error {
	s.Say("meeting %d people", s.people)
	var source struct {
		WriteKey string `json:"write_key"`
	}
	if err := server.Post(ctx, "/api/v1/sources", map[string]string{"name": "Bench", "kind": "server"}, &source); err != nil {
		return err
	}
	at := s.clock().Add(-24 * time.Hour).UTC()
	for from := 0; from < s.people; from += searchBatch {
		var batch []json.RawMessage
		for k := from; k < min(from+searchBatch, s.people); k++ {
			batch = append(batch, citizenOf(k).event(k, at.Add(time.Duration(k)*time.Millisecond)))
		}
		if err := server.send(ctx, source.WriteKey, batch); err != nil {
			return err
		}
	}
	return nil
}

// timed asks and tells how long it took.
func timed(ctx context.Context, server *Server, path string) (time.Duration, string, error) {
	start := time.Now()
	answer, err := server.text(ctx, path)
	return time.Since(start), answer, err
}

// citizen is somebody of an Italian town; the same number is always the same.
type citizen struct{ first, last, email, phone, card string }

func citizenOf(n int) citizen {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	// A few names are very common, most are not: so it is in a telephone book.
	first := firstNames[int(float64(len(firstNames))*r.Float64()*r.Float64())]
	last := lastNames[int(float64(len(lastNames))*r.Float64()*r.Float64())]
	if r.IntN(3) > 0 { // a rarer surname
		last += lastEndings[r.IntN(len(lastEndings))]
	}
	return citizen{
		first: first, last: last,
		email: fmt.Sprintf("%s.%s%d@example.it", strings.ToLower(first), strings.ToLower(last), n),
		phone: fmt.Sprintf("+3934%08d", n), card: fmt.Sprintf("C%09d", n),
	}
}

func (c citizen) event(n int, at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"type":"identify","messageId":"bench-%d","userId":"u%d","timestamp":%q,"traits":{"firstName":%q,"lastName":%q,"email":%q,"phone":%q,"loyaltyCard":%q}}`,
		n, n, at.Format(time.RFC3339Nano), c.first, c.last, c.email, c.phone, c.card)
}

// sought is what somebody who looks for them may type.
func (c citizen) sought(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0:
		return c.email
	case 1:
		return c.phone
	case 2:
		return c.card
	case 3:
		return c.last + " " + c.first
	case 4:
		return c.last
	}
	return c.first + " " + c.last
}

var (
	firstNames = strings.Fields(`Maria Anna Giuseppe Antonio Giovanni Francesca Luca Marco Giulia Andrea Sara Paolo Chiara Matteo Elena Davide
		Laura Roberto Stefano Valentina Alessandro Martina Federico Silvia Simone Elisa Riccardo Alice Lorenzo Giorgia Michele Beatrice Nicola
		Camilla Tommaso Caterina Pietro Ludovica Edoardo Margherita Gabriele Bianca Filippo Teresa Vincenzo Rosa Salvatore Carmela Raffaele Agata`)
	lastNames = strings.Fields(`Rossi Ferrari Russo Bianchi Romano Gallo Costa Fontana Conti Esposito Ricci Bruno Moretti Barbieri Lombardi Marino
		Greco Galli Ferri Mariani Rinaldi Caruso Villa Serra Colombo Fabbri Leone Longo Gentile Martini Vitale Santoro Marchetti Pellegrini
		Palumbo Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri Mazza Testa Grassi Pellegrino Carbone Giuliani Benedetti`)
	lastEndings = strings.Fields(`ni etti ello acci oni ucci ardi ano ese atti igni olo ari ensi otti`)
)
