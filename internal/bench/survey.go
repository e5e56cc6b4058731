package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/experience"
)

// slowestPage is what 99 of 100 requests of respondents may take, in ms.
const slowestPage = 50.0

type surveyRun struct {
	*Bench
	people int // respondents
	hands  int // of them at a time
	kill   bool

	address atomic.Pointer[string] // of the server: another after it was killed
	path    string                 // of the survey
	done    atomic.Int64
	mu      sync.Mutex
	took    map[string][]time.Duration // by what was asked: open, answer
	broken  int                        // requests that the kill took with it, and were made again
}

// surveyBenchmark has many people answer a survey over plain HTTP: each opens
// it, answers page by page, and ends it. In the middle the server is killed.
func surveyBenchmark() Benchmark {
	return Benchmark{
		Name: "survey", Short: "Thousands of people answer a survey, through a kill -9",
		Example: "  regia bench survey\n  regia bench survey --people 1000 --kill=false --json",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			r := surveyRun{took: map[string][]time.Duration{}}
			f.IntVar(&r.people, "people", 10_000, "how many answer")
			f.IntVar(&r.hands, "at-once", 16, "how many of them are at it at one time")
			f.BoolVar(&r.kill, "kill", true, "kill the server without warning in the middle, and start it again")
			return func(ctx context.Context, b *Bench) error {
				r.Bench = b
				return r.run(ctx)
			}
		},
	}
}

func (r *surveyRun) run(ctx context.Context) (err error) {
	p := r.Report.Parameters
	p["people"], p["at_once"], p["killed"] = r.people, r.hands, r.kill
	server, err := r.Serve(ctx, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	var made struct{ Path string }
	if err := server.Post(ctx, "/api/v1/surveys", map[string]string{"set": "after-delivery"}, nil); err != nil {
		return err
	}
	if err := server.Post(ctx, "/api/v1/surveys/after-delivery/publish", nil, &made); err != nil {
		return err
	}
	r.path = made.Path
	r.address.Store(&server.Address)
	began := time.Now()
	answered := make(chan error, 1)
	go func() { answered <- r.crowd(ctx) }()
	if r.kill {
		if server, err = r.killed(ctx, server); err != nil {
			return errors.Join(err, <-answered)
		}
	}
	if err := <-answered; err != nil {
		return err
	}
	seconds := time.Since(began).Seconds()
	return r.report(ctx, server, seconds)
}

// killed kills the server once half of the people are done, and starts another
// on its folder.
func (r *surveyRun) killed(ctx context.Context, server *Server) (*Server, error) {
	again := time.NewTicker(look)
	defer again.Stop()
	for r.done.Load() < int64(r.people/2) {
		select {
		case <-ctx.Done():
			return server, ctx.Err()
		case <-again.C:
		}
	}
	if err := server.cmd.Process.Kill(); err != nil {
		return server, err
	}
	<-server.Process.done
	next, err := r.ServeFolder(ctx, server.Data, 0)
	if err != nil {
		return server, err
	}
	r.address.Store(&next.Address)
	r.Say("killed and started again after %d people", r.done.Load())
	return next, nil
}

// crowd has all people answer.
func (r *surveyRun) crowd(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var hands sync.WaitGroup
	for h := range r.hands {
		hands.Go(func() {
			one := respondent{run: r, random: rand.New(rand.NewPCG(uint64(h), 7)), client: &http.Client{
				Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}}
			for next.Add(1) <= int64(r.people) {
				if err := one.answer(ctx); err != nil {
					stop(err)
					return
				}
				r.done.Add(1)
			}
		})
	}
	hands.Wait()
	return context.Cause(ctx)
}

// respondent answers one survey after the other, each as somebody else.
type respondent struct {
	run    *surveyRun
	client *http.Client
	random *rand.Rand
}

var (
	hiddenField = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`)
	optionField = regexp.MustCompile(`type="(?:radio|checkbox)" name="([^"]+)" value="([^"]*)"`)
	textField   = regexp.MustCompile(`<textarea[^>]* name="([^"]+)"`)
)

// answer goes through a survey from its first page to the thanks.
func (p *respondent) answer(ctx context.Context) error {
	page, _, err := p.ask(ctx, "open", http.MethodGet, p.run.path, nil)
	for pages := 0; err == nil; pages++ {
		var to string
		if _, to, err = p.ask(ctx, "answer", http.MethodPost, p.run.path, p.fill(page)); err != nil {
			return err
		}
		if page, _, err = p.ask(ctx, "open", http.MethodGet, to, nil); err != nil {
			return err
		}
		if strings.Contains(to, "done=1") {
			return nil
		}
		if pages > 20 {
			return experience.Errorf(experience.Internal, "a survey did not end")
		}
	}
	return err
}

// fill chooses an answer to everything on a page.
func (p *respondent) fill(page string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	options := map[string][]string{}
	for _, m := range optionField.FindAllStringSubmatch(page, -1) {
		options[m[1]] = append(options[m[1]], m[2])
	}
	for name, list := range options {
		form.Set(name, list[p.random.IntN(len(list))])
	}
	for _, m := range textField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], "È arrivato in ritardo, ma il corriere è stato gentile.")
	}
	return form
}

// ask makes a request, again and again while the server is away.
func (p *respondent) ask(ctx context.Context, what, method, path string, form url.Values) (body, to string, err error) {
	for {
		began := time.Now()
		body, to, err = p.once(ctx, method, path, form)
		if err == nil {
			p.run.mu.Lock()
			p.run.took[what] = append(p.run.took[what], time.Since(began))
			p.run.mu.Unlock()
			return body, to, nil
		}
		if code := experience.CodeOf(err); code != experience.Unavailable || !p.run.kill {
			return "", "", err
		}
		p.run.mu.Lock()
		p.run.broken++
		p.run.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", "", context.Cause(ctx)
		case <-time.After(look):
		}
	}
}

func (p *respondent) once(ctx context.Context, method, path string, form url.Values) (body, to string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+*p.run.address.Load()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return "", "", experience.Errorf(experience.Unavailable, "the server is away: %w", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", "", experience.Errorf(experience.Unavailable, "the server is away: %w", err)
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusSeeOther {
		return "", "", fmt.Errorf("%s answers %s: %.300s", method, answer.Status, raw)
	}
	return string(raw), answer.Header.Get("Location"), nil
}

// report tells how long it took, and what of it is there in the end.
func (r *surveyRun) report(ctx context.Context, server *Server, seconds float64) error {
	for _, what := range []string{"open", "answer"} {
		f := times("survey."+what, r.took[what])
		f.AtMost = promise(slowestPage)
		r.Figure(f)
	}
	r.Figure(single("survey.people", "people/s", float64(r.people)/seconds))
	r.Figure(single("survey.broken_off", "requests", float64(r.broken)))
	var results struct{ Finished, Partial int64 }
	if err := server.Get(ctx, "/api/v1/surveys/after-delivery/results", &results); err != nil {
		return err
	}
	lost := single("survey.lost", "answers", float64(int64(r.people)-results.Finished))
	lost.AtMost, lost.AtLeast = promise(0), promise(0)
	r.Figure(lost)
	told, err := r.told(ctx, server)
	untold := single("survey.untold", "answers", float64(int64(r.people)-told))
	untold.AtMost, untold.AtLeast = promise(0), promise(0)
	r.Figure(untold)
	return err
}

// told waits until the ledger has all answers, and counts them.
func (r *surveyRun) told(ctx context.Context, server *Server) (int64, error) {
	patience, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		s, err := server.Drain(patience, 60*time.Second)
		if err != nil || s.Interactions >= int64(r.people) {
			return s.Interactions, err
		}
		select {
		case <-patience.Done():
			return s.Interactions, nil
		case <-again.C:
		}
	}
}
