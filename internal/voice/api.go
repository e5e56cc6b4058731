package voice

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	// VoicePeriodInput says of which time. (Exported, as huma only fills exported fields.)
	VoicePeriodInput struct {
		Period string `query:"period" enum:"7,30,90,365,all" default:"90" doc:"So many days until now (or until the last text, where that is long ago), or all"`
	}
	// VoiceFilterInput says which texts.
	VoiceFilterInput struct {
		VoicePeriodInput
		Sentiment  string `query:"sentiment" enum:"negative,neutral,positive"`
		Topic      string `query:"topic" maxLength:"40"`
		Urgency    string `query:"urgency" enum:"1,2,3" doc:"At least"`
		Touchpoint string `query:"touchpoint" maxLength:"200" doc:"Key"`
		Platform   string `query:"platform" maxLength:"60"`
		Language   string `query:"language" enum:"it,en,fr,de,es"`
		Word       string `query:"q" maxLength:"100" doc:"Stands in the text; the last 2,000 texts that hold it are looked through"`
		Corrected  bool   `query:"corrected" doc:"Only those of which somebody put a label right"`
		Person     string `query:"person" maxLength:"36" doc:"Only by this person"`
		After      string `query:"after" maxLength:"80" doc:"What next of the page before gave"`
		Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	// VoiceTextPath names a text.
	VoiceTextPath struct {
		ID string `path:"id" maxLength:"36" doc:"The interaction's"`
	}
	voiceCorrectInput struct {
		VoiceTextPath
		Body struct {
			Aspect string `json:"aspect" enum:"sentiment,topic,urgency,language"`
			Value  string `json:"value" maxLength:"60" doc:"What is right; of a topic + or - and its key"`
		}
	}
	// VoiceText is a text, with what is told of it.
	VoiceText struct {
		ID         string            `json:"id" doc:"The interaction's"`
		Time       time.Time         `json:"time"`
		Person     string            `json:"person" doc:"Empty: nobody known"`
		Event      string            `json:"event"`
		Touchpoint string            `json:"touchpoint"`
		Platform   string            `json:"platform"`
		Scale      string            `json:"scale" doc:"Of the answer it came with; empty: none"`
		Score      float64           `json:"score" doc:"In the scale's own units"`
		Text       *string           `json:"text" doc:"Null for those who may not see people"`
		Labels     VoiceLabels       `json:"labels" doc:"Inferred, but where by_hand"`
		Corrected  []VoiceCorrection `json:"corrections"`
	}
	// VoiceCorrection is a label that somebody put right.
	VoiceCorrection struct {
		ID     string    `json:"id"`
		Aspect string    `json:"aspect"`
		Value  string    `json:"value"`
		Was    string    `json:"was" doc:"What the models had told"`
		By     string    `json:"by"`
		At     time.Time `json:"at"`
	}
	voiceLearningOutput struct {
		Body struct {
			Gains []VoiceGain `json:"gains" doc:"How much better each field is told since, on corrections that were held back"`
		}
	}
	voiceListOutput struct {
		Body struct {
			Span  VoiceSpan   `json:"span"`
			Items []VoiceText `json:"items"`
			Next  string      `json:"next" doc:"Continues the list; empty at its end"`
			All   int64       `json:"all" doc:"How many the list has; -1 on later pages"`
		}
	}
	voiceOutput     struct{ Body VoiceText }
	voiceOverOutput struct {
		Body struct {
			Span        VoiceSpan   `json:"span"`
			Former      VoiceSpan   `json:"former"`
			Now         VoiceTally  `json:"now"`
			Before      VoiceTally  `json:"before"`
			Topics      []VoicePart `json:"topics"`
			Languages   []VoicePart `json:"languages"`
			Platforms   []VoicePart `json:"platforms"`
			Touchpoints []VoicePart `json:"touchpoints"`
			Moves       []VoiceMove `json:"moves" doc:"What changed by more than chance explains"`
			Tested      int         `json:"tested"`
			FalseAlarms float64     `json:"false_alarms" doc:"What part of the moves may be chance"`
		}
	}
)

func (r *Room) registerAPI(s *web.Site) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/voice" + path, Summary: summary, Tags: []string{"voice"}}
	}
	r.registerTopicAPI(s, op)
	r.registerThemeAPI(s, op)
	web.Operation(s, op("get-voice-overview", http.MethodGet, "/overview", "What people said in a time, against the time before"), nil, r.overviewAPI)
	web.Operation(s, op("list-voices", http.MethodGet, "/texts", "What people wrote, the latest first, with what it means"), nil, r.listAPI)
	web.Operation(s, op("get-voice-learning", http.MethodGet, "/learning", "What was learnt from corrections"), nil, func(context.Context, *struct{}) (*voiceLearningOutput, error) {
		var out voiceLearningOutput
		out.Body.Gains = r.gains()
		return &out, nil
	})
	web.Operation(s, op("get-voice", http.MethodGet, "/texts/{id}", "One text, with what it means"), nil, func(ctx context.Context, in *VoiceTextPath) (*voiceOutput, error) {
		return r.oneAPI(ctx, in.ID)
	})
	web.Operation(s, op("correct-voice", http.MethodPost, "/texts/{id}/corrections", "Put a label right"), correctors(), func(ctx context.Context, in *voiceCorrectInput) (*voiceOutput, error) {
		id, err := experience.ParseID(in.ID)
		if err == nil {
			err = r.Correct(ctx, id, in.Body.Aspect, in.Body.Value, web.UserFrom(ctx))
		}
		if err != nil {
			return nil, err
		}
		return r.oneAPI(ctx, in.ID)
	})
	web.Operation(s, op("undo-voice-correction", http.MethodDelete, "/corrections/{id}", "Take a correction back"), correctors(), func(ctx context.Context, in *VoiceTextPath) (*voiceOutput, error) {
		id, err := experience.ParseID(in.ID)
		if err != nil {
			return nil, err
		}
		voice, err := r.Undo(ctx, id, web.UserFrom(ctx))
		if err != nil {
			return nil, err
		}
		return r.oneAPI(ctx, voice.String())
	})
}

func (r *Room) oneAPI(ctx context.Context, id string) (*voiceOutput, error) {
	parsed, err := experience.ParseID(id)
	if err != nil {
		return nil, err
	}
	v, err := r.Get(ctx, parsed)
	return &voiceOutput{textOf(v, web.UserFrom(ctx).SeesPeople())}, err
}

func textOf(v Voice, sees bool) VoiceText {
	t := VoiceText{ID: v.ID.String(), Time: v.Time, Person: v.Person.String(), Event: v.Name, Touchpoint: v.Touchpoint, Platform: v.Platform,
		Scale: v.Scale, Score: v.Score, Labels: v.Labels, Corrected: []VoiceCorrection{}}
	if sees && v.Worded {
		t.Text = &v.Text
	}
	t.Labels.Topics, t.Labels.Emotions = append([]VoiceLabel{}, t.Labels.Topics...), append([]VoiceEmotion{}, t.Labels.Emotions...)
	t.Labels.Impacts, t.Labels.Sentences = append([]VoiceImpact{}, t.Labels.Impacts...), append([]VoicePiece{}, t.Labels.Sentences...)
	t.Labels.Signals = append([]string{}, t.Labels.Signals...)
	for _, c := range v.Corrected {
		t.Corrected = append(t.Corrected, VoiceCorrection{c.ID.String(), c.Aspect, c.Value, c.Was, c.Name, c.At})
	}
	return t
}

func (r *Room) listAPI(ctx context.Context, in *VoiceFilterInput) (*voiceListOutput, error) {
	sees := web.UserFrom(ctx).SeesPeople()
	f := Filter{Period: in.Period, Sentiment: in.Sentiment, Topic: in.Topic, Urgency: in.Urgency, Touchpoint: in.Touchpoint, Platform: in.Platform,
		Language: in.Language, Word: in.Word, Corrected: in.Corrected, Person: in.Person}
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.Word != "" && !sees {
		return nil, experience.Errorf(experience.Forbidden, "voice.error.word")
	}
	e, err := r.extent(ctx)
	if err != nil {
		return nil, err
	}
	var out voiceListOutput
	out.Body.Span, out.Body.Items = e.span(f.Period, web.LocaleFrom(ctx).Zone()), []VoiceText{}
	p, err := r.List(ctx, f, out.Body.Span, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	for _, v := range p.Voices {
		out.Body.Items = append(out.Body.Items, textOf(v, sees))
	}
	out.Body.Next, out.Body.All = p.Next, p.All
	return &out, nil
}

func (r *Room) overviewAPI(ctx context.Context, in *VoicePeriodInput) (*voiceOverOutput, error) {
	e, err := r.extent(ctx)
	if err != nil {
		return nil, err
	}
	zone := web.LocaleFrom(ctx).Zone()
	o, err := r.Overview(ctx, e.span(in.Period, zone), zone)
	if err != nil {
		return nil, err
	}
	var out voiceOverOutput
	b := &out.Body
	b.Span, b.Former, b.Now, b.Before, b.Tested, b.FalseAlarms = o.Span, o.Former, o.Now, o.Before, o.Tested, falseAlarms
	b.Topics, b.Languages, b.Platforms, b.Touchpoints = append([]VoicePart{}, o.Topics...), append([]VoicePart{}, o.Languages...), append([]VoicePart{}, o.Platforms...), append([]VoicePart{}, o.Touchpoints...)
	b.Moves = append([]VoiceMove{}, o.Moves...)
	return &out, nil
}
