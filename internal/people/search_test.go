package people

import (
	"testing"

	"regia/internal/experience"
)

// TestMaskedNamesCannotBeGuessed: who may not see people could otherwise read a
// masked name letter by letter, by what its beginnings find.
func TestMaskedNamesCannotBeGuessed(t *testing.T) {
	h := newHouse(t)
	anna := h.happens(0, "", map[string]any{"firstName": "Anna", "lastName": "Ferri"}, "user_id:a1", "email:anna@example.it").String()
	for _, path := range []string{"/people?q=", "/people/suggest?q=", "/api/v1/people?q="} {
		for _, beginning := range []string{"an", "ferr", "anna@ex", "a1"} {
			h.wants(h.page(experience.Store, path+beginning), anna)
			if beginning == "a1" {
				h.wants(h.page(experience.Viewer, path+beginning), anna)
			} else {
				h.wantsNo(h.page(experience.Viewer, path+beginning), anna)
			}
		}
	}
}
