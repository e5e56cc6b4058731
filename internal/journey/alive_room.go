package journey

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed alive/messages.it.json alive/messages.en.json
var aliveMessages embed.FS

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Alive is what the room needs to tell how maps are lived.
type Alive struct {
	// Impressions may be nil: then nothing is said about what people felt.
	Impressions Impressions
	People      People
	// Patience is how long the page of a map waits for its figures before it is
	// sent without them, and they follow by themselves; 0 is 800 ms.
	Patience time.Duration
}

// aliveLimit is how long figures may take before the page says so.
const aliveLimit = 30 * time.Second

// seers may see who is behind a number.
var seers = []experience.Role{experience.Owner, experience.Manager, experience.Agent, experience.Store}

func (r *Room) registerAlive() error {
	texts, err := fs.Sub(aliveMessages, "alive")
	if err == nil {
		err = r.site.Messages(texts)
	}
	if err != nil {
		return err
	}
	if r.Alive.Patience <= 0 {
		r.Alive.Patience = 800 * time.Millisecond
	}
	r.site.Page("GET /journeys/{key}/figures", nil, r.figuresPart)
	r.site.Page("GET /journeys/{key}/figures.csv", nil, r.figuresCSV)
	r.site.Page("GET /journeys/{key}/people", seers, r.behindPage)
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: "/api/v1/journeys/{key}/" + path, Summary: summary, Tags: []string{"journeys"}}
	}
	web.Operation(r.site, op("get-journey-figures", "figures", "How a map is really lived in a period"), nil, r.figuresAPI)
	web.Operation(r.site, op("list-journey-people", "people", "Who is behind a number of a map's figures"), seers, r.behindAPI)
	return nil
}

func (r *Room) reckoner() *Living {
	return &Living{Ledger: r.Ledger, Impressions: r.Alive.Impressions}
}

// FiguresInput asks for a map's figures.
type FiguresInput struct {
	MapPath
	Version int64     `query:"version" minimum:"0" doc:"Which version of the map; absent: the latest"`
	From    time.Time `query:"from" doc:"From when on; absent: from the beginning"`
	To      time.Time `query:"to" doc:"Until before when; absent: until now"`
}

type figuresOutput struct{ Body JourneyFigures }

func (in FiguresInput) period(now time.Time) (Period, error) {
	p := Period{From: in.From, To: in.To, Now: now}
	if !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) {
		return p, experience.Errorf(experience.Invalid, "journey.error.living.order")
	}
	return p, nil
}

func (r *Room) figuresAPI(ctx context.Context, in *FiguresInput) (*figuresOutput, error) {
	m, err := r.Store.Version(ctx, in.Key, in.Version)
	if err != nil {
		return nil, err
	}
	p, err := in.period(r.Clock())
	if err != nil {
		return nil, err
	}
	f, err := r.reckoner().Figures(ctx, m, p)
	return &figuresOutput{f}, err
}

type behindInput struct {
	FiguresInput
	Selection
	Skip  int `query:"skip" minimum:"0" doc:"How many to leave out: those of the pages before"`
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type behindOutput struct {
	Body struct {
		Items []MapCase `json:"items" doc:"With felt: those that felt worst first; else those whose latest step was last"`
		Next  *int      `json:"next" doc:"What to give as skip for the next page; null at the end"`
		All   int       `json:"all" doc:"How many there are"`
	}
}

func (r *Room) behindAPI(ctx context.Context, in *behindInput) (*behindOutput, error) {
	m, err := r.Store.Version(ctx, in.Key, in.Version)
	if err != nil {
		return nil, err
	}
	p, err := in.period(r.Clock())
	if err != nil {
		return nil, err
	}
	list, err := r.reckoner().Behind(ctx, m, p, in.Selection)
	if err != nil {
		return nil, err
	}
	var out behindOutput
	out.Body.All = len(list)
	out.Body.Items = list[min(in.Skip, len(list)):min(in.Skip+in.Limit, len(list))]
	if next := in.Skip + in.Limit; next < len(list) {
		out.Body.Next = &next
	}
	return &out, nil
}

// figuresCSV is what the page says, a line for each step.
func (r *Room) figuresCSV(w http.ResponseWriter, q *web.Request) error {
	v, err := r.aliveView(q)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.Context(), aliveLimit)
	defer cancel()
	if v.f, err = r.reckoner().Figures(ctx, v.m, v.p); err != nil {
		return err
	}
	out := web.SendSheet(w, v.m.Key)
	for _, line := range v.table() {
		out.Write(line...)
	}
	out.Flush()
	return nil // the reader may be gone
}

// table is the figures as programs read them.
func (v living) table() [][]string {
	heads := []string{"stage", "step", "name", "cases", "interactions", "from_before", "from_first", "median_seconds", "p90_seconds", "here", "stopped", "due", "kept"}
	for cell := range cells {
		base := string(dimensionOf(cell)) + "_" + string(evidenceOf(cell))
		heads = append(heads, base, base+"_low", base+"_high", base+"_n")
	}
	table := [][]string{heads}
	for _, s := range v.f.Steps {
		line := []string{s.Stage, s.ID, s.Name, whole(s.Cases), whole(s.Interactions), "", "", "", "", whole(s.Here), whole(s.Stopped), "", ""}
		if p := s.FromBefore; p != nil && p.Of > 0 {
			line[5], line[7], line[8] = decimal(float64(p.Went)/float64(p.Of)), decimal(p.Median), decimal(p.Slow)
		}
		if p := s.FromFirst; p != nil && p.Of > 0 {
			line[6] = decimal(float64(p.Went) / float64(p.Of))
		}
		if len(s.Promises) > 0 {
			line[11], line[12] = whole(s.Promises[0].Of), whole(s.Promises[0].Kept)
		}
		for cell := range cells {
			line = append(line, feltCells(s.Felt, dimensionOf(cell), evidenceOf(cell))...)
		}
		table = append(table, line)
	}
	return table
}

func feltCells(list []Felt, d experience.Dimension, e experience.Evidence) []string {
	f := feltOf(list, d, e)
	switch {
	case f == nil:
		return []string{"", "", "", ""}
	case f.Mean == nil:
		return []string{"", "", "", whole(f.N)}
	}
	return []string{decimal(f.Mean.Value), decimal(f.Mean.Low), decimal(f.Mean.High), whole(f.N)}
}

func whole(n int64) string     { return strconv.FormatInt(n, 10) }
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
