package voice

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

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
