package export

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/web"
)

type interactionsInput struct {
	Format     string `query:"format" enum:"csv,ndjson,parquet" default:"csv"`
	From       string `query:"from" maxLength:"40" example:"2026-01-01" doc:"A day of the company's, or a time (RFC 3339); included"`
	To         string `query:"to" maxLength:"40" example:"2026-01-31" doc:"A day, included, or a time (RFC 3339), left out"`
	Source     string `query:"source" maxLength:"80" doc:"Id of a source"`
	Touchpoint string `query:"touchpoint" maxLength:"120" doc:"Key of a touchpoint"`
	Person     string `query:"person" format:"uuid" doc:"Id of a person; also one that was merged away"`
	All        bool   `query:"all" doc:"Also bots and the company's own staff"`
	Raw        bool   `query:"raw" doc:"CSV only: do not defuse what a spreadsheet would run as a formula"`
}

type peopleInput struct {
	Format    string `query:"format" enum:"csv,ndjson" default:"csv"`
	Anonymous bool   `query:"anonymous" doc:"Also anonymous visitors"`
	Raw       bool   `query:"raw" doc:"CSV only: do not defuse what a spreadsheet would run as a formula"`
}

func (r *Room) registerAPI() {
	op := func(id, path, summary, description string, formats ...Format) huma.Operation {
		content := map[string]*huma.MediaType{}
		for _, f := range formats {
			content[f.mime()] = &huma.MediaType{}
		}
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"Export"}, Summary: summary, Description: description,
			Responses: map[string]*huma.Response{"200": {Description: "The file, as it is written. The trailer " + rowsTrailer +
				" tells how many rows there were; a connection that breaks means that the file is not whole.", Content: content}}}
	}
	web.Stream(r.site, op("export-interactions", "/api/v1/export/interactions", "Take interactions out, in no order to rely on",
		"Who may not see people gets no properties and no context.", CSV, NDJSON, Parquet), nil,
		func(ctx context.Context, in *interactionsInput, w http.ResponseWriter) error {
			want, err := r.interactions(ctx, Question(*in), web.LocaleFrom(ctx).Zone())
			if err != nil {
				return err
			}
			return r.deliver(ctx, w, want)
		})
	web.Stream(r.site, op("export-people", "/api/v1/export/people", "Take people out",
		"Who may not see people gets them masked.", CSV, NDJSON), nil,
		func(ctx context.Context, in *peopleInput, w http.ResponseWriter) error {
			return r.deliver(ctx, w, wanted{what: "people", format: Format(in.Format), anonymous: in.Anonymous, raw: in.Raw})
		})
}
