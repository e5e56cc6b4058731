package invite

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// doorsView is the page of posters, kiosks and links: doors for those nobody
// knows.
type doorsView struct {
	door                              door
	surveys, abouts, languages, sizes []web.Choice
	link, kiosk, poster, snippet      string
	err                               error
}

// door is what stands in an open link.
type door struct {
	survey, about, shop, language, size string
}

func (r *Room) registerDoors() {
	r.site.Page("GET "+home+"/doors", readers, r.doorsPage)
	r.site.Page("GET "+home+"/poster.pdf", readers, r.posterPDF)
}

func doorOf(q *web.Request) door {
	p := q.URL.Query()
	return door{
		survey: p.Get("survey"), about: p.Get("about"), shop: strings.TrimSpace(p.Get("shop")),
		language: cmp.Or(p.Get("language"), q.L.Lang()), size: cmp.Or(p.Get("size"), "A4"),
	}
}

func (d door) query() string {
	return url.Values{"survey": {d.survey}, "about": {d.about}, "shop": {d.shop}, "language": {d.language}, "size": {d.size}}.Encode()
}

func (d door) link(channel string) Link {
	return Link{Survey: d.survey, Channel: channel, About: About{Touchpoint: d.about, Shop: d.shop}, Language: d.language}
}

func (r *Room) doorsPage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	v := doorsView{door: doorOf(q)}
	all, err := r.Surveys.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if !s.Open {
			continue
		}
		if v.door.survey == "" {
			v.door.survey = s.Key
		}
		v.surveys = append(v.surveys, web.Choice{Value: s.Key, Label: s.name(q.L.Lang()), Selected: s.Key == v.door.survey})
	}
	if v.abouts, err = r.touchpointChoices(ctx, q.L, v.door.about, q.L.T("invite.about.survey")); err != nil {
		return err
	}
	for _, x := range []string{"it", "en"} {
		v.languages = append(v.languages, web.Choice{Value: x, Label: q.L.T("invite.language." + x), Selected: x == v.door.language})
	}
	for _, x := range []string{"A4", "A5"} {
		v.sizes = append(v.sizes, web.Choice{Value: x, Label: x, Selected: x == v.door.size})
	}
	if len(v.surveys) > 0 {
		v.err = r.fillDoors(q, &v)
		if v.err != nil && experience.CodeOf(v.err) != experience.Invalid {
			return v.err
		}
	}
	return r.site.Render(w, q, web.Page{Room: "invite", Title: q.L.T("invite.view.doors")}, doorsBody(v))
}

// fillDoors signs the links. They are made anew each time and are always the
// same: nothing has to be kept.
func (r *Room) fillDoors(q *web.Request, v *doorsView) error {
	base := here(r.BaseURL, q.Request)
	for _, x := range []struct {
		channel string
		into    *string
	}{{"link", &v.link}, {"kiosk", &v.kiosk}} {
		path, err := r.Surveys.Path(v.door.link(x.channel))
		if err != nil {
			return err
		}
		*x.into = base + path
	}
	v.poster = home + "/poster.pdf?" + v.door.query()
	v.snippet = `regia.survey("` + v.door.survey + `")`
	return nil
}

func (r *Room) posterPDF(w http.ResponseWriter, q *web.Request) error {
	d := doorOf(q)
	s, err := r.Surveys.Get(q.Context(), d.survey)
	if err != nil {
		return err
	}
	path, err := r.Surveys.Path(d.link("qr"))
	if err != nil {
		return err
	}
	language := languageFor(s, d.language)
	l := r.site.Locale(language, q.Company.Location())
	raw, err := poster{
		Size: d.size, Language: language, Accent: cmp.Or(s.Accent, petrol), Company: cmp.Or(s.Logo, q.Company.Name), Shop: d.shop,
		Question: cmp.Or(s.Title[language], s.Question[language], s.name(language)), Call: l.T("invite.poster.call"), Steps: l.T("invite.poster.steps"), Foot: l.T("invite.poster.foot"),
		Address: here(r.BaseURL, q.Request) + path,
	}.pdf()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="regia-`+s.Key+`-`+strings.ToLower(d.size)+`.pdf"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(raw)
	return err
}
