package journey

import (
	"embed"
	"fmt"
	"path"
	"slices"

	"github.com/goccy/go-yaml"

	"regia/internal/analytics"
	"regia/internal/experience"
)

//go:embed ready/*.yaml
var readyFiles embed.FS

// ReadyMades lists Regia's own maps by name, in the order pages offer them.
func ReadyMades() []string { return []string{"ecommerce", "shop", "service", "software"} }

// bilingual is a text in both languages of the house.
type bilingual struct{ IT, EN string }

func (b bilingual) in(language string) string {
	if language == "it" {
		return b.IT
	}
	return b.EN
}

// The shape of ready/*.yaml.
type (
	readyMap struct {
		Name    bilingual
		About   bilingual
		Persona bilingual
		Owner   bilingual
		Case    string
		Stages  []readyStage
	}
	readyStage struct {
		ID    string
		Name  bilingual
		Steps []readyStep
	}
	readyStep struct {
		ID            string
		Name          bilingual
		Touchpoints   []string
		Events        []string // names; match has what needs more
		Match         []readyMatch
		Truth         bool
		Expect        *readyExpectation
		Pains         []bilingual
		Opportunities []bilingual
		Backstage     []bilingual
		Assumed       map[experience.Dimension]float64
	}
	readyMatch       struct{ Event, Touchpoint string }
	readyExpectation struct {
		Text   bilingual
		Within analytics.Window
		From   string
	}
)

// Ready gives one of Regia's own maps in a language, "it" or "en". NotFound
// when there is none of that name.
func Ready(name, language string) (Map, error) {
	if !slices.Contains(ReadyMades(), name) {
		return Map{}, experience.Errorf(experience.NotFound, "journey.error.ready")
	}
	raw, err := readyFiles.ReadFile(path.Join("ready", name+".yaml"))
	if err != nil {
		return Map{}, err
	}
	var file readyMap
	if err := yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()); err != nil {
		return Map{}, fmt.Errorf("ready-made map %s: %w", name, err)
	}
	m := Map{
		Name: file.Name.in(language), About: file.About.in(language), Persona: file.Persona.in(language), Owner: file.Owner.in(language),
		Kind: AsIs, Case: file.Case, Origin: ReadyMade,
	}
	for _, s := range file.Stages {
		stage := Stage{ID: s.ID, Name: s.Name.in(language)}
		for _, one := range s.Steps {
			stage.Steps = append(stage.Steps, one.in(language))
		}
		m.Stages = append(m.Stages, stage)
	}
	return m, nil
}

func (s readyStep) in(language string) Step {
	step := Step{
		ID: s.ID, Name: s.Name.in(language), Touchpoints: s.Touchpoints, MomentOfTruth: s.Truth, Assumed: s.Assumed,
		Pains: all(s.Pains, language), Opportunities: all(s.Opportunities, language), Backstage: all(s.Backstage, language),
	}
	for _, event := range s.Events {
		step.Match = append(step.Match, analytics.Match{Event: event})
	}
	for _, m := range s.Match {
		step.Match = append(step.Match, analytics.Match{Event: m.Event, Touchpoint: m.Touchpoint})
	}
	if e := s.Expect; e != nil {
		step.Expectation = &Expectation{Text: e.Text.in(language), Within: e.Within, From: e.From}
	}
	return step
}

func all(texts []bilingual, language string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.in(language))
	}
	return out
}
