package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stream"
	"regia/internal/weave"
)

// restore is what to do about damage.
const restore = "stop Regia and restore log, registry and ledger from the same backup; see docs/faults.md"

// Verify proves, from the log and the books of a folder that no server uses,
// that every acknowledged event that is still in the log stands in the ledger
// once, and that the books are whole and agree. What waits in the log is woven
// first. Conflict when a server has the folder.
func Verify(ctx context.Context, c Config, version string, logger *slog.Logger) ([]Check, error) {
	a, err := Open(ctx, c.Offline(), version, logger)
	switch code := experience.CodeOf(err); {
	case code == experience.Conflict || code == experience.NotFound:
		return nil, err
	case err != nil:
		return []Check{{Name: "opening", Found: err.Error(), Advice: restore}}, nil
	}
	checks := a.verify(ctx)
	if err := a.Close(); err != nil {
		checks = append(checks, Check{Name: "closing", Found: err.Error(), Advice: restore})
	}
	return checks, ctx.Err()
}

func (a *App) verify(ctx context.Context) []Check {
	var checks []Check
	add := func(name, found string, err error) bool {
		k := Check{Name: name, OK: err == nil, Found: found}
		if err != nil {
			k.Found, k.Advice = err.Error(), restore
		}
		checks = append(checks, k)
		return err == nil
	}
	if !add("registry file", "every page is whole", a.Registry.Integrity(ctx)) {
		return checks
	}
	if !add("weaving", "nothing waits in the log", a.catchUp(ctx)) {
		return checks
	}
	findings, err := a.Ledger.Verify(ctx)
	for _, f := range findings {
		k := Check{Name: f.Name, OK: f.OK, Found: f.Found}
		if !f.OK {
			k.Advice = restore
		}
		checks = append(checks, k)
	}
	if err != nil {
		add("ledger", "", err)
		return checks
	}
	subjects, err := a.verifyOwners(ctx)
	add("whose rows", subjects, err)
	add("positions", "registry and ledger stand at the same block", a.verifyHeads(ctx))
	found, err := a.verifyLog(ctx)
	add("log", found, err)
	return checks
}

// catchUp weaves what waits in the log.
func (a *App) catchUp(ctx context.Context) error {
	weaving, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.weaver.Run(weaving); err != nil {
			a.failure.Store(&err)
		}
	}()
	err := a.Caught(ctx)
	stop()
	<-done
	return err
}

// mistakes counts what is wrong and keeps the first few.
type mistakes struct {
	n     int64
	first []string
}

func (m *mistakes) add(n int64, format string, args ...any) {
	if m.n += n; len(m.first) < 3 {
		m.first = append(m.first, fmt.Sprintf(format, args...))
	}
}

func (m *mistakes) error(what string) error {
	if m.n == 0 {
		return nil
	}
	return experience.Errorf(experience.Internal, "%d %s, such as %s", m.n, what, strings.Join(m.first, "; "))
}

// verifyOwners holds the person of every row against whom the registry says its
// subject is.
func (a *App) verifyOwners(ctx context.Context) (string, error) {
	var wrong mistakes
	subjects := 0
	err := a.Ledger.Owners(ctx, func(owned []ledger.Owned) error {
		ids := make([]experience.ID, len(owned))
		for i, o := range owned {
			ids[i] = o.Subject
		}
		owners, err := a.People.Owners(ctx, ids)
		for _, o := range owned {
			if owner, known := owners[o.Subject]; err == nil && (!known || owner != o.Person) {
				wrong.add(o.Rows, "those of subject %s, which the ledger says is %s and the registry %s", o.Subject, named(o.Person), named(owner))
			}
		}
		subjects += len(owned)
		return err
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d subjects are who the registry says", subjects), wrong.error("rows belong to another person than the registry says")
}

func named(person experience.ID) string {
	if person.IsZero() {
		return "nobody"
	}
	return person.String()
}

// verifyHeads: with nothing left to weave both books stand at one block.
func (a *App) verifyHeads(ctx context.Context) error {
	head, err := a.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	known, err := a.weaver.Position(ctx)
	if err == nil && known != head.Position {
		err = experience.Errorf(experience.Internal, "the registry stands at block %d (%.8s), the ledger at block %d (%.8s)",
			known.Sequence, known.Hash, head.Position.Sequence, head.Position.Hash)
	}
	return err
}

// verifyEvents is how many events are looked up together.
const verifyEvents = 100_000

// verifyLog reads the whole log and looks every event up in the ledger.
func (a *App) verifyLog(ctx context.Context) (string, error) {
	tail, err := a.Log.Tail(ctx)
	if err != nil {
		return "", err
	}
	head, err := a.Ledger.Head(ctx)
	if err != nil {
		return "", err
	}
	v := logCheck{app: a, takenBack: map[experience.ID]bool{}, missing: map[experience.ID]*mistakes{}}
	at := experience.Position{Sequence: tail.First - 1}
	for at.Sequence < tail.Last {
		blocks, err := a.Log.Next(ctx, at, verifyEvents)
		if err != nil {
			return "", err
		}
		for _, b := range blocks {
			if b.Position.Sequence == head.Position.Sequence && b.Position.Hash != head.Position.Hash {
				return "", experience.Errorf(experience.Internal, "block %d is not the one the books saw", b.Position.Sequence)
			}
			if err := v.block(b); err != nil {
				return "", err
			}
		}
		if err := v.lookUp(ctx); err != nil {
			return "", err
		}
		at = blocks[len(blocks)-1].Position
	}
	return fmt.Sprintf("%d events of blocks %d to %d stand in the ledger", v.events, tail.First, tail.Last), v.result()
}

// logCheck is a reading of the log under way.
type logCheck struct {
	app       *App
	events    int64
	due       []weave.Due
	blocks    []uint64 // of due
	takenBack map[experience.ID]bool
	missing   map[experience.ID]*mistakes // by the import they came with; zero: none
}

func (v *logCheck) block(b stream.Block) error {
	due, err := v.app.weaver.Due(b)
	if err != nil {
		return err
	}
	for _, d := range due {
		if !d.TakesBack.IsZero() {
			v.takenBack[d.TakesBack] = true
		}
		v.due, v.blocks = append(v.due, d), append(v.blocks, b.Position.Sequence)
	}
	return nil
}

func (v *logCheck) lookUp(ctx context.Context) error {
	rows := make([]experience.Interaction, len(v.due))
	for i, d := range v.due {
		rows[i] = experience.Interaction{ID: d.ID, ReceivedAt: d.ReceivedAt, Imported: d.Imported}
	}
	kept, err := v.app.Ledger.Kept(ctx, rows)
	if err != nil {
		return err
	}
	for i, d := range v.due {
		if kept[i] {
			continue
		}
		if v.missing[d.Import] == nil {
			v.missing[d.Import] = &mistakes{}
		}
		v.missing[d.Import].add(1, "row %s of block %d", d.ID, v.blocks[i])
	}
	v.events += int64(len(v.due))
	v.due, v.blocks = v.due[:0], v.blocks[:0]
	return nil
}

// result: only what came with an import that was taken back may be gone.
func (v *logCheck) result() error {
	var all mistakes
	for from, m := range v.missing {
		if from.IsZero() || !v.takenBack[from] {
			all.add(m.n, "%s", strings.Join(m.first, "; "))
		}
	}
	return all.error("events of the log are not in the ledger")
}
