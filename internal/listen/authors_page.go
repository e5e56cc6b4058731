package listen

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

const authorsPath = homePath + "/authors"

// authorsView is the page of authors who may be customers.
type authorsView struct {
	view
	list    []Suggestion
	matches []match
}

// said is how many authors wait for somebody to decide.
func (v authorsView) said() string {
	if len(v.list) == 0 {
		return v.l.T("listen.authors.answer.none")
	}
	return v.l.T("listen.authors.answer", "n", len(v.list))
}

func (r *Room) authorsPage(w http.ResponseWriter, q *web.Request) (err error) {
	v := authorsView{view: r.view(q)}
	if v.list, err = r.suggestions(q.Context()); err != nil {
		return err
	}
	if v.matches, err = r.matches(q.Context(), 50); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "listen", Title: q.L.T("listen.authors")}, authorsBody(v))
}

func (r *Room) decidePage(w http.ResponseWriter, q *web.Request) error {
	author := experience.Identifier{Kind: authorKind, Value: q.FormValue("author")}
	person := experience.Identifier{Kind: experience.IdentifierKind(q.FormValue("kind")), Value: q.FormValue("value")}
	action := experience.DecisionAction(q.FormValue("action"))
	if _, err := r.decide(q.Context(), action, author, person, q.FormValue("shown"), q.FormValue("platform"), q.User.ID); err != nil {
		return err
	}
	return r.decidedPage(w, q, string(action))
}

func (r *Room) undoPage(w http.ResponseWriter, q *web.Request) error {
	if err := r.undo(q.Context(), q.FormValue("id"), q.User.ID); err != nil {
		return err
	}
	return r.decidedPage(w, q, "undone")
}

func (r *Room) decidedPage(w http.ResponseWriter, q *web.Request, done string) error {
	ctx, cancel := context.WithTimeout(q.Context(), patience)
	defer cancel()
	_ = r.People.Woven(ctx) // what does not show yet shows in a moment
	http.Redirect(w, q.Request, authorsPath+"?done="+done, http.StatusSeeOther)
	return nil
}

// matchTitle says what was decided.
func (v authorsView) matchTitle(m match) string {
	return v.l.T("listen.match."+string(m.decision.Action), "author", m.shown, "platform", m.platform, "person", m.decision.B.Value)
}

type (
	listenSuggestion struct {
		Author   string            `json:"author" doc:"Identifier of the kind author"`
		Shown    string            `json:"shown"`
		Platform string            `json:"platform"`
		Time     time.Time         `json:"time"`
		Text     string            `json:"text"`
		Maybe    []listenCandidate `json:"maybe"`
	}
	listenCandidate struct {
		Person     experience.ID         `json:"person"`
		Name       string                `json:"name"`
		Identifier experience.Identifier `json:"identifier" doc:"To decide with"`
		Order      time.Time             `json:"order" doc:"The last one before it was said"`
	}
	listenSuggestions struct {
		Body struct {
			Items []listenSuggestion `json:"items"`
			Next  *string            `json:"next" doc:"Always null: all come at once"`
		}
	}
	listenDecideInput struct {
		Body struct {
			Author   string                    `json:"author" maxLength:"600" doc:"The value, as the suggestion has it"`
			Person   experience.Identifier     `json:"person"`
			Action   experience.DecisionAction `json:"action" enum:"same,different"`
			Shown    string                    `json:"shown,omitempty" maxLength:"400"`
			Platform string                    `json:"platform,omitempty" maxLength:"200"`
		}
	}
	listenDecided struct {
		Body struct {
			ID string `json:"id" doc:"Of the decision: to undo it"`
		}
	}
)

func (r *Room) registerAuthors() {
	s := r.site
	s.Page("GET "+authorsPath, lookers, r.authorsPage)
	s.Page("POST "+authorsPath, lookers, r.decidePage)
	s.Page("POST "+authorsPath+"/undo", lookers, r.undoPage)
	const path = "/api/v1/voice-authors"
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"voice"}, DefaultStatus: status}
	}
	web.Operation(s, op("suggest-authors", http.MethodGet, path, "Authors elsewhere who may be customers, with what speaks for it; nothing follows by itself", 200), lookers, r.suggestAPI)
	web.Operation(s, op("decide-author", http.MethodPost, path+"/decisions", "Say that an author is, or is not, a customer", 202), lookers,
		func(ctx context.Context, in *listenDecideInput) (*listenDecided, error) {
			id, err := r.decide(ctx, in.Body.Action, experience.Identifier{Kind: authorKind, Value: in.Body.Author}, in.Body.Person, in.Body.Shown, in.Body.Platform, web.UserFrom(ctx).ID)
			out := &listenDecided{}
			out.Body.ID = id
			return out, err
		})
	web.Operation(s, op("undo-author", http.MethodDelete, path+"/decisions/{id}", "Take a decision about an author back", 204), lookers,
		func(ctx context.Context, in *PostPath) (*struct{}, error) {
			return nil, r.undo(ctx, in.ID, web.UserFrom(ctx).ID)
		})
}

func (r *Room) suggestAPI(ctx context.Context, _ *struct{}) (*listenSuggestions, error) {
	list, err := r.suggestions(ctx)
	if err != nil {
		return nil, err
	}
	out := &listenSuggestions{}
	out.Body.Items = make([]listenSuggestion, len(list))
	for k, s := range list {
		one := listenSuggestion{Author: s.Author.Value, Shown: s.Shown, Platform: s.Platform, Time: s.Time, Text: s.Text, Maybe: []listenCandidate{}}
		for _, c := range s.Maybe {
			one.Maybe = append(one.Maybe, listenCandidate{c.ID, c.Name, c.Anchor, c.Order})
		}
		out.Body.Items[k] = one
	}
	return out, nil
}
