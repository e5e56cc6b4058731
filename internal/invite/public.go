package invite

import (
	"net/http"
	"strconv"

	"regia/internal/web"
)

// stopView is the page on which somebody says that they do not want to be asked.
type stopView struct {
	token, company string
	done           bool
}

// registerPublic opens what people outside use.
func (r *Room) registerPublic() {
	// Looking at it changes nothing: programs that read mail follow links. A mail
	// program's one click is a POST (RFC 8058).
	r.site.Public("GET /u/{token}", func(w http.ResponseWriter, q *web.Request) error {
		if _, err := r.readStop(q.PathValue("token")); err != nil {
			return err
		}
		return r.showStop(w, q, false)
	})
	r.site.Public("POST /u/{token}", func(w http.ResponseWriter, q *web.Request) error {
		id, err := r.readStop(q.PathValue("token"))
		if err != nil {
			return err
		}
		if err := r.Unsubscribe(q.Context(), id); err != nil && !isMissing(err) { // forgotten: nobody asks them any more
			return err
		}
		return r.showStop(w, q, true)
	})
	r.site.Handle("/v1/survey", http.HandlerFunc(r.widget))
}

func (r *Room) showStop(w http.ResponseWriter, q *web.Request, done bool) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a key
	return r.site.Render(w, q, web.Page{Plain: true, Title: q.L.T("invite.stop.title")}, stopBody(stopView{q.PathValue("token"), q.Company.Name, done}))
}

func boolText(b bool) string { return strconv.FormatBool(b) }
