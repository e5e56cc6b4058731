package journey

import "regia/internal/web"

// living is how a map is really lived: what its page shows beside the drawing.
type living struct{}

// living gives the living figures of a map for its page.
func (r *Room) living(*web.Request, Map) (living, error) { return living{}, nil }
