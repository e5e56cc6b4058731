package app

import (
	"context"
	"sync"
	"time"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/pulse"
	"regia/internal/touchpoint"
)

// naming tells rooms what touchpoints and sources are called and where they are.
type naming struct {
	touchpoints *touchpoint.Store
	sources     *collect.Sources
	known       *sourceCache
}

// sourceCache spares the registry a read for every line of a page.
type sourceCache struct {
	mu   sync.Mutex
	all  map[string]collect.Source
	read time.Time
}

const sourcesStay = 2 * time.Second

func (n naming) Touchpoint(ctx context.Context, key string) (map[string]string, experience.Channel) {
	t, _ := n.touchpoint(ctx, key)
	return map[string]string{"it": t.Name.In("it"), "en": t.Name.In("en")}, t.Channel
}

func (n naming) touchpoint(ctx context.Context, key string) (touchpoint.Touchpoint, bool) {
	c, err := n.touchpoints.Catalogue(ctx)
	if err != nil {
		return touchpoint.Touchpoint{}, false
	}
	return c.Touchpoint(key)
}

func (n naming) Source(ctx context.Context, id string) (string, experience.Channel) {
	n.known.mu.Lock()
	defer n.known.mu.Unlock()
	if time.Since(n.known.read) > sourcesStay {
		if list, err := n.sources.List(ctx); err == nil {
			n.known.all, n.known.read = map[string]collect.Source{}, time.Now()
			for _, s := range list {
				n.known.all[s.ID] = s
			}
		}
	}
	if s, ok := n.known.all[id]; ok {
		return s.Name, s.Channel
	}
	return id, experience.Server
}

// Touchpoints gives the catalogue as rooms see it.
func (n naming) Touchpoints(ctx context.Context) ([]experience.Touchpoint, error) {
	c, err := n.touchpoints.Catalogue(ctx)
	out := make([]experience.Touchpoint, len(c.Touchpoints))
	for k, t := range c.Touchpoints {
		out[k] = experience.Touchpoint{
			Key: t.Key, Name: map[string]string{"it": t.Name.In("it"), "en": t.Name.In("en")}, Channel: t.Channel, Stage: t.Stage, Retired: t.Retired,
		}
	}
	return out, err
}

// Sources gives what sends interactions as rooms see it.
func (n naming) Sources(ctx context.Context) ([]experience.Source, error) {
	all, err := n.sources.List(ctx)
	out := make([]experience.Source, len(all))
	for k, s := range all {
		out[k] = experience.Source{ID: s.ID, Name: s.Name, Channel: s.Channel}
	}
	return out, err
}

// forTouchpoints and forPulse give sources as those rooms see them.
type forTouchpoints struct{ naming }

func (n forTouchpoints) Sources(ctx context.Context) ([]touchpoint.Source, error) {
	all, err := n.sources.List(ctx)
	return touchpointSources(all), err
}

type forPulse struct{ naming }

func (n forPulse) Sources(ctx context.Context) ([]pulse.Source, error) {
	all, err := n.sources.List(ctx)
	out := make([]pulse.Source, len(all))
	for k, s := range all {
		out[k] = pulse.Source{ID: s.ID, Name: s.Name, Channel: s.Channel, Browser: s.Kind.Browser(), WriteKey: s.WriteKey}
	}
	return out, err
}
