package app_test

import (
	"regia/internal/experience"
	"regia/internal/survey"
)

// surveyed publishes a survey that Zebedeo answers, and gives what stands for
// it in paths.
func (h *house) surveyed() []string {
	h.t.Helper()
	ctx, surveys := h.t.Context(), h.Surveys
	sets, err := survey.Sets()
	h.must(err)
	draft := sets[6]
	draft.Key = "spare"
	_, err = surveys.Store.Create(ctx, "test", draft)
	h.must(err)
	_, err = surveys.Store.Publish(ctx, "test", draft.Key)
	h.must(err)
	v, _, err := surveys.Store.Current(ctx, draft.Key)
	h.must(err)
	ticket := survey.Ticket{Survey: draft.Key, Channel: survey.ByLink}
	worst := 0
	_, err = surveys.Store.Keep(ctx, v, survey.Step{ID: experience.NewID(), Ticket: ticket, Language: "it", Finish: true,
		Answers: survey.Answers{"q1": {Score: &worst}, "q2": {Text: "Zebedeo Unico aspetta ancora: 347 555 0199"}}})
	h.must(err)
	token, err := surveys.Tickets.Sign(ticket)
	h.must(err)
	return []string{"/surveys/{key}", "/surveys/" + draft.Key, "/s/{token}", "/s/" + token, "/s/look/{colour}", "/s/look/0f4f5b"}
}
