package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/people"
	"regia/internal/registry"
	"regia/internal/touchpoint"
	"regia/internal/weave"
)

// The adapters by which rooms meet without knowing each other.

// whoIsWho lets the weaver learn from the People room's book.
type whoIsWho struct{ book *people.Book }

func (w whoIsWho) Learn(ctx context.Context, tx registry.Tx, facts []experience.Fact) (weave.Lesson, error) {
	return w.lesson(w.book.Learn(ctx, tx, facts))
}

func (w whoIsWho) Recall(ctx context.Context, tx registry.Tx, facts []experience.Fact) (weave.Lesson, error) {
	return w.lesson(w.book.Recall(ctx, tx, facts))
}

func (w whoIsWho) Forget(ctx context.Context, tx registry.Tx, f weave.Forgetting) error {
	return w.book.Forget(ctx, tx, people.Forgetting(f))
}

func (w whoIsWho) lesson(l people.Lesson, err error) (weave.Lesson, error) {
	return weave.Lesson{Persons: l.Persons, Commit: func() { w.book.Committed(l) }}, err
}

func (w whoIsWho) Moves(ctx context.Context, tx registry.Tx, after int64) ([]ledger.Move, error) {
	moves, err := w.book.Moves(ctx, tx, after)
	if errors.Is(err, people.ErrForgotten) {
		err = fmt.Errorf("%w: %w", weave.ErrDamaged, err)
	}
	out := make([]ledger.Move, len(moves))
	for k, m := range moves {
		out[k] = ledger.Move(m)
	}
	return out, err
}

func (w whoIsWho) ForgetMoves(ctx context.Context, tx registry.Tx, upTo int64) error {
	return w.book.ForgetMoves(ctx, tx, upTo)
}

// catalogue lets the weaver read the Touchpoints room's catalogue.
type catalogue struct{ sources *collect.Sources }

func (c catalogue) Version(ctx context.Context, tx registry.Tx) (int64, error) {
	return touchpoint.Version(ctx, tx)
}

func (c catalogue) Load(ctx context.Context, tx registry.Tx) (weave.Catalogue, error) {
	all, err := touchpoint.Load(ctx, tx)
	if err != nil {
		return weave.Catalogue{}, err
	}
	// Read beside the transaction: a source that came since raises the version again.
	sources, err := c.sources.List(ctx)
	if err != nil {
		return weave.Catalogue{}, err
	}
	rules := all.Rules(touchpointSources(sources))
	matcher := touchpoint.NewMatcher(rules)
	return weave.Catalogue{
		Version: all.Version, Bindings: rules,
		Match: func(source string, kind experience.Kind, name string, properties json.RawMessage) string {
			key, _ := matcher.Match(source, kind, name, properties)
			return key
		},
	}, nil
}

func (c catalogue) Changed(ctx context.Context, tx registry.Tx, since int64) ([]string, error) {
	return touchpoint.ChangedNames(ctx, tx, since)
}

func touchpointSources(all []collect.Source) []touchpoint.Source {
	out := make([]touchpoint.Source, len(all))
	for k, s := range all {
		out[k] = touchpoint.Source{ID: s.ID, Kind: string(s.Kind), Channel: s.Channel, Name: s.Name}
	}
	return out
}
