package listen

import (
	"context"
	"slices"

	"regia/internal/web"
)

func (k Kind) known() bool { return slices.Contains(Kinds, k) }

func hearsChoices(ctx context.Context, chosen Hears) []web.Choice {
	out := make([]web.Choice, len(AllHears))
	for k, h := range AllHears {
		out[k] = web.Choice{Value: string(h), Label: web.T(ctx, "listen.hears."+string(h)), Selected: h == chosen}
	}
	return out
}

func securityChoices(ctx context.Context, chosen Security) []web.Choice {
	out := make([]web.Choice, len(Securities))
	for k, s := range Securities {
		out[k] = web.Choice{Value: string(s), Label: web.T(ctx, "listen.security."+string(s)), Selected: s == chosen}
	}
	return out
}

// headline is what the page of a post says first.
func headline(v view) string {
	h := v.post.Health
	switch {
	case h.Fault != "":
		return v.l.T("listen.headline.fault")
	case v.post.Kind.Files() && h.Heard == 0:
		return v.l.T("listen.headline.file")
	case h.Heard == 0:
		return v.l.T("listen.headline.silent")
	}
	return v.l.T("listen.headline", "n", h.Heard, "when", v.l.DateTime(h.LastNew))
}

// accepts is what files a post reads, for the reader's file picker.
func accepts(k Kind) string {
	if k == Google {
		return ".json,application/json"
	}
	return ".mbox,.mbx,.txt,application/mbox"
}
