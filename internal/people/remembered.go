package people

import "regia/internal/experience"

// remembered is which person subjects belong to, of those seen lately. It has
// two generations: when the young one is full, the old one goes, and what is
// asked for in between moves over. So it keeps what keeps coming back.
type remembered struct {
	young, old map[experience.ID]experience.ID
}

// generation is how many subjects one generation holds; both take about 30 MB.
const generation = 250_000

func (r *remembered) get(subject experience.ID) (experience.ID, bool) {
	if p, ok := r.young[subject]; ok {
		return p, true
	}
	p, ok := r.old[subject]
	if ok {
		r.put(subject, p)
	}
	return p, ok
}

func (r *remembered) put(subject, person experience.ID) {
	if len(r.young) >= generation {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[experience.ID]experience.ID{}
	}
	r.young[subject] = person
}

func (r *remembered) forget() { r.young, r.old = nil, nil }
