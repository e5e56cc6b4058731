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
	voiceTopicsOutput struct {
		Body struct {
			Version  int64              `json:"version" doc:"0: nobody changed anything yet"`
			Topics   []VoiceTopic       `json:"topics" doc:"Each before its parts"`
			Progress VoiceProgress      `json:"progress" doc:"Texts read by these topics; the others follow in the background"`
			Versions []VoiceTreeVersion `json:"versions" doc:"The latest ones, the latest first"`
		}
	}
	voiceTopicsInput struct {
		Body struct {
			Version int64        `json:"version" doc:"That this tree was made from; it must be the one that holds"`
			Topics  []VoiceTopic `json:"topics" maxItems:"200" doc:"The whole tree, each topic before its parts. One of Regia's own that is left out is switched off"`
		}
	}
	voiceTrialInput struct {
		Body struct {
			Topics []VoiceTopic `json:"topics" maxItems:"200" doc:"The whole tree"`
		}
	}
	voiceTrialOutput  struct{ Body VoiceTrial }
	voiceThemesOutput struct {
		Body struct {
			VoiceThemes
			ThrownAway []VoiceDiscarded `json:"thrown_away"`
		}
	}
	voiceThemePath struct {
		ID string `path:"id" maxLength:"36"`
	}
	voiceDiscardInput struct {
		Body struct {
			Words []string `json:"words" minItems:"2" maxItems:"20"`
		}
	}
	// VoiceDiscarded is a theme that somebody threw away.
	VoiceDiscarded struct {
		ID    string    `json:"id"`
		Words []string  `json:"words"`
		By    string    `json:"by"`
		At    time.Time `json:"at"`
	}
	voiceRestoreInput struct {
		Body struct {
			Version int64 `json:"version" doc:"That holds now"`
			Of      int64 `json:"of" minimum:"0" doc:"That is to hold again; 0 is Regia's own tree"`
		}
	}
)

func (r *Room) registerTopicAPI(s *web.Site, op func(id, method, path, summary string) huma.Operation) {
	web.Operation(s, op("get-voice-topics", http.MethodGet, "/topics", "What texts can be about, and the words by which that is told"), nil,
		func(ctx context.Context, _ *struct{}) (*voiceTopicsOutput, error) { return r.topicsAPI(ctx) })
	web.Operation(s, op("put-voice-topics", http.MethodPut, "/topics", "Change what texts can be about"), editors(),
		func(ctx context.Context, in *voiceTopicsInput) (*voiceTopicsOutput, error) {
			if _, err := r.SaveTopics(ctx, in.Body.Version, tidied(in.Body.Topics), deed{what: didWhole}, web.UserFrom(ctx)); err != nil {
				return nil, err
			}
			return r.topicsAPI(ctx)
		})
	web.Operation(s, op("try-voice-topics", http.MethodPost, "/topics/trial", "What a tree of topics would change about the last texts; nothing is kept"), editors(),
		func(ctx context.Context, in *voiceTrialInput) (*voiceTrialOutput, error) {
			t, err := r.tryTopics(ctx, tidied(in.Body.Topics))
			return &voiceTrialOutput{t}, err
		})
	web.Operation(s, op("restore-voice-topics", http.MethodPost, "/topics/restore", "Have an earlier version of the topics hold again"), editors(),
		func(ctx context.Context, in *voiceRestoreInput) (*voiceTopicsOutput, error) {
			if _, err := r.RestoreTopics(ctx, in.Body.Version, in.Body.Of, web.UserFrom(ctx)); err != nil {
				return nil, err
			}
			return r.topicsAPI(ctx)
		})
}

func (r *Room) registerThemeAPI(s *web.Site, op func(id, method, path, summary string) huma.Operation) {
	web.Operation(s, op("get-voice-themes", http.MethodGet, "/themes", "What texts that no topic fits have in common"), nil,
		func(ctx context.Context, in *VoicePeriodInput) (*voiceThemesOutput, error) {
			return r.themesAPI(ctx, in.Period)
		})
	web.Operation(s, op("discard-voice-theme", http.MethodPost, "/themes/discarded", "Throw a theme away: it is not suggested again"), editors(),
		func(ctx context.Context, in *voiceDiscardInput) (*struct{}, error) {
			return nil, r.Discard(ctx, in.Body.Words, web.UserFrom(ctx))
		})
	web.Operation(s, op("restore-voice-theme", http.MethodDelete, "/themes/discarded/{id}", "Have a theme that was thrown away be suggested again"), editors(),
		func(ctx context.Context, in *voiceThemePath) (*struct{}, error) {
			id, err := experience.ParseID(in.ID)
			if err != nil {
				return nil, experience.Errorf(experience.NotFound, "voice.error.theme.none")
			}
			return nil, r.TakeUp(ctx, id, web.UserFrom(ctx))
		})
}

func (r *Room) themesAPI(ctx context.Context, period string) (*voiceThemesOutput, error) {
	e, err := r.extent(ctx)
	if err != nil {
		return nil, err
	}
	found, err := r.Themes(ctx, e.span(period, web.LocaleFrom(ctx).Zone()))
	if err != nil {
		return nil, err
	}
	var out voiceThemesOutput
	out.Body.VoiceThemes, out.Body.ThrownAway = *found.to(web.UserFrom(ctx).SeesPeople()), []VoiceDiscarded{}
	away, err := r.discarded(ctx)
	for _, d := range away {
		out.Body.ThrownAway = append(out.Body.ThrownAway, VoiceDiscarded{d.ID.String(), d.Words, d.By, d.At})
	}
	return &out, err
}

// tidied gives topics with their phrases as they are kept.
func tidied(topics []VoiceTopic) []VoiceTopic {
	for i := range topics {
		topics[i].Surely, topics[i].Words = tidy(topics[i].Surely), tidy(topics[i].Words)
	}
	return topics
}

func (r *Room) topicsAPI(ctx context.Context) (*voiceTopicsOutput, error) {
	var out voiceTopicsOutput
	t, err := r.topicTree(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.Version, out.Body.Topics = t.version, t.topics
	if out.Body.Progress, err = r.progress(ctx); err != nil {
		return nil, err
	}
	out.Body.Versions, err = r.treeVersions(ctx, shownVersions)
	return &out, err
}
