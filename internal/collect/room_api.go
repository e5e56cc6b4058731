package collect

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

// sourceItem is a source as the API gives it.
type sourceItem struct {
	ID        string             `json:"id" example:"website"`
	Name      string             `json:"name" example:"Website"`
	Kind      SourceKind         `json:"kind" example:"site"`
	Channel   experience.Channel `json:"channel" example:"web"`
	WriteKey  string             `json:"write_key,omitempty" doc:"For owners and managers only; Regia itself has none"`
	Disabled  bool               `json:"disabled"`
	CreatedAt time.Time          `json:"created_at"`
}

func itemOf(ctx context.Context, x Source) sourceItem {
	if !web.UserFrom(ctx).May(steerers) {
		x.WriteKey = ""
	}
	return sourceItem(x)
}

type (
	listSourcesOutput struct {
		Body struct {
			Items []sourceItem `json:"items"`
			Next  *string      `json:"next" doc:"Always null: sources come all at once"`
		}
	}
	sourceOutput      struct{ Body sourceItem }
	createSourceInput struct {
		Body struct {
			Name    string             `json:"name" minLength:"1" maxLength:"80"`
			Kind    SourceKind         `json:"kind" enum:"site,app,shop,device,phone,marketplace,reviews,social,email,server,webhook,import"`
			Channel experience.Channel `json:"channel,omitempty" doc:"Where its interactions take place; by default its kind's own" enum:"web,app,shop,phone,email,chat,messaging,post,marketplace,social,reviews,device,server"`
		}
	}
	// SourcePath names a source in an address. (Exported, as huma only fills
	// exported fields.)
	SourcePath struct {
		ID string `path:"id" maxLength:"80"`
	}
	patchSourceInput struct {
		SourcePath
		Body struct {
			Name     *string             `json:"name,omitempty" minLength:"1" maxLength:"80"`
			Channel  *experience.Channel `json:"channel,omitempty"`
			Disabled *bool               `json:"disabled,omitempty"`
		}
	}
	rejectionsInput struct {
		SourcePath
		Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	rejectionItem struct {
		Number    int64     `json:"number"`
		Time      time.Time `json:"time"`
		Class     string    `json:"class" doc:"What is wrong, in one word"`
		MessageID string    `json:"message_id"`
		Name      string    `json:"name"`
		Reason    string    `json:"reason"`
		Excerpt   string    `json:"excerpt" doc:"The shape of the event, without its values"`
	}
	rejectionsOutput struct {
		Body struct {
			Items []rejectionItem `json:"items"`
			Next  *string         `json:"next" doc:"Always null: only the last 200 are kept"`
		}
	}
)

func (r *Room) registerAPI() {
	const list, single = "/api/v1/sources", "/api/v1/sources/{id}"
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"sources"}, DefaultStatus: status}
	}
	web.Operation(r.site, op("list-sources", http.MethodGet, list, "What sends interactions", 200), lookers, r.apiList)
	web.Operation(r.site, op("create-source", http.MethodPost, list, "Add a source and give it a write key", 201), steerers, r.apiCreate)
	web.Operation(r.site, op("change-source", http.MethodPatch, single, "Rename, disable or enable a source", 200), steerers, r.apiPatch)
	web.Operation(r.site, op("rotate-source-key", http.MethodPost, single+"/rotate", "Give a source a new write key; the old one is refused at once", 200), steerers, r.apiRotate)
	web.Operation(r.site, op("list-rejections", http.MethodGet, single+"/rejections", "The last events the front door refused, and why", 200), lookers, r.apiRejections)
}

func (r *Room) apiList(ctx context.Context, _ *struct{}) (*listSourcesOutput, error) {
	all, err := r.Sources.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &listSourcesOutput{}
	out.Body.Items = make([]sourceItem, len(all))
	for i, x := range all {
		out.Body.Items[i] = itemOf(ctx, x)
	}
	return out, nil
}

func (r *Room) apiCreate(ctx context.Context, in *createSourceInput) (*sourceOutput, error) {
	made, err := r.create(ctx, in.Body.Name, in.Body.Kind, in.Body.Channel)
	if err != nil {
		return nil, err
	}
	return &sourceOutput{Body: itemOf(ctx, made)}, nil
}

func (r *Room) apiPatch(ctx context.Context, in *patchSourceInput) (*sourceOutput, error) {
	changed, err := r.change(ctx, in.ID, Change(in.Body))
	if err != nil {
		return nil, err
	}
	return &sourceOutput{Body: itemOf(ctx, changed)}, nil
}

func (r *Room) apiRotate(ctx context.Context, in *SourcePath) (*sourceOutput, error) {
	changed, err := r.Sources.Rotate(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &sourceOutput{Body: itemOf(ctx, changed)}, nil
}

func (r *Room) apiRejections(ctx context.Context, in *rejectionsInput) (*rejectionsOutput, error) {
	if _, err := r.Sources.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	list, err := r.Sources.Rejections(ctx, in.ID, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &rejectionsOutput{}
	out.Body.Items = make([]rejectionItem, len(list))
	for i, x := range list {
		out.Body.Items[i] = rejectionItem{Number: x.Number, Time: x.Time, Class: x.Class, MessageID: x.MessageID, Name: x.Name, Reason: x.Reason, Excerpt: x.Excerpt}
	}
	return out, nil
}
