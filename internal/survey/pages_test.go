package survey

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"regia/internal/experience"
)

// answer has so many people answer a survey whose first question has a score.
func (d *desk) answer(key string, n int, answers func(i int) Answers) {
	d.t.Helper()
	v, _, err := d.Store.Current(d.t.Context(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range n {
		step := Step{ID: experience.NewID(), Ticket: Ticket{Survey: key, Channel: ByQR, Shop: "=Trento"}, Language: "it", Answers: answers(i), Finish: true}
		must[Response](d.t)(d.Store.Keep(d.t.Context(), v, step))
	}
}

// inside is a browser of somebody who is signed in.
func (d *desk) inside(path string) *respondent {
	d.t.Helper()
	p := &respondent{Client: &http.Client{}, d: d, t: d.t, url: d.server.URL + path}
	return p.fetch()
}

func (p *respondent) fetch() *respondent {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Cookie", "who=test")
	return p.done(p.Do(request))
}

func (p *respondent) put(path string, form url.Values) *respondent {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.d.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Cookie", "who=test")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := p.Do(request)
	return p.done(answer, err)
}

func TestASurveyIsMadeInTheBrowser(t *testing.T) {
	d := newDesk(t)
	p := d.inside("/surveys")
	p.shows(200, "There is <strong>no survey</strong> yet", "Employee pulse")
	p.put("/surveys", url.Values{"set": {"after-delivery"}})
	if p.status != 303 {
		t.Fatalf("creating answers %d", p.status)
	}
	key := must[[]Record](t)(d.Store.List(t.Context()))[0].Draft.Key
	if key != "after-delivery" {
		t.Errorf("the key is %q", key)
	}
	d.inside("/surveys/"+key).shows(200, "How satisfied are you with the delivery?", "Question 4", "inert")

	form := url.Values{
		"languages": {"en"}, "name.en": {"Mine"}, "accent": {"#ffdd00"}, "do": {"publish"},
		"q0.type": {"nps"}, "q0.key": {""}, "q0.text.en": {"Recommend?"}, "q0.required": {"true"},
		"q0.r0.question": {""}, "q0.r0.op": {"at_least"}, "q0.r0.value": {"9"}, "q0.r0.go": {"end"},
		"q1.type": {"single"}, "q1.key": {""}, "q1.text.en": {"Which?"}, "q1.c0.key": {""}, "q1.c0.text.en": {"One"},
	}
	p.put("/surveys/"+key, form).shows(400, "Recommend?", "There are from 2 to 20 possible answers")
	if r := must[Record](t)(d.Store.Get(t.Context(), key)); r.Version != 0 || r.Draft.Questions[0].Key != "q5" {
		t.Errorf("version %d, key %s: a question's key must never be used again", r.Version, r.Draft.Questions[0].Key)
	}
	form.Set("q0.key", "q5")
	form.Set("q1.key", "q6")
	form.Set("q1.c1.key", "")
	form.Set("q1.c1.text.en", "Two")
	form.Set("q1.c2.key", "") // a line left blank
	p.put("/surveys/"+key+"/preview", form).shows(200, "Two", "/s/look/ffdd00", "Not at all likely")
	p.put("/surveys/"+key, form).shows(200, "Published: version 1 is asked.", "/s/")
	form.Set("do", "down:0")
	p.put("/surveys/"+key, form).shows(200, "Changes not published")
	r := must[Record](t)(d.Store.Get(t.Context(), key))
	if r.Draft.Questions[1].Key != "q5" || len(r.Draft.Questions[0].Choices) != 2 || len(r.Draft.Questions[1].Rules) != 1 {
		t.Errorf("the draft is %+v", r.Draft.Questions)
	}
	form.Set("seen", "1")
	form.Set("name.en", "Overwritten")
	p.put("/surveys/"+key, form).shows(409, "Somebody else changed this survey")
	form.Del("seen")
	form.Set("do", "remove:0")
	p.put("/surveys/"+key, form)
	if r := must[Record](t)(d.Store.Get(t.Context(), key)); len(r.Draft.Questions) != 1 || r.Draft.Questions[0].Key != "q6" {
		t.Errorf("after one was removed there are %+v", r.Draft.Questions)
	}
	p.put("/surveys/"+key, url.Values{"do": {"close"}, "languages": {"en"}, "name.en": {"Mine"}}).shows(200, "The survey is closed")
}

func TestResultsByScale(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	d.answer(key, 30, func(i int) Answers {
		if i < 20 {
			return Answers{"q1": score(10), "q3": {Choice: []string{"fast", "kind"}}, "q4": {Items: map[string]int{"look": 5}}}
		}
		return Answers{"q1": score(2), "q2": {Text: "=HYPERLINK(tardi)"}}
	})
	next := must[Record](t)(d.Store.Get(t.Context(), key)).Draft
	next.Questions[0].Type, next.Questions[0].Rules = CSAT, nil
	must[Record](t)(d.Store.Save(t.Context(), "anna", next, noon.AddDate(0, 0, 0)))
	must[Record](t)(d.Store.Publish(t.Context(), "anna", key))
	d.answer(key, 25, func(int) Answers { return Answers{"q1": score(5)} })

	r := must[*Results](t)(d.Store.Results(t.Context(), key))
	by := map[string]Figure{}
	for _, f := range r.Figures {
		by[f.Question.Key+f.Item+f.Scale] = f
	}
	if f := by["q1nps"]; f.N != 30 || !f.Former || f.Value.Value < 33 || f.Value.Value > 34 {
		t.Errorf("nps %+v", f.Value)
	}
	if f := by["q1csat"]; f.N != 25 || f.Former || f.Value.Value != 1 || f.Value.Low > 0.9 {
		t.Errorf("csat %+v", f.Value)
	}
	if f := by["q3"]; f.N != 20 || f.Counts[0].N != 20 || f.Counts[1].N != 20 {
		t.Errorf("choices of %d people %+v", f.N, f.Counts)
	}
	if f := by["q4lookagree/5"]; f.N != 20 || f.Value.Value != 5 {
		t.Errorf("matrix %+v", f.Value)
	}
	if main := r.Main(); main == nil || main.Scale != "csat" {
		t.Errorf("the survey is judged by %+v", main)
	}
	d.inside("/surveys/"+key+"/results").shows(200, "too few", "+33", "=HYPERLINK(tardi)", "no longer asked this way", "100%")
	d.inside("/surveys").shows(200, "satisfied: 100%")

	file := d.inside("/surveys/" + key + "/answers.csv")
	file.shows(200)
	rows := must[[][]string](t)(csv.NewReader(strings.NewReader(file.body)).ReadAll())
	if len(rows) != 56 {
		t.Fatalf("the file has %d lines", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	d.as.Role = experience.Viewer
	page := d.inside("/surveys/" + key + "/results")
	page.shows(200, "+33")
	if strings.Contains(page.body, "HYPERLINK") {
		t.Error("a viewer reads what people wrote")
	}
	d.inside("/surveys/" + key + "/texts").shows(403)
	d.inside("/surveys/" + key + "/answers.csv").shows(403)
}

func TestFewEmployeesAreNotShown(t *testing.T) {
	d := newDesk(t)
	s := sample()
	s.Staff = true
	key := d.publish(s)
	answers := func(int) Answers { return Answers{"q1": score(2), "q2": {Text: "il mio capo"}} }
	d.answer(key, staffLeast-1, answers)
	page := d.inside("/surveys/" + key + "/results")
	page.shows(200, "Still too few")
	if strings.Contains(page.body, "il mio capo") {
		t.Error("one of four can be read")
	}
	d.inside("/surveys/" + key + "/answers.csv").shows(403)
	d.answer(key, 1, answers)
	d.inside("/surveys/"+key+"/results").shows(200, "il mio capo")
	file := d.inside("/surveys/" + key + "/answers.csv")
	if file.shows(200, "il mio capo"); strings.Contains(file.body, "2026") {
		t.Error("the file tells when employees answered")
	}
	d.as.Role = experience.Agent
	d.inside("/surveys/" + key + "/results").shows(403)
}
