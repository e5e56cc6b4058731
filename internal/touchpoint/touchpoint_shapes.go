package touchpoint

import (
	"time"

	"regia/internal/experience"
)

// The shapes of the API.
type (
	touchpointBinding struct {
		ID         string                 `json:"id"`
		Source     string                 `json:"source,omitempty" doc:"id of the source, or kind:shop and the like for every source of a kind; absent: any"`
		Kind       experience.Kind        `json:"kind,omitempty" doc:"identify, track, page, screen, group or alias; absent: any"`
		Name       string                 `json:"name,omitempty" doc:"name of the event or page, upper and lower case alike; absent: any"`
		Conditions []experience.Condition `json:"conditions,omitempty" doc:"all must hold"`
		Own        bool                   `json:"own" doc:"made here; false: from the default catalogue"`
	}
	// TouchpointFigure is what happened there. Exported, like the others here, only
	// because the API's documentation leaves out what is embedded and is not.
	TouchpointFigure struct {
		Interactions int64      `json:"interactions" doc:"without bots and the company's own people"`
		People       int64      `json:"people" doc:"different known people"`
		LastSeen     *time.Time `json:"last_seen" doc:"when the latest interaction happened"`
	}
	touchpointItem struct {
		Touchpoint
		Bindings []touchpointBinding `json:"bindings" nullable:"false" doc:"in deciding order"`
		TouchpointFigure
	}
	unboundEvent struct {
		Event
		TouchpointFigure
		Suggestion string `json:"suggestion,omitempty" doc:"key of the touchpoint whose events are called most alike"`
	}
	// CatalogueChange is what a change of bindings led to.
	CatalogueChange struct {
		Version int64 `json:"version" doc:"of the catalogue"`
		Applied bool  `json:"applied" doc:"the past has followed; false: it is about to"`
	}
)

// Requests and answers.
type (
	listInput struct {
		Channel    string    `query:"channel" doc:"only this channel"`
		Stage      string    `query:"stage" doc:"only this stage"`
		Ownership  string    `query:"ownership" doc:"only this ownership"`
		Department string    `query:"department" doc:"only this department"`
		Retired    bool      `query:"retired" doc:"retired ones too"`
		From       time.Time `query:"from" doc:"count from this time on; absent: from the beginning"`
		To         time.Time `query:"to" doc:"count until before this time; absent: until now"`
	}
	listOutput struct {
		Body touchpointList
	}
	touchpointList struct {
		Items   []touchpointItem `json:"items" nullable:"false"`
		Next    *string          `json:"next"`
		Version int64            `json:"version" doc:"of the catalogue"`
	}
	// KeyInput names a touchpoint in the path.
	KeyInput struct {
		Key string `path:"key" doc:"key of the touchpoint"`
	}
	touchpointOutput struct{ Body touchpointItem }
	createInput      struct {
		Body touchpointDraft
	}
	touchpointDraft struct {
		Key         string               `json:"key,omitempty" doc:"lower-case letters, digits, hyphens; absent: made of the name"`
		Name        bilingualDraft       `json:"name" doc:"in at least one language"`
		Description bilingualDraft       `json:"description,omitempty"`
		Channel     experience.Channel   `json:"channel" doc:"web, app, shop, phone, email, chat, messaging, post, marketplace, social, reviews, device or server"`
		Digital     bool                 `json:"digital,omitempty" doc:"false: analogue"`
		Ownership   experience.Ownership `json:"ownership" doc:"brand, partner, customer or external"`
		Stage       experience.Stage     `json:"stage" doc:"awareness, consideration, purchase, delivery, use, care or advocacy"`
		Department  string               `json:"department" doc:"who answers for it: marketing, sales, shop, logistics, care, product, it, hr, finance or another word"`
		Order       int                  `json:"order,omitempty" doc:"place within its stage; absent: the last"`
	}
	patchInput struct {
		KeyInput
		Body touchpointPatch
	}
	touchpointPatch struct {
		Name        bilingualPatch        `json:"name,omitempty"`
		Description bilingualPatch        `json:"description,omitempty"`
		Channel     *experience.Channel   `json:"channel,omitempty"`
		Digital     *bool                 `json:"digital,omitempty"`
		Ownership   *experience.Ownership `json:"ownership,omitempty"`
		Stage       *experience.Stage     `json:"stage,omitempty"`
		Department  *string               `json:"department,omitempty"`
		Order       *int                  `json:"order,omitempty"`
		Retired     *bool                 `json:"retired,omitempty"`
	}
	// bilingualDraft is Bilingual of which either language may be left out.
	bilingualDraft struct {
		IT string `json:"it,omitempty"`
		EN string `json:"en,omitempty"`
	}
	// bilingualPatch changes the languages that are there.
	bilingualPatch struct {
		IT *string `json:"it,omitempty"`
		EN *string `json:"en,omitempty"`
	}
	bindInput struct {
		KeyInput
		Body bindingDraft
	}
	bindingDraft struct {
		Source     string                 `json:"source,omitempty" doc:"id of the source, or kind:shop and the like; absent: any"`
		Kind       experience.Kind        `json:"kind,omitempty" doc:"absent: any"`
		Name       string                 `json:"name,omitempty" doc:"absent: any"`
		Conditions []experience.Condition `json:"conditions,omitempty" doc:"all must hold; op is is, is_not, contains or exists"`
	}
	bindOutput struct {
		Body bindingChange
	}
	bindingChange struct {
		Binding touchpointBinding `json:"binding"`
		CatalogueChange
	}
	// BindingInput names a binding of a touchpoint in the path.
	BindingInput struct {
		KeyInput
		ID string `path:"id" doc:"id of the binding"`
	}
	moveInput struct {
		BindingInput
		Body bindingMove
	}
	bindingMove struct {
		Earlier bool `json:"earlier" doc:"true: decide before the one it came after; false: after the one it came before"`
	}
	changeOutput struct{ Body CatalogueChange }
	unboundInput struct {
		Limit  int `query:"limit" minimum:"1" maximum:"500" default:"100"`
		Cursor int `query:"cursor" minimum:"0" doc:"the next of the answer before"`
	}
	unboundOutput struct {
		Body unboundEventList
	}
	unboundEventList struct {
		Items []unboundEvent `json:"items" nullable:"false"`
		Next  *int           `json:"next"`
		Total int            `json:"total"`
	}
)
