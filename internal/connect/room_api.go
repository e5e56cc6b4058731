package connect

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/web"
)

// importItem is an import as the API gives it.
type importItem struct {
	ID         experience.ID `json:"id"`
	State      State         `json:"state" enum:"draft,running,done,cancelled,failed,taking_back,taken_back"`
	Origin     string        `json:"origin" enum:"browser,api,cli"`
	Mapping    string        `json:"mapping" doc:"The mapping's name; empty while there is none"`
	Source     string        `json:"source,omitempty"`
	Files      []File        `json:"files"`
	By         string        `json:"by"`
	CreatedAt  time.Time     `json:"created_at"`
	EndedAt    *time.Time    `json:"ended_at,omitempty"`
	Rows       int64         `json:"rows"`
	Bytes      int64         `json:"bytes" doc:"Read so far"`
	TotalBytes int64         `json:"total_bytes"`
	Made       int64         `json:"made" doc:"Interactions and profiles that the rows made"`
	Accepted   int64         `json:"accepted"`
	New        *int64        `json:"new" doc:"New in the books; null until they have everything"`
	Repeated   *int64        `json:"repeated" doc:"There already; null until it is known"`
	Rejected   int64         `json:"rejected" doc:"Rows"`
	Rejections []Rejection   `json:"rejections" doc:"The first twenty"`
	Failure    string        `json:"failure,omitempty"`
}

func itemOf(j Job) importItem {
	out := importItem{
		ID: j.ID, State: j.State, Origin: j.Origin, Mapping: j.Mapping, Source: j.Source, Files: append([]File{}, j.Files...), By: j.By, CreatedAt: j.CreatedAt,
		Rows: j.Rows, Bytes: j.Bytes, TotalBytes: j.TotalBytes, Made: j.Made, Accepted: j.Accepted, Rejected: j.Rejected,
		Rejections: append([]Rejection{}, j.Rejections...), Failure: j.Failure,
	}
	if !j.EndedAt.IsZero() {
		out.EndedAt = &j.EndedAt
	}
	if j.Fresh != Unknown {
		repeated := j.Repeated()
		out.New, out.Repeated = &j.Fresh, &repeated
	}
	return out
}

type (
	// ImportPath names an import in an address. (Exported, as huma only fills
	// exported fields.)
	ImportPath struct {
		ID string `path:"id" maxLength:"80"`
	}
	importOutput  struct{ Body importItem }
	importsOutput struct {
		Body struct {
			Items []importItem `json:"items"`
			Next  *string      `json:"next" doc:"Always null: the last 500 come all at once"`
		}
	}
	columnsOutput struct {
		Body struct {
			Items []FileLook `json:"items"`
			Next  *string    `json:"next" doc:"Always null"`
		}
	}
	previewInput struct {
		ImportPath
		Body struct {
			Spec  string `json:"spec,omitempty" maxLength:"1000000" doc:"A mapping in YAML; without one, the draft's own is used"`
			Saved string `json:"saved,omitempty" maxLength:"80" doc:"The name of a saved or ready mapping, instead of spec"`
		}
	}
	previewOutput struct {
		Body struct {
			Items    []json.RawMessage `json:"items" doc:"The first ten, as they would be sent to /v1/import"`
			Tally    mapping.Tally     `json:"tally"`
			Refused  int64             `json:"refused" doc:"Rows that would be refused"`
			Reasons  []Rejection       `json:"reasons" doc:"The first twenty"`
			Complete bool              `json:"complete" doc:"Whether all rows were read in the time there is for it"`
		}
	}
	beginInput struct {
		Body struct {
			Mapping string `json:"mapping" minLength:"1" maxLength:"80"`
			Files   []File `json:"files" maxItems:"1000"`
		}
	}
	endInput struct {
		ImportPath
		Body struct {
			State      State       `json:"state" enum:"done,cancelled,failed"`
			Rows       int64       `json:"rows" minimum:"0"`
			Made       int64       `json:"made" minimum:"0"`
			Accepted   int64       `json:"accepted" minimum:"0"`
			Rejected   int64       `json:"rejected" minimum:"0"`
			Rejections []Rejection `json:"rejections,omitempty" maxItems:"20"`
			Failure    string      `json:"failure,omitempty" maxLength:"2000"`
		}
	}
)

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

func (r *Room) registerAPI() {
	const list, single = "/api/v1/imports", "/api/v1/imports/{id}"
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"imports"}, DefaultStatus: status}
	}
	files := op("upload-import", http.MethodPost, list, "Upload the files of a new import; nothing comes in yet", 201)
	files.Middlewares = huma.Middlewares{carry}
	web.Operation(r.site, files, importers, r.apiUpload)
	// Said only now, or huma would want to read the body itself.
	r.site.API().OpenAPI().Paths[list].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Properties: map[string]*huma.Schema{"files": {Type: "array", Items: &huma.Schema{Type: "string", Format: "binary"}}},
	}}}}
	web.Operation(r.site, op("list-imports", http.MethodGet, list, "The imports so far, the latest first", 200), importers, r.apiList)
	web.Operation(r.site, op("begin-import", http.MethodPost, list+"/outside", "Write down an import that runs elsewhere, such as in a command", 201), importers, r.apiBegin)
	web.Operation(r.site, op("get-import", http.MethodGet, single, "How far an import is", 200), importers, r.apiGet)
	web.Operation(r.site, op("end-import", http.MethodPost, single+"/ended", "Write down what became of an import that ran elsewhere", 200), importers, r.apiEnded)
	web.Operation(r.site, op("inspect-import", http.MethodGet, single+"/columns", "What the files of an import hold", 200), importers, r.apiColumns)
	web.Operation(r.site, op("preview-import", http.MethodPost, single+"/preview", "What would come in by a mapping, and what would be refused", 200), importers, r.apiPreview)
	web.Operation(r.site, op("start-import", http.MethodPost, single+"/start", "Bring the files of a draft in by its mapping", 200), importers, r.apiStart)
	web.Operation(r.site, op("cancel-import", http.MethodPost, single+"/cancel", "Stop an import; what was sent stays", 200), importers, r.apiCancel)
	web.Operation(r.site, op("undo-import", http.MethodPost, single+"/undo", "Take a whole import back", 200), importers, r.apiUndo)
	web.Operation(r.site, op("rejected-rows", http.MethodGet, single+"/rejected", "The rows of an import that were refused, as CSV", 200), importers, r.apiRejected)
}

func (r *Room) apiUpload(ctx context.Context, _ *struct{}) (*importOutput, error) {
	from, ok := ctx.Value(carried{}).(carriage)
	if !ok {
		return nil, experience.Errorf(experience.Internal, "an upload has lost its request")
	}
	job, err := r.Jobs.Draft(from.w, from.r, who(web.UserFrom(ctx)), "api", r.MaxUpload)
	if err != nil {
		return nil, err
	}
	return &importOutput{itemOf(job)}, nil
}

func (r *Room) apiList(ctx context.Context, _ *struct{}) (*importsOutput, error) {
	jobs, err := r.Jobs.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &importsOutput{}
	out.Body.Items = make([]importItem, len(jobs))
	for i, j := range jobs {
		out.Body.Items[i] = itemOf(j)
	}
	return out, nil
}

// answerOf gives an import, or an error.
func answerOf(j Job, err error) (*importOutput, error) {
	if err != nil {
		return nil, err
	}
	return &importOutput{itemOf(j)}, nil
}

func (r *Room) apiGet(ctx context.Context, in *ImportPath) (*importOutput, error) {
	return answerOf(r.jobOf(ctx, in.ID))
}

func (r *Room) apiBegin(ctx context.Context, in *beginInput) (*importOutput, error) {
	return answerOf(r.Jobs.Begin(ctx, in.Body.Mapping, who(web.UserFrom(ctx)), "cli", in.Body.Files))
}

func (r *Room) apiEnded(ctx context.Context, in *endInput) (*importOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	report := Report{Accepted: in.Body.Accepted, Rejected: in.Body.Rejected, Rejections: in.Body.Rejections}
	report.Rows, report.Interactions = in.Body.Rows, in.Body.Made
	return answerOf(r.Jobs.Ended(ctx, job.ID, in.Body.State, report, in.Body.Failure))
}

func (r *Room) apiColumns(ctx context.Context, in *ImportPath) (*columnsOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	files, err := r.Jobs.Look(ctx, job)
	if err != nil {
		return nil, err
	}
	out := &columnsOutput{}
	out.Body.Items = files
	return out, nil
}

func (r *Room) apiPreview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := r.use(ctx, job, in.Body.Spec, in.Body.Saved); err != nil {
		return nil, err
	}
	_, p, err := r.Jobs.Preview(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	out := &previewOutput{}
	out.Body.Items = []json.RawMessage{}
	for _, item := range p.Items {
		out.Body.Items = append(out.Body.Items, item.AppendJSON(nil))
	}
	out.Body.Tally, out.Body.Refused, out.Body.Complete = p.Tally, p.Refused, p.Complete
	out.Body.Reasons = append([]Rejection{}, p.Reasons...)
	return out, nil
}

// use gives a draft the mapping that a request names; none: it keeps its own,
// or that of the form filled in by guessing.
func (r *Room) use(ctx context.Context, job Job, spec, saved string) error {
	switch {
	case spec != "":
		_, err := r.Jobs.Use(ctx, job.ID, nil, spec)
		return err
	case saved != "":
		all, err := r.Jobs.Mappings(ctx)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.Name == saved {
				_, err := r.Jobs.Use(ctx, job.ID, s.Form, s.Spec)
				return err
			}
		}
		return experience.Errorf(experience.NotFound, "connect.error.mapping")
	case job.Spec == "" && job.Form != nil:
		_, err := r.Jobs.Use(ctx, job.ID, job.Form, "")
		return err
	}
	return nil
}

func (r *Room) apiStart(ctx context.Context, in *ImportPath) (*importOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return answerOf(r.Jobs.Start(ctx, job.ID, who(web.UserFrom(ctx))))
}

func (r *Room) apiCancel(ctx context.Context, in *ImportPath) (*importOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return answerOf(r.Jobs.Cancel(ctx, job.ID))
}

func (r *Room) apiUndo(ctx context.Context, in *ImportPath) (*importOutput, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return answerOf(r.Jobs.Undo(ctx, job.ID, who(web.UserFrom(ctx))))
}

func (r *Room) apiRejected(ctx context.Context, in *ImportPath) (*huma.StreamResponse, error) {
	job, err := r.jobOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := r.Jobs.Rejected(job)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer f.Close()
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		if err := sayRejected(c.BodyWriter(), f, mapping.Plain); err != nil {
			r.Logger.WarnContext(ctx, "rejected rows could not be sent to their end", "import", job.ID, "error", err)
		}
	}}, nil
}
