package journey

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// What of the record a proposal takes over.
const (
	proposedShare = 0.05 // what fewer cases do is left out
	proposedSteps = 5    // of one stage at most: the most frequent ones
)

// activity is something that happens in cases, with its usual place in them.
type activity struct {
	kind       experience.Kind
	name       string // "" for pages, which are told apart by their touchpoint
	touchpoint string // of pages
	cases      int64
	// place is where in a case it first happens: 0 is first, 1 is last of all
	// that happens in it; the median over the cases. NaN: it is always alone.
	place float64

	touchpoints []string
	stage       experience.Stage // "" = of no touchpoint that has one
}

// caseColumns gives SQL for what a proposal may follow, as package analytics
// tells cases apart.
var caseColumns = map[string]string{
	"": "person_id", "person": "person_id",
	"visit": "CASE WHEN visit = '' THEN NULL ELSE source || ' ' || visit END",
	"order": "CASE WHEN order_id = '' THEN NULL ELSE source || ' ' || order_id END",
}

// Propose draws a map from what the record shows of the last year: what at
// least one case in twenty does, in the stages of its touchpoints, in the order
// of its median place. It is not kept. NotFound when the record is empty.
func (r *Room) Propose(ctx context.Context, l *web.Locale, of string) (Map, error) {
	if _, ok := caseColumns[of]; !ok {
		return Map{}, experience.Errorf(experience.Invalid, "journey.error.case")
	}
	from, to, ok, err := r.period(ctx)
	if err != nil {
		return Map{}, err
	}
	var list []activity
	var cases int64
	if ok {
		if list, cases, err = r.activities(ctx, of, from, to); err != nil {
			return Map{}, err
		}
	}
	list = slices.DeleteFunc(list, func(a activity) bool { return float64(a.cases) < proposedShare*float64(cases) })
	if len(list) == 0 {
		return Map{}, experience.Errorf(experience.NotFound, "journey.error.record")
	}
	catalogue, err := r.catalogue(ctx)
	if err != nil {
		return Map{}, err
	}
	things, err := r.things(ctx, from, to)
	if err != nil {
		return Map{}, err
	}
	placed(list, things, catalogue)
	d := desk{l: l, catalogue: catalogue}
	m := Map{
		Name: l.T("journey.propose.name", "day", l.Date(r.Clock())), Kind: AsIs, Case: of, Origin: Proposed, Stages: r.stages(d, list),
		About: l.T("journey.propose.about", "cases", l.N(cases), "what", d.followed(of), "from", l.Date(from), "to", l.Date(to), "share", l.Percent(proposedShare)),
	}
	return m.clean(), nil
}

// activities reads what happens in how many cases, and where in them.
func (r *Room) activities(ctx context.Context, of string, from, to time.Time) ([]activity, int64, error) {
	rows, err := r.Ledger.Query(ctx, `WITH firsts AS (
			SELECT `+caseColumns[of]+` AS c, CASE WHEN kind = 'track' THEN kind ELSE 'page' END AS kind, CASE WHEN kind = 'track' THEN name ELSE '' END AS name,
				CASE WHEN kind = 'track' THEN '' ELSE touchpoint END AS touchpoint, min(time) AS first
			FROM interactions WHERE flags = 0 AND kind IN ('track', 'page', 'screen') AND time >= $1 AND time < $2 AND `+caseColumns[of]+` IS NOT NULL
			GROUP BY 1, 2, 3, 4
		), placed AS (
			SELECT kind, name, touchpoint, row_number() OVER (PARTITION BY c ORDER BY first, kind, name, touchpoint) - 1 AS place, count(*) OVER (PARTITION BY c) - 1 AS others
			FROM firsts
		)
		SELECT kind, name, touchpoint, count(*),
			coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN others > 0 THEN CAST(place AS DOUBLE PRECISION) / others END), -1),
			(SELECT count(DISTINCT c) FROM firsts)
		FROM placed GROUP BY 1, 2, 3`, from, to)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var list []activity
	var cases int64
	for rows.Next() {
		var a activity
		if err := rows.Scan(&a.kind, &a.name, &a.touchpoint, &a.cases, &a.place, &cases); err != nil {
			return nil, 0, err
		}
		if a.place < 0 {
			a.place = math.NaN()
		}
		list = append(list, a)
	}
	return list, cases, rows.Err()
}

// placed finds the touchpoints and the stage of each activity. What has none
// goes to the stage of what usually happens at about the same time.
func placed(list []activity, things []thing, catalogue map[string]experience.Touchpoint) {
	for i := range list {
		a := &list[i]
		if a.touchpoint != "" {
			a.touchpoints = []string{a.touchpoint}
		}
		for _, t := range things {
			if t.kind == experience.Track && a.kind == experience.Track && t.name == a.name {
				a.touchpoints = t.touchpoints
			}
		}
		if len(a.touchpoints) > 0 {
			a.stage = catalogue[a.touchpoints[0]].Stage
		}
	}
	known := slices.Clone(list)
	for i := range list {
		if list[i].stage == "" {
			list[i].stage = nearest(known, list[i].place)
		}
	}
}

// nearest gives the stage of the activity that has one and whose place is
// nearest.
func nearest(list []activity, place float64) experience.Stage {
	var stage experience.Stage
	best := math.Inf(1)
	for _, a := range list {
		if far := math.Abs(a.place - place); a.stage != "" && far < best {
			best, stage = far, a.stage
		}
	}
	return stage
}

// Names of the stages where nothing belongs to a touchpoint: by thirds of a case.
var thirds = []string{"journey.propose.begin", "journey.propose.middle", "journey.propose.end"}

// stages puts activities into columns, each in the order of its median place.
func (r *Room) stages(d desk, list []activity) []Stage {
	columns := map[string][]activity{}
	for _, a := range list {
		key := string(a.stage)
		if key == "" {
			key = thirds[min(2, max(0, int(3*a.place)))]
		}
		columns[key] = append(columns[key], a)
	}
	keys := slices.Clone(thirds)
	for _, s := range experience.Stages {
		keys = append(keys, string(s))
	}
	var stages []Stage
	for _, key := range keys {
		column := columns[key]
		if len(column) == 0 {
			continue
		}
		slices.SortFunc(column, func(a, b activity) int {
			return cmp.Or(cmp.Compare(b.cases, a.cases), cmp.Compare(a.name, b.name), cmp.Compare(a.touchpoint, b.touchpoint))
		})
		column = column[:min(len(column), proposedSteps)]
		slices.SortStableFunc(column, func(a, b activity) int { return cmp.Compare(a.place, b.place) })
		name := web.Capital(d.l.StageLabel(experience.Stage(key)))
		if slices.Contains(thirds, key) {
			name = d.l.T(key)
		}
		stage := Stage{Name: name}
		for _, a := range column {
			stage.Steps = append(stage.Steps, r.step(d, a))
		}
		stages = append(stages, stage)
	}
	return stages
}

func (r *Room) step(d desk, a activity) Step {
	if a.kind == experience.Track {
		return Step{Name: short(r.title(d.l, a.kind, a.name)), Touchpoints: a.touchpoints, Match: []analytics.Match{{Event: a.name}}}
	}
	name := d.l.T("journey.propose.pages")
	if a.touchpoint != "" {
		name = d.chip(a.touchpoint).Label
	}
	return Step{Name: short(name), Touchpoints: a.touchpoints, Match: []analytics.Match{{Kind: a.kind, Touchpoint: a.touchpoint}}}
}

// short cuts a name to what a card may carry.
func short(name string) string {
	letters := []rune(name)
	if len(letters) <= maxName {
		return name
	}
	return fmt.Sprintf("%s…", string(letters[:maxName-1]))
}
