package survey

import (
	"embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed sets/*.yaml
var setFiles embed.FS

// setOrder is the order in which pages show the ready-made sets.
var setOrder = []string{
	"after-purchase", "after-delivery", "after-support", "shop-visit", "product-information", "returns",
	"relationship-nps", "experience-scale", "employee-pulse",
}

// Sets gives the ready-made surveys, to begin from. Whoever asks may change them.
func Sets() ([]Survey, error) {
	var out []Survey
	for _, name := range setOrder {
		text, err := setFiles.ReadFile("sets/" + name + ".yaml")
		if err != nil {
			return nil, err
		}
		var s Survey
		if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("the ready-made survey %s: %w", name, err)
		}
		out = append(out, s)
	}
	return out, nil
}
