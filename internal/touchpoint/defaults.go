package touchpoint

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"regia/internal/experience"
)

//go:embed defaults.yaml
var defaultsYAML []byte

// Defaults gives the catalogue Regia starts with. Its Version is that of the
// defaults, not of any installation's catalogue. Bindings stand in deciding
// order.
func Defaults() (Catalogue, error) { return parseDefaults(defaultsYAML) }

// The shape of defaults.yaml.
type (
	defaultsFile struct {
		Version     int64               `yaml:"version"`
		Touchpoints []defaultTouchpoint `yaml:"touchpoints"`
	}
	defaultTouchpoint struct {
		Key         string               `yaml:"key"`
		Name        Bilingual            `yaml:"name"`
		Description Bilingual            `yaml:"description"`
		Channel     experience.Channel   `yaml:"channel"`
		Digital     bool                 `yaml:"digital"`
		Ownership   experience.Ownership `yaml:"ownership"`
		Stage       experience.Stage     `yaml:"stage"`
		Department  string               `yaml:"department"`
		Events      []defaultEvent       `yaml:"events"`
	}
	defaultEvent struct {
		Name   string             `yaml:"name"`
		Source string             `yaml:"source"`
		Kind   experience.Kind    `yaml:"kind"`
		Where  []defaultCondition `yaml:"where"`
	}
	defaultCondition struct {
		Property string        `yaml:"property"`
		Op       experience.Op `yaml:"op"`
		Value    string        `yaml:"value"`
	}
)

// UnmarshalYAML reads an event written as its bare name, or in full.
func (e *defaultEvent) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&e.Name) == nil {
		return nil
	}
	type full defaultEvent // without this method
	return unmarshal((*full)(e))
}

func parseDefaults(text []byte) (Catalogue, error) {
	var file defaultsFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return Catalogue{}, fmt.Errorf("default catalogue: %w", err)
	}
	c := Catalogue{Version: file.Version}
	for order, d := range file.Touchpoints {
		t := Touchpoint{
			Key: d.Key, Name: d.Name, Description: d.Description, Channel: d.Channel, Digital: d.Digital,
			Ownership: d.Ownership, Stage: d.Stage, Department: d.Department, Order: (order + 1) * orderStep,
		}
		if err := t.Check(); err != nil {
			return Catalogue{}, fmt.Errorf("default catalogue: %s: %w", d.Key, err)
		}
		c.Touchpoints = append(c.Touchpoints, t)
		for _, e := range d.Events {
			b := e.binding(d.Key)
			if err := CheckBinding(b); err != nil {
				return Catalogue{}, fmt.Errorf("default catalogue: %s: %w", d.Key, err)
			}
			c.Bindings = append(c.Bindings, Binding{Binding: b})
		}
	}
	c.sort()
	return c, nil
}

// orderStep leaves room to put touchpoints between those of the defaults.
const orderStep = 10

func (e defaultEvent) binding(touchpoint string) experience.Binding {
	b := experience.Binding{Touchpoint: touchpoint, Source: e.Source, Kind: e.Kind, Name: e.Name}
	if b.Name != "" && b.Kind == "" {
		b.Kind = experience.Track
	}
	for _, w := range e.Where {
		b.Conditions = append(b.Conditions, experience.Condition(w))
	}
	b.ID = stableID(b)
	return b
}
