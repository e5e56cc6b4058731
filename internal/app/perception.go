package app

import (
	"context"
	"net/url"

	"regia/internal/journey"
)

// touchpointMaps gives the Pulse the addresses of the maps that draw a
// touchpoint, by its key. Of several the first counts; what is wanted (to be)
// shows no experience.
func (a *App) touchpointMaps(ctx context.Context) (map[string]string, error) {
	maps, err := a.Journeys.List(ctx)
	out := map[string]string{}
	for _, m := range maps {
		if m.Kind == journey.ToBe {
			continue
		}
		for _, s := range m.Steps() {
			for _, key := range s.Touchpoints {
				if out[key] == "" {
					out[key] = "/journeys/" + url.PathEscape(m.Key)
				}
			}
		}
	}
	return out, err
}
