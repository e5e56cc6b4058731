package listen

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	// PostPath names a post in an address. (Exported, as huma only fills
	// exported fields.)
	PostPath struct {
		ID string `path:"id" maxLength:"80"`
	}
	listenPost struct {
		ID      string       `json:"id"`
		Kind    Kind         `json:"kind" enum:"feed,app_store,google,mailbox,archive"`
		Name    string       `json:"name"`
		Source  string       `json:"source" doc:"The source that what it hears comes from"`
		Listens Config       `json:"listens_to"`
		Every   string       `json:"every" example:"1h0m0s" doc:"Between two looks; empty where files are brought"`
		Paused  bool         `json:"paused"`
		Health  listenHealth `json:"health"`
	}
	listenHealth struct {
		LastLook *time.Time `json:"last_look" doc:"null: never"`
		LastNew  *time.Time `json:"last_new" doc:"When something new was last heard; null: never"`
		NextLook *time.Time `json:"next_look" doc:"null: paused, or with the next file"`
		Until    *time.Time `json:"not_before" doc:"The other side asked to be left alone until then"`
		Heard    int64      `json:"heard"`
		LeftOut  int64      `json:"left_out" doc:"What was there and is nobody's voice"`
		Failures int        `json:"failures" doc:"Looks that failed, one after the other"`
		Fault    string     `json:"fault" doc:"What the last look failed of, for programs; empty: nothing"`
		Message  string     `json:"message" doc:"The same for people, in the reader's language"`
		Looking  bool       `json:"looking"`
	}
	listenPosts struct {
		Body struct {
			Items []listenPost `json:"items"`
			Next  *string      `json:"next" doc:"Always null: all come at once"`
		}
	}
	listenOutput struct{ Body listenPost }
	listenInput  struct {
		Body struct {
			Kind     Kind   `json:"kind" enum:"feed,app_store,google,mailbox,archive"`
			Name     string `json:"name,omitempty" maxLength:"320"`
			Listens  Config `json:"listens_to"`
			Password string `json:"password,omitempty" maxLength:"1000" doc:"mailbox: it is never given out again"`
			Every    string `json:"every,omitempty" maxLength:"20" example:"1h" doc:"5m to 168h"`
		}
	}
	listenChange struct {
		PostPath
		Body struct {
			Name     *string `json:"name,omitempty" maxLength:"320"`
			Password string  `json:"password,omitempty" maxLength:"1000"`
			Every    string  `json:"every,omitempty" maxLength:"20"`
			Paused   *bool   `json:"paused,omitempty"`
		}
	}
)

func (r *Room) registerAPI() {
	const all, one = "/api/v1/listening-posts", "/api/v1/listening-posts/{id}"
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"voice"}, DefaultStatus: status}
	}
	web.Operation(r.site, op("list-listening-posts", http.MethodGet, all, "Where Regia listens, and how each post is", 200), lookers, r.listAPI)
	web.Operation(r.site, op("create-listening-post", http.MethodPost, all, "Listen somewhere; the first look follows at once", 201), steerers, r.createAPI)
	web.Operation(r.site, op("get-listening-post", http.MethodGet, one, "How a listening post is", 200), lookers, func(ctx context.Context, in *PostPath) (*listenOutput, error) { return r.postAPI(ctx, in.ID) })
	web.Operation(r.site, op("change-listening-post", http.MethodPatch, one, "Rename, pause or resume a post, or give it another pace or password", 200), steerers, r.changeAPI)
	web.Operation(r.site, op("look-listening-post", http.MethodPost, one+"/look", "Look now; answers when the look ended, or after some seconds", 200), steerers,
		func(ctx context.Context, in *PostPath) (*listenOutput, error) {
			if err := r.LookNow(ctx, in.ID, patience); err != nil {
				return nil, err
			}
			return r.postAPI(ctx, in.ID)
		})
	file := op("bring-listening-file", http.MethodPost, one+"/file", "Bring a file (Google reviews, mbox); it is read beside", 202)
	file.Middlewares = huma.Middlewares{carry}
	web.Operation(r.site, file, steerers, r.fileAPI)
	// Said only now, or huma would want to read the body itself.
	r.site.API().OpenAPI().Paths[one+"/file"].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}},
	}}}}
	web.Operation(r.site, op("delete-listening-post", http.MethodDelete, one, "Remove a post; what it heard stays", 204), steerers,
		func(ctx context.Context, in *PostPath) (*struct{}, error) { return nil, r.remove(ctx, in.ID) })
}

// carried is how an upload reaches its operation: huma would read it whole.
type carried struct{}

type carriage struct {
	w http.ResponseWriter
	r *http.Request
}

func carry(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	next(huma.WithValue(c, carried{}, carriage{w, r}))
}

func (r *Room) fileAPI(ctx context.Context, in *PostPath) (*listenOutput, error) {
	from, ok := ctx.Value(carried{}).(carriage)
	if !ok {
		return nil, experience.Errorf(experience.Internal, "an upload has lost its request")
	}
	if err := r.bring(ctx, from.w, from.r, in.ID); err != nil {
		return nil, err
	}
	if err := r.LookNow(ctx, in.ID, 0); err != nil {
		return nil, err
	}
	return r.postAPI(ctx, in.ID)
}

func (r *Room) listAPI(ctx context.Context, _ *struct{}) (*listenPosts, error) {
	posts, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	out := &listenPosts{}
	out.Body.Items = make([]listenPost, len(posts))
	for k, p := range posts {
		out.Body.Items[k] = itemOf(ctx, p)
	}
	return out, nil
}

func (r *Room) postAPI(ctx context.Context, id string) (*listenOutput, error) {
	p, err := r.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return &listenOutput{itemOf(ctx, p)}, nil
}

func itemOf(ctx context.Context, p Post) listenPost {
	h := p.Health
	out := listenPost{
		ID: p.ID, Kind: p.Kind, Name: p.Name, Source: p.Source, Listens: p.Config, Paused: p.Paused,
		Health: listenHealth{
			LastLook: orNull(h.LastLook), LastNew: orNull(h.LastNew), NextLook: orNull(h.NextLook), Until: orNull(h.Until),
			Heard: h.Heard, LeftOut: h.LeftOut, Failures: h.Failures, Fault: h.Fault, Looking: h.Looking,
		},
	}
	if h.Fault != "" {
		out.Health.Message = web.T(ctx, "listen.fault."+h.Fault, "detail", h.Detail)
	}
	if !p.Kind.Files() {
		out.Every = p.Every.String()
	}
	return out
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func paceOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, invalid("listen.error.every")
	}
	return d, nil
}

func (r *Room) createAPI(ctx context.Context, in *listenInput) (*listenOutput, error) {
	every, err := paceOf(in.Body.Every)
	if err != nil {
		return nil, err
	}
	p, err := r.create(ctx, Post{Kind: in.Body.Kind, Name: in.Body.Name, Config: in.Body.Listens, Every: every, secret: in.Body.Password}, web.UserFrom(ctx).ID)
	if err != nil {
		return nil, err
	}
	return r.postAPI(ctx, p.ID)
}

func (r *Room) changeAPI(ctx context.Context, in *listenChange) (*listenOutput, error) {
	p, err := r.get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Name != nil || in.Body.Password != "" || in.Body.Every != "" {
		every, err := paceOf(in.Body.Every)
		if err != nil {
			return nil, err
		}
		if every == 0 {
			every = p.Every
		}
		name := p.Name
		if in.Body.Name != nil {
			name = *in.Body.Name
		}
		if err := r.change(ctx, in.ID, name, in.Body.Password, every); err != nil {
			return nil, err
		}
	}
	if in.Body.Paused != nil {
		if err := r.pause(ctx, in.ID, *in.Body.Paused); err != nil {
			return nil, err
		}
	}
	return r.postAPI(ctx, in.ID)
}
