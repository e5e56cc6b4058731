package people

import (
	"context"
	"maps"
	"testing"

	"regia/internal/experience"
	"regia/internal/registry"
)

func TestTraitValuesAreTheLatestOfEachPerson(t *testing.T) {
	engines(t, func(t *testing.T, open func() *registry.DB) {
		r := &Records{DB: open()}
		id := func(name string) experience.ID { return experience.HashID(key, name) }
		err := r.DB.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			for subject, person := range map[string]string{"phone": "anna", "laptop": "anna", "till": "bruno", "kiosk": "carla"} {
				if _, err := tx.Exec(ctx, `INSERT INTO subjects (id, person_id, torn, members) VALUES ($1, $2, FALSE, $3)`, asKey(id(subject)), asKey(id(person)), []byte{}); err != nil {
					return err
				}
			}
			for i, said := range [][3]string{{"phone", "city", `"Rome"`}, {"laptop", "city", `"Milan"`}, {"till", "city", `"Turin"`}, {"kiosk", "city", `{"a":1}`}, {"till", "age", "31"}, {"phone", "E-Mail", `"anna@example.it"`}, {"phone", "lastName", `"Ferri"`}, {"phone", "address", `{"street":"Via Roma 1"}`}} {
				if _, err := tx.Exec(ctx, `INSERT INTO traits (subject, name, value, at, source) VALUES ($1, $2, $3, $4, 'web')`, asKey(id(said[0])), said[1], said[2], i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.TraitValues(t.Context(), "city")
		if want := map[experience.ID]string{id("anna"): "Milan", id("bruno"): "Turin"}; err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, want %v (%v)", got, want, err)
		}
		if names, err := r.CommonTraits(t.Context()); err != nil || len(names) != 2 || names[0] != "city" {
			t.Errorf("%v (%v)", names, err)
		}
	})
}
