package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// tester is what CheckMessages needs of *testing.T; so the package does not
// import testing.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)`)

// CheckMessages checks that a room's two catalogues have the same keys with
// the same placeholders, that no text is empty, and that what counts has a
// singular and a plural.
func CheckMessages(t tester, fsys fs.FS) {
	t.Helper()
	texts := map[string]map[string]any{}
	for _, lang := range Languages {
		name := "messages." + lang + ".json"
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		texts[lang] = m
	}
	for _, pair := range [][2]string{{"it", "en"}, {"en", "it"}} {
		for key, text := range texts[pair[0]] {
			other, ok := texts[pair[1]][key]
			if !ok {
				t.Errorf("%q is in messages.%s.json and not in messages.%s.json", key, pair[0], pair[1])
				continue
			}
			if a, b := placeholders(text), placeholders(other); !slices.Equal(a, b) {
				t.Errorf("%q has placeholders %v in %s and %v in %s", key, a, pair[0], b, pair[1])
			}
			if err := sound(text); err != nil {
				t.Errorf("%q in messages.%s.json: %v", key, pair[0], err)
			}
		}
	}
}

// placeholders lists the names a text fills in. Forms of a plural are taken
// together: "one" may leave the number out.
func placeholders(text any) []string {
	var names []string
	for _, form := range forms(text) {
		for _, m := range placeholder.FindAllStringSubmatch(form, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
	}
	slices.Sort(names)
	return names
}

func forms(text any) []string {
	switch x := text.(type) {
	case string:
		return []string{x}
	case map[string]any:
		var out []string
		for _, v := range x {
			out = append(out, fmt.Sprint(v))
		}
		return out
	}
	return nil
}

func sound(text any) error {
	switch x := text.(type) {
	case string:
		if strings.TrimSpace(x) == "" {
			return fmt.Errorf("is empty")
		}
	case map[string]any:
		if x["one"] == nil || x["other"] == nil {
			return fmt.Errorf(`a plural needs "one" and "other"`)
		}
	default:
		return fmt.Errorf("is neither a text nor a plural")
	}
	return nil
}
