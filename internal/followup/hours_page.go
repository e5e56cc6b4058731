package followup

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const hoursPath = homePath + "/hours"

// saveHours takes the form of the opening hours.
func (r *Room) saveHours(w http.ResponseWriter, q *web.Request) error {
	h, err := hoursFrom(q)
	if err == nil {
		_, err = r.SaveHours(q.Context(), h)
	}
	if err == nil {
		http.Redirect(w, q.Request, rulesPath+"?done=hours#hours", http.StatusSeeOther)
		return nil
	}
	if experience.CodeOf(err) != experience.Invalid {
		return err
	}
	v, failed := r.rulesView(q)
	if failed != nil {
		return failed
	}
	v.hours, v.hoursErr, v.closedSent = h, err, q.FormValue("closed")
	return r.site.RenderStatus(w, q, http.StatusBadRequest, web.Page{Room: "followup", Title: q.L.T("followup.rules")}, rulesBody(v))
}

// hoursFrom reads opening hours as the form has them: a day with one of its two
// times left out is free.
func hoursFrom(q *web.Request) (FollowUpHours, error) {
	h := FollowUpHours{On: q.FormValue("on") == "true", Holidays: q.FormValue("holidays") == "true", Closed: []string{}}
	for day := 1; day <= 7; day++ {
		from, to := q.FormValue("from-"+strconv.Itoa(day)), q.FormValue("to-"+strconv.Itoa(day))
		if from == "" || to == "" {
			continue
		}
		s := FollowUpShift{Day: day, From: minutes(from), To: minutes(to)}
		if s.To == 0 {
			s.To = 24 * 60
		}
		h.Week = append(h.Week, s)
	}
	for _, text := range strings.FieldsFunc(q.FormValue("closed"), func(c rune) bool { return strings.ContainsRune(" ,;\r\n\t", c) }) {
		day, err := dayFrom(text)
		if err != nil {
			return h, err
		}
		h.Closed = append(h.Closed, day)
	}
	return h, nil
}

// minutes reads a time of day; below zero where it is none.
func minutes(text string) int {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

// dayFrom reads a date as people in Italy write it, or as programs do.
func dayFrom(text string) (string, error) {
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2.1.2006", "2-1-2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly), nil
		}
	}
	return "", experience.Errorf(experience.Invalid, "followup.error.closed.day")
}

// dayRow is a day of the week in the form.
type dayRow struct{ key, name, from, to string }

func (v rulesView) days() (out []dayRow) {
	for day := 1; day <= 7; day++ {
		row := dayRow{key: strconv.Itoa(day), name: v.l.T("followup.day." + strconv.Itoa(day))}
		if i := slices.IndexFunc(v.hours.Week, func(s FollowUpShift) bool { return s.Day == day }); i >= 0 {
			row.from, row.to = clock(v.hours.Week[i].From), clock(v.hours.Week[i].To)
		}
		out = append(out, row)
	}
	return out
}

// clock writes a minute of the day; midnight at the end of it is 00:00.
func clock(minute int) string {
	return time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC).Format("15:04")
}

func (v rulesView) closedDays() string {
	if v.closedSent != "" {
		return v.closedSent
	}
	var out []string
	for _, day := range v.hours.Closed {
		if t, err := time.Parse(time.DateOnly, day); err == nil {
			out = append(out, t.Format("02/01/2006"))
		}
	}
	return strings.Join(out, "\n")
}

// hoursSentence says in plain words when deadlines count. Days that follow each
// other and have the same hours are told together.
func (v rulesView) hoursSentence() string {
	h := v.hours
	if v.hoursErr != nil {
		h = v.hoursKept
	}
	if !h.On {
		return v.l.T("followup.hours.always")
	}
	var parts []string
	for i := 0; i < len(h.Week); {
		j := i
		for j+1 < len(h.Week) && h.Week[j+1] == (FollowUpShift{h.Week[j].Day + 1, h.Week[i].From, h.Week[i].To}) {
			j++
		}
		name := v.l.T("followup.day." + strconv.Itoa(h.Week[i].Day))
		if j > i {
			name = v.l.T("followup.hours.days", "first", name, "last", v.l.T("followup.day."+strconv.Itoa(h.Week[j].Day)))
		}
		parts = append(parts, v.l.T("followup.hours.part", "days", name, "from", clock(h.Week[i].From), "to", clock(h.Week[i].To)))
		i = j + 1
	}
	text := v.l.T("followup.hours.says", "list", strings.Join(parts, "; "))
	if h.Holidays {
		text += " " + v.l.T("followup.hours.says.holidays")
	}
	if len(h.Closed) > 0 {
		text += " " + v.l.T("followup.hours.says.closed", "n", len(h.Closed))
	}
	return text
}

type (
	followUpHoursInput  struct{ Body FollowUpHours }
	followUpHoursOutput struct{ Body FollowUpHours }
)

func (r *Room) hoursAPI(ctx context.Context, _ *struct{}) (*followUpHoursOutput, error) {
	h, err := r.Hours(ctx)
	return &followUpHoursOutput{h}, err
}

func (r *Room) putHoursAPI(ctx context.Context, in *followUpHoursInput) (*followUpHoursOutput, error) {
	h, err := r.SaveHours(ctx, in.Body)
	return &followUpHoursOutput{h}, err
}
