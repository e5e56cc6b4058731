package survey

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

// exportPage is how many responses an export reads at a time.
const exportPage = 500

// field is a column of an export: a question on one scale.
type field struct {
	question, item, scale string
	typ                   Type
	head                  string
}

// fields are the columns that the versions of a survey make, in the order they
// are asked now.
func fields(versions []*Version) (out []field) {
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i]
		for k := range v.Questions {
			q := &v.Questions[k]
			items := []Choice{{}}
			if q.Type == Matrix {
				items = q.Items
			}
			for _, item := range items {
				f := field{question: q.Key, item: item.Key, scale: q.Scale(), typ: q.Type}
				if slices.ContainsFunc(out, func(x field) bool {
					return x.question == f.question && x.item == f.item && x.scale == f.scale && x.typ == f.typ
				}) {
					continue
				}
				f.head = strings.Trim(q.Key+"."+item.Key, ".") + " (" + string(q.Type) + ") " + q.Text.In(v.language())
				if item.Key != "" {
					f.head += ": " + item.Text.In(v.language())
				}
				out = append(out, f)
			}
		}
	}
	return out
}

// value is what a response has in a column.
func (f field) value(v *Version, r Response) string {
	i := v.question(f.question)
	if i < 0 || v.Questions[i].Scale() != f.scale || v.Questions[i].Type != f.typ {
		return ""
	}
	a := r.Answers[f.question]
	switch {
	case a.Score != nil:
		return strconv.Itoa(*a.Score)
	case f.item != "":
		if score, ok := a.Items[f.item]; ok {
			return strconv.Itoa(score)
		}
		return ""
	case len(a.Choice) > 0:
		var labels []string
		for _, c := range v.Questions[i].Choices {
			if a.chose(c.Key) {
				labels = append(labels, c.Text.In(v.language()))
			}
		}
		return strings.Join(labels, "; ")
	}
	return a.Text
}

// export writes the responses of a survey as CSV (RFC 4180), the latest first.
// What the company's own people said has neither a time nor an id.
func (r *Room) export(ctx context.Context, w *web.Sheet, key string) error {
	versions, err := r.Store.Versions(ctx, key)
	if err != nil {
		return err
	}
	columns := fields(versions)
	staff := len(versions) > 0 && slices.ContainsFunc(versions, func(v *Version) bool { return v.Staff })
	head := []string{"response", "version", "finished", "begun_at", "settled_at", "channel", "language", "about", "shop", "order_id", "product_id"}
	if staff {
		head = []string{"version", "finished"}
	}
	for _, c := range columns {
		head = append(head, c.head)
	}
	w.Write(head...)
	for before := ""; ; {
		list, next, err := r.Store.Settled(ctx, key, before, false, exportPage)
		if err != nil {
			return err
		}
		if staff { // nor an order
			slices.SortFunc(list, func(a, b Response) int {
				return strings.Compare(r.Tickets.shuffle(a.ID), r.Tickets.shuffle(b.ID))
			})
		}
		for _, x := range list {
			w.Write(exported(versions[x.Version-1], x, columns, staff)...)
		}
		w.Flush()
		if before = next; before == "" || w.Error() != nil {
			return w.Error()
		}
	}
}

func exported(v *Version, x Response, columns []field, staff bool) []string {
	row := []string{
		x.ID.String(), strconv.Itoa(x.Version), strconv.FormatBool(!x.FinishedAt.IsZero()), x.BegunAt.Format(time.RFC3339), x.SettledAt.Format(time.RFC3339),
		string(x.Channel), x.Language, x.About, x.Shop, x.OrderID, x.ProductID,
	}
	if staff {
		row = row[1:3:3]
	}
	for _, c := range columns {
		row = append(row, c.value(v, x))
	}
	return row
}

// exportFile answers with a survey's responses as a file.
func (r *Room) exportFile(w http.ResponseWriter, q *web.Request) error {
	key := q.PathValue("key")
	results, err := r.results(q.Context(), q.User, key)
	if err != nil {
		return err
	}
	if results.hidden() {
		return experience.Errorf(experience.Forbidden, "survey.error.few")
	}
	if err := r.export(q.Context(), web.SendSheet(w, key), key); err != nil {
		r.Logger.WarnContext(q.Context(), "an export of answers broke off", "error", err)
		panic(http.ErrAbortHandler) // nobody takes a piece for the whole
	}
	return nil
}

// results gives the results of a survey to somebody who may see them: those of
// the company's own people only to who steers.
func (r *Room) results(ctx context.Context, u *web.User, key string) (*Results, error) {
	out, err := r.Store.Results(ctx, key)
	if err == nil && out.Record.Draft.Staff && !u.May(steerers) {
		return nil, experience.Errorf(experience.Forbidden, "survey.error.staff")
	}
	return out, err
}
