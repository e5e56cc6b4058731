package invite

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// maxWidget is how many bytes the widget may send.
const maxWidget = 4 << 10

// widgetAsks is what the widget of a site asks: whether there is a question for
// whoever is looking.
type widgetAsks struct {
	WriteKey    string `json:"writeKey"`
	AnonymousID string `json:"anonymousId"` // "" = they may not be recognised
	Survey      string `json:"survey"`      // "" = whatever a rule planned for them
	About       string `json:"about"`
	OrderID     string `json:"orderId"`
	ProductID   string `json:"productId"`
	Language    string `json:"language"`
}

// widgetOffer is the answer: where the question stands; "" = there is none.
type widgetOffer struct {
	URL   string `json:"url,omitempty"`
	Title string `json:"title,omitempty"`
	Close string `json:"close,omitempty"`
	Days  int    `json:"days,omitempty"` // for so long this browser need not ask again
}

// widget answers the sites' widget: from any origin, without cookies.
func (r *Room) widget(w http.ResponseWriter, q *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Cache-Control", "no-store")
	switch q.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodPost:
	default:
		h.Set("Allow", http.MethodPost)
		http.Error(w, "the widget asks by POST", http.StatusMethodNotAllowed)
		return
	}
	offer, err := r.offer(w, q)
	h.Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		status := web.Status(err)
		if status == http.StatusInternalServerError {
			r.Logger.ErrorContext(q.Context(), "the widget could not be answered", "error", err)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": r.site.Locale("en", nil).T(experience.MessageOf(err))}) // who asked may be gone
		return
	}
	_ = json.NewEncoder(w).Encode(offer)
}

func (r *Room) offer(w http.ResponseWriter, q *http.Request) (out widgetOffer, err error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxWidget))
	if err != nil {
		return out, experience.Errorf(experience.TooLarge, "invite.error.widget")
	}
	var asks widgetAsks
	if err := json.Unmarshal(raw, &asks); err != nil {
		return out, experience.Errorf(experience.Invalid, "invite.error.widget")
	}
	ctx := q.Context()
	if ok, err := r.Site(ctx, asks.WriteKey); err != nil || !ok {
		if err == nil {
			err = experience.Errorf(experience.Unauthorised, "invite.error.key")
		}
		return out, err
	}
	path, survey, err := r.question(ctx, asks)
	if err != nil || path == "" {
		return out, err
	}
	language := languageFor(survey, asks.Language)
	l := r.site.Locale(language, nil)
	out.Title, out.Close = l.T("invite.widget.title", "company", r.Company(ctx).Name), l.T("invite.widget.close")
	out.URL = here(r.BaseURL, q) + path
	settings, err := r.Settings(ctx)
	out.Days = settings.Window
	return out, err
}

// here is the address of this Regia as the site's visitors reach it.
func here(base string, q *http.Request) string {
	if base != "" {
		return strings.TrimSuffix(base, "/")
	}
	if q.TLS != nil || q.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + q.Host
	}
	return "http://" + q.Host
}

// question gives the path of what to ask whoever is looking; "" = nothing.
func (r *Room) question(ctx context.Context, asks widgetAsks) (path string, survey Survey, err error) {
	who, known := experience.NewIdentifier(experience.AnonymousID, asks.AnonymousID, "")
	var person experience.ID
	if known {
		err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
			person, err = r.People.Holder(ctx, tx, who)
			return err
		})
		if err != nil {
			return "", survey, err
		}
	}
	if !person.IsZero() {
		if path, survey, err = r.plannedHere(ctx, person, asks); err != nil || path != "" {
			return path, survey, err
		}
	}
	if asks.Survey == "" {
		return "", survey, nil
	}
	if survey, err = r.Surveys.Get(ctx, asks.Survey); err != nil || !survey.Open {
		if isMissing(err) {
			err = experience.Errorf(experience.Invalid, "invite.error.survey")
		}
		return "", survey, err
	}
	about := About{Touchpoint: asks.About, OrderID: asks.OrderID, ProductID: asks.ProductID}.tidy()
	if person.IsZero() { // not seen yet, or not to be recognised: an open door
		path, err = r.Surveys.Path(Link{Survey: asks.Survey, Channel: string(Widget), About: about, Language: strings.ToLower(asks.Language)})
		if known && err == nil {
			path += "?anonymous_id=" + url.QueryEscape(who.Value)
		}
		return path, survey, err
	}
	answer, err := r.Ask(ctx, Request{Who: who, Survey: asks.Survey, By: Widget, About: about, Language: asks.Language})
	return answer.Path, survey, err
}

// plannedHere hands over what a rule planned to ask somebody when they come to
// the site, unless something speaks against it by now.
func (r *Room) plannedHere(ctx context.Context, person experience.ID, asks widgetAsks) (path string, survey Survey, err error) {
	find := func(ctx context.Context, tx registry.Tx) (Invitation, Contact, error) {
		c, err := r.People.Contact(ctx, tx, person)
		if err != nil {
			return Invitation{}, c, err
		}
		in, args := list(5, r.keys(c, ""))
		found, err := invitations(ctx, tx, `state = $1 AND channel = $2 AND due_at <= $3 AND expires_at > $4
			AND id IN (SELECT invitation FROM invitation_keys WHERE key IN `+in+`) ORDER BY due_at, id LIMIT 1`,
			append([]any{string(Planned), string(Widget), r.Clock().UnixMicro(), r.Clock().UnixMicro()}, args...)...)
		if err != nil || len(found) == 0 || asks.Survey != "" && found[0].Survey != asks.Survey {
			return Invitation{}, c, err
		}
		return found[0], c, nil
	}
	var waits Invitation
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error { // most visitors have none: nothing is written
		waits, _, err = find(ctx, tx)
		return err
	})
	if err != nil || waits.ID.IsZero() {
		if isMissing(err) {
			err = nil
		}
		return "", survey, err
	}
	s, err := r.newPass(ctx)
	if err != nil {
		return "", survey, err
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		path = ""
		i, c, err := find(ctx, tx)
		if err != nil || i.ID.IsZero() {
			return err
		}
		now := r.Clock()
		survey = s.surveys[i.Survey]
		reason := Closed
		if survey.Open {
			if reason, _, err = r.judge(ctx, tx, judgement{contact: c, by: Widget, at: now, self: i.ID, settings: s.settings}); err != nil {
				return err
			}
		}
		if gone, err := r.takenBack(ctx, tx, i); err != nil {
			return err
		} else if gone {
			reason = TakenBack
		}
		if reason != Asked {
			return r.drop(ctx, tx, s, i, reason, now)
		}
		if path, err = r.Surveys.Path(i.link(asks.Language)); err != nil {
			return err
		}
		return sent(ctx, tx, i, now)
	})
	r.hurry()
	return path, survey, err
}
