package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"regia/internal/app"
	"regia/internal/experience"
	"regia/internal/ledger"
)

// open opens a folder in this process, to be given a past before it is served.
func (b *Bench) open(ctx context.Context, data string) (*app.App, error) {
	return app.Open(ctx, app.Config{Data: data}, b.Report.Version, slog.New(slog.DiscardHandler))
}

// invent fills a folder's empty ledger with about so many interactions, sorted,
// and gives of how many people they are.
func (b *Bench) invent(ctx context.Context, a *app.App, rows int64) (people int64, err error) {
	start, said := time.Now(), int64(0)
	return a.Ledger.Invent(ctx, rows, b.clock().Add(-time.Hour), func(done int64) {
		if written := done * rows / max(rows/20, 1); written-said >= rows/10 {
			said = written
			b.Say("inventing the past: %d of %d interactions after %.0f s", written, rows, time.Since(start).Seconds())
		}
	})
}

const (
	floodBatch   = 10_000 // rows that the weaver would write in one step
	floodFrom    = 5      // one person in so many took part
	floodSamples = 200    // people whose interactions are told again
)

// flood appends so many interactions of the last hour to an invented past, in
// order of arrival, as the weaver does: what a ledger that just took a flood has
// still to sort. Some of the people who were there before take part.
func (b *Bench) flood(ctx context.Context, a *app.App, rows, people int64) error {
	b.Say("a flood: %d interactions that are not sorted", rows)
	var told []experience.Interaction
	for n := range min(floodSamples, people) {
		items, _, err := a.Ledger.Timeline(ctx, ledger.TimelineQuery{Person: ledger.Invented(n), Limit: 20, Whole: true})
		if err != nil {
			return err
		}
		told = append(told, items...)
	}
	head, err := a.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	start := b.clock().Add(-time.Hour)
	for done := int64(0); done < rows; {
		batch := make([]experience.Interaction, min(floodBatch, rows-done))
		for k := range batch {
			r := told[rand.IntN(len(told))]
			r.ID, r.MessageID = experience.NewID(), fmt.Sprintf("flood-%d", done)
			r.Person = ledger.Invented(rand.Int64N(max(people/floodFrom, 1)) * floodFrom)
			r.Subject = r.Person
			r.Time = start.Add(time.Duration(float64(time.Hour) * float64(done) / float64(rows)))
			r.ReceivedAt = r.Time
			batch[k] = r
			done++
		}
		if err := a.Ledger.Append(ctx, ledger.Batch{Before: head.Position, After: head.Position, Rows: batch, Checked: true}); err != nil {
			return err
		}
	}
	return nil
}

// meetCatalogue has the past of a folder follow its catalogue, which the sources
// of the benchmark changed: that is done once an event is woven.
func (s *Server) meetCatalogue(ctx context.Context) error {
	ready := json.RawMessage(`{"type":"track","userId":"ready","event":"Ready","messageId":"ready"}`)
	if err := s.send(ctx, s.Keys[0], []json.RawMessage{ready}); err != nil {
		return err
	}
	_, err := s.Drain(ctx, catchUp)
	return err
}

// order is how far a server's ledger is sorted.
type order struct {
	unsorted, sorted, written float64 // interactions: see the server's metrics of these names
}

// order reads it from the server's metrics.
func (s *Server) order(ctx context.Context) (o order, err error) {
	text, err := s.text(ctx, "/metrics")
	if err != nil {
		return o, err
	}
	for name, into := range map[string]*float64{"unsorted_rows": &o.unsorted, "sorted_rows_total": &o.sorted, "written_rows_total": &o.written} {
		_, rest, _ := strings.Cut(text, "\nregia_ledger_"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		if *into, err = strconv.ParseFloat(value, 64); err != nil {
			return o, experience.Errorf(experience.Internal, "the server does not tell its %s", name)
		}
	}
	return o, nil
}
