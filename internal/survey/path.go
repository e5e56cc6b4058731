package survey

import "slices"

// end is the place after the last question.
func (s *Survey) end() int { return len(s.Questions) }

// after gives the place of the question that follows the one at i, as far as
// was answered: the end is len(Questions). Rules only lead forward, so every
// walk ends.
func (s *Survey) after(i int, answers Answers) int {
	q := &s.Questions[i]
	for _, r := range q.Rules {
		asked := r.Question
		if asked == "" {
			asked = q.Key
		}
		if !r.holds(answers[asked]) {
			continue
		}
		if r.Go == End {
			return s.end()
		}
		if to := s.question(r.Go); to > i {
			return to
		}
	}
	return i + 1
}

// beyond gives the place after the last question that stands on one page with
// the one at i and those between them.
func (s *Survey) beyond(i int) int {
	for i++; i < s.end() && s.joined(i); i++ {
	}
	return i
}

// joined tells whether a question stands on the page of the one before it: not
// where that one decides where to go.
func (s *Survey) joined(i int) bool {
	return s.Questions[i].Joined && len(s.Questions[i-1].Rules) == 0
}

// walk gives the first questions of the pages that somebody with these answers
// goes through, in order, and the answers that lie on the way. Others decide
// nothing: somebody went back and then another way.
func (s *Survey) walk(answers Answers) (way []int, kept Answers) {
	kept = Answers{}
	for i := 0; i < s.end(); {
		way = append(way, i)
		beyond := s.beyond(i)
		for _, q := range s.Questions[i:beyond] {
			if a, ok := answers[q.Key]; ok {
				kept[q.Key] = a
			}
		}
		i = s.after(beyond-1, kept)
	}
	return way, kept
}

// next gives the first question of the page after the one that begins with i,
// on the way of these answers; len(Questions) is the end.
func (s *Survey) next(i int, answers Answers) int {
	way, _ := s.walk(answers)
	if at := slices.Index(way, i); at >= 0 && at+1 < len(way) {
		return way[at+1]
	}
	return s.end()
}

// before gives the first question of the page before the one that begins with
// i, on the way of these answers; -1 where it is the first.
func (s *Survey) before(i int, answers Answers) int {
	way, _ := s.walk(answers)
	if at := slices.Index(way, i); at > 0 {
		return way[at-1]
	}
	return -1
}

// kept leaves out answers that do not lie on the way.
func (s *Survey) kept(answers Answers) Answers {
	_, kept := s.walk(answers)
	return kept
}

// unanswered gives the first page on the way where something required is
// missing, -1 where nothing is.
func (s *Survey) unanswered(answers Answers) int {
	way, kept := s.walk(answers)
	for _, i := range way {
		if s.lacking(i, kept) {
			return i
		}
	}
	return -1
}

// lacking tells whether something required is missing on the page that begins with i.
func (s *Survey) lacking(i int, answers Answers) bool {
	return slices.ContainsFunc(s.Questions[i:s.beyond(i)], func(q Question) bool { return q.missing(answers[q.Key]) })
}
