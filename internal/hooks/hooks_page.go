package hooks

import (
	"bytes"
	"encoding/json"
	"net/http"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/web"
)

// shown is how many deliveries a page lists.
const shown = 20

func (r *Room) registerPages() {
	const path = "/sources/{id}/webhook"
	r.site.Page("GET "+path, lookers, r.page)
	r.site.Page("POST "+path, steerers, r.savePage)
	r.site.Page("POST "+path+"/rotate", steerers, r.rotatePage)
	r.site.Page("POST "+path+"/test", steerers, r.testPage)
}

// view is the page of a webhook.
type view struct {
	source     Source
	exists     bool // the source knows what it takes
	steers     bool
	address    string
	hook       hook
	former     string // until when the secret before is valid; "" = it is not
	fresh      string // the secret, when it was made a moment ago
	presets    []web.Choice
	mapping    string
	deliveries []delivery
	test       test
	err        error
	done       string
}

// test is the box where a delivery is tried out.
type test struct {
	topic, payload string
	ran            bool
	items          []string // as indented JSON
	faults         []string
	err            error
}

func pagePath(source string) string { return "/sources/" + source + "/webhook" }

func (r *Room) view(q *web.Request) (view, error) {
	ctx, id := q.Context(), q.PathValue("id")
	v := view{steers: q.User.May(steerers), address: r.base(q) + receivePath(id)}
	var err error
	if v.source, err = r.Source(ctx, id); err != nil {
		return v, err
	}
	if !v.source.Webhook {
		return v, experience.Errorf(experience.NotFound, "hooks.error.none")
	}
	v.hook, err = r.hook(ctx, id)
	switch experience.CodeOf(err) {
	case "":
		v.exists = true
	case experience.NotFound:
		v.hook.preset = Shopify
	default:
		return v, err
	}
	if v.hook.former != "" && q.Now.Before(v.hook.formerUntil) {
		v.former = q.L.DateTime(v.hook.formerUntil)
	}
	v.mapping = v.hook.text()
	for _, p := range Presets {
		v.presets = append(v.presets, web.Choice{Value: string(p), Label: q.L.T("hooks.preset." + string(p)), Selected: p == v.hook.preset})
	}
	if samples := v.hook.preset.Samples(); len(samples) > 0 {
		v.test.topic, v.test.payload = samples[len(samples)/2].Topic, samples[len(samples)/2].Payload
	}
	v.deliveries, err = r.deliveries(ctx, id, shown)
	return v, err
}

func (r *Room) show(w http.ResponseWriter, q *web.Request, status int, v view) error {
	return r.site.RenderStatus(w, q, status, web.Page{Room: "collect", Title: v.source.Name}, hookBody(v))
}

func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	return r.show(w, q, http.StatusOK, v)
}

// savePage sets a webhook up, and shows the secret that was made for it: only
// this once.
func (r *Room) savePage(w http.ResponseWriter, q *web.Request) error {
	before, err := r.view(q)
	if err != nil {
		return err
	}
	preset, text := Preset(q.FormValue("preset")), q.FormValue("mapping")
	if before.exists && preset != before.hook.preset && before.hook.mapping == "" {
		text = "" // the other preset's own
	}
	made, err := r.setUp(q.Context(), before.source.ID, preset, text, q.FormValue("secret"))
	if err != nil {
		switch experience.CodeOf(err) {
		case experience.Invalid, experience.TooLarge:
			before.err, before.mapping = err, text
			return r.show(w, q, http.StatusBadRequest, before)
		}
		return err
	}
	return r.after(w, q, made, "hooks.done.saved")
}

func (r *Room) rotatePage(w http.ResponseWriter, q *web.Request) error {
	made, err := r.rotate(q.Context(), q.PathValue("id"), q.FormValue("secret"))
	if experience.CodeOf(err) == experience.Invalid {
		v, viewErr := r.view(q)
		if viewErr != nil {
			return viewErr
		}
		v.err = err
		return r.show(w, q, http.StatusBadRequest, v)
	}
	if err != nil {
		return err
	}
	return r.after(w, q, made, "hooks.done.rotated")
}

// after shows the page once something was done.
func (r *Room) after(w http.ResponseWriter, q *web.Request, made, done string) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	v.fresh, v.done = made, q.L.T(done)
	return r.show(w, q, http.StatusOK, v)
}

func (r *Room) testPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	v.test = test{topic: q.FormValue("topic"), payload: q.FormValue("payload"), ran: true}
	var items []mapping.Item
	items, v.test.faults, v.test.err = try(v.hook.preset, v.mapping, v.test.topic, v.test.payload)
	for _, i := range items {
		var out bytes.Buffer
		if err := json.Indent(&out, i.AppendJSON(nil), "", "  "); err != nil {
			return err
		}
		v.test.items = append(v.test.items, out.String())
	}
	status := http.StatusOK
	if v.test.err != nil {
		status = http.StatusBadRequest
	}
	return r.show(w, q, status, v)
}

// base is the address of this Regia as others reach it.
func (r *Room) base(q *web.Request) string {
	if r.BaseURL != "" {
		return r.BaseURL
	}
	if q.TLS != nil || q.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + q.Host
	}
	return "http://" + q.Host
}
