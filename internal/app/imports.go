package app

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"

	"regia/examples"
	"regia/internal/collect"
	"regia/internal/connect"
	"regia/internal/experience"
	"regia/internal/weave"
)

// importsFolder holds the files of imports, in the data folder.
const importsFolder = "imports"

// openImports wires the imports: they come in by the front door like everything.
func (a *App) openImports() {
	a.Imports = connect.NewJobs(connect.JobOptions{
		Book: a.Registry, Folder: filepath.Join(a.Config.Data, importsFolder), Sender: a.importSender, Undoer: a, Woven: a.Caught,
		Count: a.importedRows, Examples: examples.Mappings, Company: a.Company, Clock: a.Clock, Logger: a.Logger,
	})
	a.closers = append(a.closers, func() error { a.Imports.Close(); return nil })
}

// importSender leads through the front door of this process. What a mapping
// tells comes from the import source of its name, made where there is none.
func (a *App) importSender(ctx context.Context, name string, id experience.ID) (connect.Sender, string, error) {
	source, err := a.importSource(ctx, name)
	if err != nil {
		return nil, "", err
	}
	return &connect.HTTPSender{
		Server: "http://regia", WriteKey: source.WriteKey, Import: id, Client: &http.Client{Transport: a.InProcess()}, Plain: true,
	}, source.ID, nil
}

func (a *App) importSource(ctx context.Context, name string) (collect.Source, error) {
	all, err := a.Sources.List(ctx)
	if err != nil {
		return collect.Source{}, err
	}
	for _, s := range all {
		if s.Kind == collect.ImportSource && s.Name == name {
			if s.Disabled {
				return s, experience.Errorf(experience.Forbidden, "connect.error.disabled")
			}
			return s, nil
		}
	}
	made, err := a.Sources.Create(ctx, name, collect.ImportSource, "")
	if err != nil {
		return made, err
	}
	return made, a.sourcesChanged(ctx)
}

// importedRows counts what came with an import and is in the books.
func (a *App) importedRows(ctx context.Context, id experience.ID) (n int64, err error) {
	err = a.Ledger.QueryRow(ctx, `SELECT count(*) FROM interactions WHERE import_id = CAST($1 AS UUID)`, id.String()).Scan(&n)
	return n, err
}

// TakeBack takes a whole import back by the one door: the log. The weaver
// removes what came with it from the books.
func (a *App) TakeBack(ctx context.Context, importID experience.ID, by string) error {
	now := a.Clock()
	properties, err := json.Marshal(map[string]any{"import": importID, "by": by, "at": now})
	if err != nil {
		return err
	}
	event, err := json.Marshal(experience.Event{
		MessageID: experience.NewID().String(), Kind: experience.Track, Name: weave.ImportTakenBack, Time: now, Properties: properties, Imported: true,
	})
	if err != nil {
		return err
	}
	return a.Log.Append(ctx, []experience.Record{{Source: weave.OwnSource, ReceivedAt: now, Event: event}})
}

// importRoom is the pages and the API of imports.
func (a *App) importRoom() *connect.Room {
	return connect.NewRoom(connect.RoomOptions{Jobs: a.Imports, MaxUpload: cmp.Or(a.Config.ImportMaxBytes, connect.DefaultMaxUpload), Clock: a.Clock, Logger: a.Logger})
}
