package journey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

// The API's inputs and outputs. (Exported where they are embedded, as huma
// only fills exported fields.)
type (
	// MapPath names a map in an address.
	MapPath struct {
		Key string `path:"key" maxLength:"60"`
	}
	mapInput struct {
		MapPath
		Version int64 `query:"version" minimum:"0" doc:"Which version; absent: the latest"`
	}
	createMapInput struct{ Body Map }
	saveMapInput   struct {
		MapPath
		Body Map
	}
	restoreMapInput struct {
		MapPath
		Body struct {
			Version int64 `json:"version" minimum:"1" doc:"Which version is brought back"`
			Latest  int64 `json:"latest" minimum:"1" doc:"Which version is the latest, as far as is known"`
		}
	}
	mapOutput  struct{ Body Map }
	mapsOutput struct {
		Body struct {
			Items []mapItem `json:"items"`
			Next  *string   `json:"next" doc:"Always null: all of them come at once"`
		}
	}
	mapItem struct {
		Key     string   `json:"key"`
		Name    string   `json:"name"`
		Owner   string   `json:"owner"`
		Persona string   `json:"persona"`
		Kind    Kind     `json:"kind" enum:"as_is,to_be"`
		Origin  Origin   `json:"origin" enum:"drawn,ready_made,proposed,imported"`
		Version int64    `json:"version"`
		Stages  []string `json:"stages" doc:"Their names, in order"`
		Steps   int      `json:"steps" doc:"How many there are"`
	}
	mapVersions struct {
		Body struct {
			Items []mapVersion `json:"items" doc:"The latest first"`
			Next  *string      `json:"next" doc:"Always null: all of them come at once"`
		}
	}
	mapVersion struct {
		Version  int64     `json:"version"`
		SavedAt  time.Time `json:"saved_at"`
		SavedBy  string    `json:"saved_by" doc:"Id of a user; empty: Regia itself"`
		Restores int64     `json:"restores" doc:"The version that was brought back; 0: none"`
	}
)

func (r *Room) registerAPI() {
	const list, single = "/api/v1/journeys", "/api/v1/journeys/{key}"
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"journeys"}, DefaultStatus: status}
	}
	web.Operation(r.site, op("list-journeys", http.MethodGet, list, "The maps", 200), nil, r.listAPI)
	web.Operation(r.site, op("create-journey", http.MethodPost, list, "Keep a new map, also one that was exported", 201), steerers, r.createAPI)
	web.Operation(r.site, op("get-journey", http.MethodGet, single, "One map, in its latest version or a former one", 200), nil, r.getAPI)
	web.Operation(r.site, op("save-journey", http.MethodPut, single, "Save a changed map as its next version; 409 when somebody saved it meanwhile", 200), steerers, r.saveAPI)
	web.Operation(r.site, op("remove-journey", http.MethodDelete, single, "Take a map away; its versions are kept", 204), steerers, r.removeAPI)
	web.Operation(r.site, op("put-back-journey", http.MethodPost, single+"/put-back", "Put back a map that was taken away", 200), steerers, r.putBackAPI)
	web.Operation(r.site, op("list-journey-versions", http.MethodGet, single+"/versions", "Who saved a map, and when", 200), nil, r.versionsAPI)
	web.Operation(r.site, op("restore-journey", http.MethodPost, single+"/restore", "Bring a former version back, as the next one", 200), steerers, r.restoreAPI)
}

func (r *Room) listAPI(ctx context.Context, _ *struct{}) (*mapsOutput, error) {
	list, err := r.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	var out mapsOutput
	out.Body.Items = make([]mapItem, len(list))
	for i, m := range list {
		item := mapItem{Key: m.Key, Name: m.Name, Owner: m.Owner, Persona: m.Persona, Kind: m.Kind, Origin: m.Origin, Version: m.Version,
			Stages: []string{}, Steps: len(m.Steps())}
		for _, s := range m.Stages {
			item.Stages = append(item.Stages, s.Name)
		}
		out.Body.Items[i] = item
	}
	return &out, nil
}

func (r *Room) getAPI(ctx context.Context, in *mapInput) (*mapOutput, error) {
	return mapOf(r.Store.Version(ctx, in.Key, in.Version))
}

func (r *Room) createAPI(ctx context.Context, in *createMapInput) (*mapOutput, error) {
	in.Body.Origin = ""
	return told(ctx)(r.Store.Create(ctx, by(ctx), in.Body))
}

func (r *Room) saveAPI(ctx context.Context, in *saveMapInput) (*mapOutput, error) {
	in.Body.Key = in.Key
	return told(ctx)(r.Store.Save(ctx, by(ctx), in.Body))
}

func (r *Room) restoreAPI(ctx context.Context, in *restoreMapInput) (*mapOutput, error) {
	return mapOf(r.Store.Restore(ctx, by(ctx), in.Key, in.Body.Version, in.Body.Latest))
}

func (r *Room) removeAPI(ctx context.Context, in *MapPath) (*struct{}, error) {
	return nil, r.Store.Remove(ctx, in.Key)
}

func (r *Room) putBackAPI(ctx context.Context, in *MapPath) (*mapOutput, error) {
	if err := r.Store.PutBack(ctx, in.Key); err != nil {
		return nil, err
	}
	return mapOf(r.Store.Get(ctx, in.Key))
}

func (r *Room) versionsAPI(ctx context.Context, in *MapPath) (*mapVersions, error) {
	list, err := r.Store.Versions(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	var out mapVersions
	out.Body.Items = make([]mapVersion, len(list))
	for i, v := range list {
		out.Body.Items[i] = mapVersion{Version: v.Version, SavedAt: v.At, SavedBy: v.By, Restores: v.Restores}
	}
	return &out, nil
}

func mapOf(m Map, err error) (*mapOutput, error) {
	if err != nil {
		return nil, err
	}
	return &mapOutput{Body: m}, nil
}

// told says of a map that is refused all that is wrong in it, each with its
// place.
func told(ctx context.Context) func(Map, error) (*mapOutput, error) {
	return func(m Map, err error) (*mapOutput, error) {
		var all *FaultsError
		if !errors.As(err, &all) {
			return mapOf(m, err)
		}
		l := web.LocaleFrom(ctx)
		p := &web.Problem{Type: "about:blank", Title: http.StatusText(http.StatusBadRequest), Status: http.StatusBadRequest,
			Code: string(experience.Invalid), Detail: l.T("journey.error.faults", "n", len(all.Faults))}
		for _, f := range all.Faults {
			p.Errors = append(p.Errors, web.ProblemField{Location: "body." + f.Place, Message: f.In(l)})
		}
		return nil, p
	}
}

// In says what is wrong, and where, in the reader's language.
func (f Fault) In(l *web.Locale) string {
	if f.Where == "" {
		return l.T(f.Key)
	}
	return l.T("journey.error.at", "where", f.Where, "what", l.T(f.Key))
}
