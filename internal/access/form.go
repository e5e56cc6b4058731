package access

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// form is what somebody typed, and what is wrong with it, field by field.
type form struct {
	values  map[string]string
	wrong   map[string]string // in the reader's language
	trouble string            // wrong with all of it
	status  int
}

const maxForm = 256 << 10

// emptyForm shows values that nobody typed yet.
func emptyForm(values map[string]string) *form {
	return &form{values: values, wrong: map[string]string{}, status: http.StatusOK}
}

// readForm takes the fields of a request.
func readForm(w http.ResponseWriter, r *web.Request, fields ...string) (*form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, experience.Errorf(experience.Invalid, "the form could not be read")
	}
	f := emptyForm(map[string]string{})
	for _, name := range fields {
		f.values[name] = strings.ReplaceAll(r.PostForm.Get(name), "\r\n", "\n")
	}
	return f, nil
}

// fail marks a field as wrong.
func (f *form) fail(name, text string) {
	f.wrong[name] = text
	f.status = http.StatusUnprocessableEntity
}

// refused takes in an error that the person can mend; false for one they cannot.
func (f *form) refused(l *web.Locale, err error) bool {
	switch experience.CodeOf(err) {
	case experience.Invalid, experience.Conflict, experience.Unauthorised, experience.TooMany, experience.Unavailable:
	default:
		return false
	}
	if name := fieldOf(err); name != "" {
		f.fail(name, l.Explain(err))
		return true
	}
	f.trouble, f.status = l.Explain(err), web.Status(err)
	return true
}

// fieldOf names the field an error is about; "" is all of them.
func fieldOf(err error) string {
	for name, about := range map[string][]error{
		"email":    {errEmail, errTaken},
		"name":     {errName},
		"role":     {errRole},
		"language": {errLanguage},
		"password": {errPasswordShort, errPasswordLong, errPasswordObvious},
		"present":  {errCurrent},
	} {
		if slices.ContainsFunc(about, func(e error) bool { return errors.Is(err, e) }) {
			return name
		}
	}
	return ""
}

// field is p with what was typed and what is wrong with it. Passwords are not
// sent back.
func (f *form) field(p web.FieldProps) web.FieldProps {
	p.Error = f.wrong[p.Name]
	if p.Type != "password" {
		p.Value = f.values[p.Name]
	}
	return p
}

// lines are the lines of a field that are not blank, each once.
func lines(text string) []string {
	out := []string{}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, ",", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

func roleChoices(l *web.Locale, chosen experience.Role) []web.Choice {
	var out []web.Choice
	for _, r := range experience.Roles {
		out = append(out, web.Choice{Value: string(r), Label: web.Capital(l.RoleLabel(r)), Selected: r == chosen})
	}
	return out
}

// done goes back to a page that then says what was done.
func done(w http.ResponseWriter, r *web.Request, path, what string) error {
	http.Redirect(w, r.Request, path+"?done="+what, http.StatusSeeOther)
	return nil
}

// doneText is what done said, in words; "" when there is none.
func doneText(r *web.Request) string {
	key := "access.done." + r.URL.Query().Get("done")
	if !r.L.Has(key) {
		return ""
	}
	return r.L.T(key)
}

func newPasswordField(label, hint string) web.FieldProps {
	return web.FieldProps{Name: "password", Type: "password", Label: label, Hint: hint, Auto: "new-password", Required: true}
}

func userPath(u User, action string) string { return "/settings/users/" + u.ID.String() + "/" + action }
