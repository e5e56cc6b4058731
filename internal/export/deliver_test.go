package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

// scan is a ledger that does as it is told.
type scan func(ctx context.Context, f ledger.Filter, do func(experience.Interaction) error) error

func (s scan) Scan(ctx context.Context, f ledger.Filter, do func(experience.Interaction) error) error {
	return s(ctx, f, do)
}

// everybody is people who are one person.
type everybody struct{}

func (everybody) Each(_ context.Context, _ bool, do func(Person) error) error {
	return do(Person{ID: full().Person, Name: "Anna Ferri", Email: "anna@example.it"})
}

func (everybody) Current(_ context.Context, id experience.ID) (experience.ID, error) { return id, nil }

// asOwner lets everybody with a token in.
type asOwner struct{}

func (asOwner) Authenticate(*http.Request) (*web.User, error) {
	return &web.User{ID: "u-1", Name: "Olga Owner", Email: "olga@example.it", Role: experience.Owner, Token: true}, nil
}

// log is what was logged, for many goroutines.
type log struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// serve opens a room over a ledger and gives its address and its log.
func serve(t *testing.T, from scan, configure func(*http.Server)) (string, *log) {
	t.Helper()
	lines := &log{}
	logger := slog.New(slog.NewTextHandler(lines, nil))
	site, err := web.New(web.Options{Auth: asOwner{}, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	sources := func(context.Context) ([]Named, error) { return []Named{{"till", "Till"}}, nil }
	room := New(Options{Ledger: from, People: everybody{}, Sources: sources, Logger: logger, AtOnce: 1,
		Touchpoints: func(context.Context, string) ([]Named, error) { return []Named{{"checkout", "Checkout"}}, nil }})
	if err := room.Register(site); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(site)
	if configure != nil {
		configure(server.Config)
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, lines
}

func ask(t *testing.T, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer x")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

const interactionsPath = "/api/v1/export/interactions?format="

func TestDeliveryAsksForWhatWasAsked(t *testing.T) {
	var asked ledger.Filter
	address, lines := serve(t, func(_ context.Context, f ledger.Filter, do func(experience.Interaction) error) error {
		asked = f
		return do(full())
	}, nil)
	person := full().Person
	answer := ask(t, address+interactionsPath+"csv&from=2026-03-29&to=2026-03-29&source=till&touchpoint=checkout&all=true&person="+person.String())
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", answer.StatusCode, body, err)
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 29, 0, 0, 0, 0, rome) // of 23 hours
	if !asked.From.Equal(day) || asked.To.Sub(day) != 23*time.Hour || asked.Source != "till" || asked.Touchpoint != "checkout" || asked.Person != person || !asked.IncludeFlagged {
		t.Errorf("the ledger was asked for %+v", asked)
	}
	for name, want := range map[string]string{"Content-Type": "text/csv; charset=utf-8; header=present", "Regia-Left-Out": "", "Cache-Control": "no-store"} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="regia-interactions-20`) || !strings.HasSuffix(got, `.csv"`) {
		t.Errorf("it is called %q", got)
	}
	if got := answer.Trailer.Get("Regia-Rows"); got != "1" {
		t.Errorf("%q rows", got)
	}
	ask(t, address+"/api/v1/export/people?format=csv")
	text := lines.String()
	for _, want := range []string{"data were exported", "what=interactions", "format=csv", "user=u-1", "rows=1", "whole=true", "source=till", "one_person=true", "what=people"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	for _, secret := range []string{"Olga", "olga@", "Anna", "anna@", person.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}

func TestDeliveryRefuses(t *testing.T) {
	address, lines := serve(t, func(context.Context, ledger.Filter, func(experience.Interaction) error) error {
		return experience.Errorf(experience.Unavailable, "the ledger is away")
	}, nil)
	for path, want := range map[string]int{
		interactionsPath + "csv":                               http.StatusServiceUnavailable, // before a byte was out
		interactionsPath + "parquet":                           http.StatusServiceUnavailable,
		interactionsPath + "xlsx":                              http.StatusUnprocessableEntity,
		interactionsPath + "csv&from=yesterday":                http.StatusBadRequest,
		interactionsPath + "csv&from=2026-02-02&to=2026-02-01": http.StatusBadRequest,
		interactionsPath + "csv&source=nowhere":                http.StatusNotFound,
		interactionsPath + "csv&touchpoint=nowhere":            http.StatusNotFound,
		interactionsPath + "csv&person=somebody":               http.StatusUnprocessableEntity,
		"/api/v1/export/people?format=parquet":                 http.StatusUnprocessableEntity,
	} {
		answer := ask(t, address+path)
		var problem struct{ Status int }
		if err := json.NewDecoder(answer.Body).Decode(&problem); err != nil || answer.StatusCode != want || problem.Status != want {
			t.Errorf("%s: %d (%+v, %v), want %d", path, answer.StatusCode, problem, err, want)
		}
		if name := answer.Header.Get("Content-Disposition"); name != "" {
			t.Errorf("%s: a refusal is called %s", path, name)
		}
	}
	if !strings.Contains(lines.String(), "an export broke off") {
		t.Error("the log says nothing of what broke")
	}
}

// endless gives rows until it is told to stop.
func endless(ctx context.Context, do func(experience.Interaction) error) error {
	r := full()
	for ctx.Err() == nil {
		if err := do(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func TestWhatBreaksDoesNotLookWhole(t *testing.T) {
	for _, format := range []Format{CSV, NDJSON, Parquet} {
		t.Run(string(format), func(t *testing.T) {
			address, _ := serve(t, func(_ context.Context, _ ledger.Filter, do func(experience.Interaction) error) error {
				r := full()
				for range groupRows + 1 { // a row group, so that something of Parquet is out as well
					r.ID = experience.NewID()
					if err := do(r); err != nil {
						return err
					}
				}
				return errors.New("the disk is gone")
			}, nil)
			answer := ask(t, address+interactionsPath+string(format))
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusOK || err == nil || len(body) == 0 {
				t.Errorf("%d, %d bytes, and reading ends with %v", answer.StatusCode, len(body), err)
			}
			if got := answer.Trailer.Get("Regia-Rows"); got != "" {
				t.Errorf("it tells of %q rows", got)
			}
		})
	}
}

func TestAClientThatGoesStopsTheQuery(t *testing.T) {
	stopped := make(chan error, 1)
	address, lines := serve(t, func(ctx context.Context, _ ledger.Filter, do func(experience.Interaction) error) error {
		err := endless(ctx, do)
		stopped <- err
		return err
	}, nil)
	answer := ask(t, address+interactionsPath+"csv")
	if _, err := io.CopyN(io.Discard, answer.Body, 1000); err != nil {
		t.Fatal(err)
	}
	// The one place is taken meanwhile.
	if busy := ask(t, address+interactionsPath+"csv"); busy.StatusCode != http.StatusServiceUnavailable || busy.Header.Get("Retry-After") == "" {
		t.Errorf("a second export is answered %d", busy.StatusCode)
	}
	answer.Body.Close()
	if err := <-stopped; err == nil {
		t.Error("the query ended as if it were whole")
	}
	for !strings.Contains(lines.String(), "whole=false") {
		runtime.Gosched()
	}
}

// The server reads requests under a time limit; an answer may take longer.
func TestADeliveryMayTakeItsTime(t *testing.T) {
	const limit = 150 * time.Millisecond
	address, _ := serve(t, func(ctx context.Context, _ ledger.Filter, do func(experience.Interaction) error) error {
		select {
		case <-time.After(3 * limit):
			return do(full())
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(s *http.Server) { s.ReadTimeout = limit })
	answer := ask(t, address+interactionsPath+"ndjson")
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("%d %s %v", answer.StatusCode, body, err)
	}
}
