package collect

import "strings"

// Refused notes a refusal that another way in has made, as one of the door's
// own: with the source, a class that the page knows, and a reason.
func (d *Door) Refused(source, class, reason string) {
	if !d.enter() {
		return
	}
	defer d.leave()
	if len(reason) > excerptLength {
		reason = strings.ToValidUTF8(reason[:excerptLength], "") + "…"
	}
	d.rejections.add(Rejection{Source: source, Time: d.o.Clock(), Class: class, Reason: reason})
}
