package survey

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	// SurveyPath names a survey in an address. (Exported, as huma only fills
	// exported fields.)
	SurveyPath struct {
		Key string `path:"key" maxLength:"60"`
	}
	surveyItem struct {
		Key       string    `json:"key"`
		Name      Words     `json:"name"`
		Status    Status    `json:"status" enum:"draft,open,closed"`
		Version   int       `json:"version" doc:"Published last; 0 = never"`
		Staff     bool      `json:"staff" doc:"Asks the company's own people"`
		Answered  int64     `json:"answered"`
		ChangedAt time.Time `json:"changed_at"`
	}
	surveyList struct {
		Body struct {
			Items []surveyItem `json:"items"`
			Next  *string      `json:"next" doc:"Always null: all of them come at once"`
		}
	}
	surveyOutput struct {
		Body struct {
			Survey    Survey    `json:"survey" doc:"The draft"`
			Status    Status    `json:"status" enum:"draft,open,closed"`
			Version   int       `json:"version" doc:"Published last; 0 = never"`
			Problems  []string  `json:"problems" doc:"What stands against publishing the draft"`
			Path      string    `json:"path,omitempty" doc:"Where anybody may answer, on this Regia"`
			ChangedAt time.Time `json:"changed_at"`
		}
	}
	surveyInput struct {
		Body struct {
			Set    string  `json:"set,omitempty" doc:"A ready-made survey to begin from, instead of survey" example:"after-delivery"`
			Survey *Survey `json:"survey,omitempty"`
		}
	}
	surveyChange struct {
		SurveyPath
		Body Survey
	}
	surveyStatus struct {
		SurveyPath
		Body struct {
			Status Status `json:"status" enum:"open,closed"`
		}
	}
	surveyVersions struct {
		Body struct {
			Items []surveyVersion `json:"items"`
			Next  *string         `json:"next" doc:"Always null: all of them come at once"`
		}
	}
	surveyVersion struct {
		Version int       `json:"version"`
		MadeAt  time.Time `json:"made_at"`
		Survey  Survey    `json:"survey"`
	}
	surveyTicket struct {
		SurveyPath
		Body struct {
			Channel   Channel `json:"channel" enum:"link,email,widget,qr,kiosk,sms,api"`
			About     string  `json:"about,omitempty" maxLength:"200" doc:"Key of the touchpoint; empty is the survey's own"`
			Shop      string  `json:"shop,omitempty" maxLength:"200"`
			OrderID   string  `json:"order_id,omitempty" maxLength:"200"`
			ProductID string  `json:"product_id,omitempty" maxLength:"200"`
			Language  string  `json:"language,omitempty" maxLength:"10"`
		}
	}
	surveyLink struct {
		Body struct {
			Path string `json:"path"`
		}
	}
	surveyAnswer struct {
		SurveyPath
		Body struct {
			Answers     Answers                 `json:"answers" doc:"By the key of the question"`
			Version     int                     `json:"version,omitempty" doc:"Whose wording was shown; empty is the one published last"`
			Language    string                  `json:"language,omitempty" maxLength:"10"`
			Identifiers []experience.Identifier `json:"identifiers,omitempty" maxItems:"10" doc:"Who answers, where it is known"`
			About       string                  `json:"about,omitempty" maxLength:"200"`
			Shop        string                  `json:"shop,omitempty" maxLength:"200"`
			OrderID     string                  `json:"order_id,omitempty" maxLength:"200"`
			ProductID   string                  `json:"product_id,omitempty" maxLength:"200"`
			Reference   string                  `json:"reference,omitempty" maxLength:"200" doc:"The sender's own id of this answer: sent again, it counts once"`
		}
	}
	surveyTaken struct {
		Body struct {
			Response string `json:"response"`
			Cut      bool   `json:"cut" doc:"A text was longer than 5000 characters: the rest was left out"`
			Repeated bool   `json:"repeated" doc:"It was there already: nothing changed"`
		}
	}
	surveyResults struct {
		Body struct {
			Finished int64          `json:"finished"`
			Partial  int64          `json:"partial" doc:"Left unfinished, with something answered"`
			Hidden   bool           `json:"hidden" doc:"Of the company's own people, too few answered to show anything"`
			Figures  []surveyFigure `json:"figures"`
			Funnel   []surveyReach  `json:"funnel"`
		}
	}
	surveyFigure struct {
		Question string               `json:"question"`
		Item     string               `json:"item,omitempty"`
		Type     Type                 `json:"type"`
		Scale    string               `json:"scale,omitempty" doc:"nps in points, csat as the share of 4 and 5, others as a mean; figures of two scales are never put together"`
		Text     string               `json:"text"`
		Former   bool                 `json:"former" doc:"No longer asked"`
		N        int64                `json:"n"`
		Value    *experience.Estimate `json:"value,omitempty" doc:"Missing where fewer than 20 answered, and of choices"`
		Counts   []surveyCount        `json:"counts"`
	}
	surveyCount struct {
		Value string `json:"value"`
		Label string `json:"label,omitempty"`
		N     int64  `json:"n"`
	}
	surveyReach struct {
		Channel  Channel `json:"channel"`
		Opened   int64   `json:"opened"`
		Begun    int64   `json:"begun"`
		Finished int64   `json:"finished"`
	}
)

func (r *Room) registerAPI() {
	const one = "/api/v1/surveys/{key}"
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"surveys"}}
	}
	web.Operation(r.site, op("list-surveys", http.MethodGet, "/api/v1/surveys", "All surveys"), lookers, r.listAPI)
	web.Operation(r.site, op("create-survey", http.MethodPost, "/api/v1/surveys", "Begin a survey, also from a ready-made one"), steerers, r.createAPI)
	web.Operation(r.site, op("get-survey", http.MethodGet, one, "A survey's draft and how it stands"), lookers,
		func(ctx context.Context, in *SurveyPath) (*surveyOutput, error) {
			record, err := r.Store.Get(ctx, in.Key)
			return r.output(ctx, record, err)
		})
	web.Operation(r.site, op("put-survey", http.MethodPut, one, "Save a survey's draft"), steerers,
		func(ctx context.Context, in *surveyChange) (*surveyOutput, error) {
			in.Body.Key = in.Key
			record, err := r.Store.Save(ctx, by(ctx), in.Body, time.Time{})
			return r.output(ctx, record, err)
		})
	web.Operation(r.site, op("delete-survey", http.MethodDelete, one, "Delete a survey that was never published"), steerers,
		func(ctx context.Context, in *SurveyPath) (*struct{}, error) { return nil, r.Store.Delete(ctx, in.Key) })
	web.Operation(r.site, op("publish-survey", http.MethodPost, one+"/publish", "Freeze the draft as the next version, and open the survey"), steerers, r.publishAPI)
	web.Operation(r.site, op("set-survey-status", http.MethodPut, one+"/status", "Close a survey, or open it again"), steerers,
		func(ctx context.Context, in *surveyStatus) (*surveyOutput, error) {
			record, err := r.Store.SetStatus(ctx, by(ctx), in.Key, in.Body.Status)
			return r.output(ctx, record, err)
		})
	web.Operation(r.site, op("list-survey-versions", http.MethodGet, one+"/versions", "All that was ever asked, as it was worded"), lookers, r.versionsAPI)
	web.Operation(r.site, op("make-survey-link", http.MethodPost, one+"/links", "Make a signed link by which anybody may answer"), steerers, r.linkAPI)
	web.Operation(r.site, op("answer-survey", http.MethodPost, one+"/responses", "Bring in a whole answer"), steerers, r.answerAPI)
	web.Operation(r.site, op("get-survey-results", http.MethodGet, one+"/results", "What was answered, by question and scale"), lookers, r.resultsAPI)
}

// by is who asks, for the record.
func by(ctx context.Context) string {
	if u := web.UserFrom(ctx); u != nil {
		return u.ID
	}
	return ""
}

func (r *Room) output(ctx context.Context, record Record, err error) (*surveyOutput, error) {
	if err != nil {
		return nil, err
	}
	var out surveyOutput
	out.Body.Survey, out.Body.Status, out.Body.Version, out.Body.ChangedAt = record.Draft, record.Status, record.Version, record.ChangedAt
	out.Body.Problems = spelt(ctx, record.Draft.problems())
	if record.Version > 0 {
		token, err := r.Tickets.Sign(Ticket{Survey: record.Draft.Key, Channel: ByLink})
		if err != nil {
			return nil, err
		}
		out.Body.Path = Path(token)
	}
	return &out, nil
}

// spelt says problems in the caller's language.
func spelt(ctx context.Context, list []Problem) []string {
	out := make([]string, len(list))
	for i, p := range list {
		if out[i] = web.T(ctx, p.What); p.Question != "" {
			out[i] = p.Question + ": " + out[i]
		}
	}
	return out
}

func (r *Room) listAPI(ctx context.Context, _ *struct{}) (*surveyList, error) {
	list, err := r.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := r.Store.Counts(ctx)
	if err != nil {
		return nil, err
	}
	var out surveyList
	out.Body.Items = make([]surveyItem, len(list))
	for i, x := range list {
		out.Body.Items[i] = surveyItem{x.Draft.Key, x.Draft.Name, x.Status, x.Version, x.Draft.Staff, counts[x.Draft.Key].N, x.ChangedAt}
	}
	return &out, nil
}

func (r *Room) createAPI(ctx context.Context, in *surveyInput) (*surveyOutput, error) {
	draft, err := begin(in.Body.Set)
	if err != nil {
		return nil, err
	}
	if in.Body.Survey != nil {
		draft = *in.Body.Survey
	}
	record, err := r.Store.Create(ctx, by(ctx), draft)
	return r.output(ctx, record, err)
}

func (r *Room) publishAPI(ctx context.Context, in *SurveyPath) (*surveyOutput, error) {
	record, err := r.Store.Get(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if problems := spelt(ctx, record.Draft.problems()); len(problems) > 0 {
		return nil, experience.Errorf(experience.Invalid, "%s %s", web.T(ctx, "survey.error.unfinished"), strings.Join(problems, " "))
	}
	record, err = r.Store.Publish(ctx, by(ctx), in.Key)
	return r.output(ctx, record, err)
}

func (r *Room) versionsAPI(ctx context.Context, in *SurveyPath) (*surveyVersions, error) {
	list, err := r.Store.Versions(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	var out surveyVersions
	out.Body.Items = make([]surveyVersion, len(list))
	for i, v := range list {
		out.Body.Items[i] = surveyVersion{v.Number, v.MadeAt, v.Survey}
	}
	return &out, nil
}

func (r *Room) linkAPI(ctx context.Context, in *surveyTicket) (*surveyLink, error) {
	if _, _, err := r.Store.Current(ctx, in.Key); err != nil {
		return nil, err
	}
	b := in.Body
	token, err := r.Tickets.Sign(Ticket{Survey: in.Key, Channel: b.Channel, About: b.About, Shop: b.Shop, OrderID: b.OrderID, ProductID: b.ProductID, Language: b.Language})
	var out surveyLink
	out.Body.Path = Path(token)
	return &out, err
}

// answerAPI takes a whole answer from another system, such as a till or an app.
func (r *Room) answerAPI(ctx context.Context, in *surveyAnswer) (*surveyTaken, error) {
	b := in.Body
	v, status, err := r.Store.Current(ctx, in.Key)
	switch {
	case err != nil:
		return nil, err
	case status != Open:
		return nil, errClosed
	case b.Version != 0:
		if v, err = r.Store.Version(ctx, in.Key, b.Version); err != nil {
			return nil, err
		}
	}
	var out surveyTaken
	step := Step{ID: experience.NewID(), Language: v.language(b.Language), Who: b.Identifiers, Finish: true,
		Ticket: Ticket{Survey: in.Key, Channel: ByAPI, About: b.About, Shop: b.Shop, OrderID: b.OrderID, ProductID: b.ProductID}}
	if b.Reference != "" {
		step.ID = r.Tickets.referred(in.Key, b.Reference)
	}
	if step.Answers, out.Body.Cut, err = v.read(b.Answers); err != nil {
		return nil, err
	}
	if v.unanswered(step.Answers) >= 0 {
		return nil, experience.Errorf(experience.Invalid, "survey.error.incomplete")
	}
	out.Body.Response = step.ID.String()
	_, err = r.Store.Keep(ctx, v, step)
	if b.Reference != "" && err == ErrAnswered {
		out.Body.Repeated = true
		return &out, nil
	}
	if err != nil {
		return nil, err
	}
	r.hurry()
	return &out, nil
}

func (r *Room) resultsAPI(ctx context.Context, in *SurveyPath) (*surveyResults, error) {
	results, err := r.results(ctx, web.UserFrom(ctx), in.Key)
	if err != nil {
		return nil, err
	}
	var out surveyResults
	b := &out.Body
	b.Finished, b.Partial, b.Hidden, b.Figures, b.Funnel = results.Finished, results.Partial, results.hidden(), []surveyFigure{}, []surveyReach{}
	for i := range results.Figures {
		b.Figures = append(b.Figures, figureItem(ctx, &results.Figures[i]))
	}
	for _, x := range results.Funnel {
		b.Funnel = append(b.Funnel, surveyReach(x))
	}
	return &out, nil
}

func figureItem(ctx context.Context, f *Figure) surveyFigure {
	out := surveyFigure{Question: f.Question.Key, Item: f.Item, Type: f.Question.Type, Scale: f.Scale, Text: f.title(ctx), Former: f.Former, N: f.N}
	if f.Scale != "" && !f.Value.TooFew() {
		e := f.Value.Estimate(experience.Stated)
		out.Value = &e
	}
	for _, c := range f.Counts {
		out.Counts = append(out.Counts, surveyCount{c.Value, c.Label.In(web.LocaleFrom(ctx).Lang()), c.N})
	}
	return out
}
