package collect

import (
	"net/http"
	"strings"
	"testing"

	"regia/internal/experience"
)

// TestImportID: a batch of /v1/import may say which import it belongs to; no
// other address listens to that.
func TestImportID(t *testing.T) {
	h := newHouse(t, nil)
	id := experience.NewID()
	batch := func(around string) string {
		return `{` + around + `"batch":[{"type":"track","userId":"u","event":"X","messageId":"1","importId":"` + experience.NewID().String() + `"}]}`
	}
	for _, c := range []struct {
		path, around string
		want         experience.ID
	}{
		{"/v1/import", `"importId":"` + id.String() + `",`, id},
		{"/v1/import", `"importId":"` + strings.ToUpper(id.String()) + `",`, id},
		{"/v1/import", `"importId":null,`, experience.ID{}},
		{"/v1/import", ``, experience.ID{}},
		{"/v1/batch", `"importId":"` + id.String() + `",`, experience.ID{}},
	} {
		if got := h.one(ServerSource, c.path, batch(c.around)).Import; got != c.want {
			t.Errorf("%s %s: %v", c.path, c.around, got)
		}
	}
	for _, bad := range []string{`"x"`, `""`, `7`, `{}`, `"00000000-0000-0000-0000-000000000000"`} {
		a := h.post(ServerSource, "/v1/import", batch(`"importId":`+bad+`,`))
		if a.status != http.StatusBadRequest || !strings.Contains(a.Error, "importId must be a UUID") || len(h.records()) > 0 {
			t.Errorf("%s: %d %s", bad, a.status, a.Error)
		}
	}
}
