package survey

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// from is a browser of a kind at an address.
type from struct{ address, agent string }

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-At", f.address)
	r.Header.Set("User-Agent", f.agent)
	return http.DefaultTransport.RoundTrip(r)
}

// doors is a desk whose open doors are paced, and how somebody comes by one.
func doors(t *testing.T) (d *desk, key string, come func(by Channel, f from) *respondent) {
	d = newDesk(t)
	d.Address = func(r *http.Request) string { return r.Header.Get("X-At") }
	key = d.publish(sample())
	return d, key, func(by Channel, f from) *respondent {
		p := d.respondent(Ticket{Survey: key, Channel: by, Language: "it"})
		p.Transport = f
		return p.open("")
	}
}

// A device that answers an open link over and over must wait; what was typed
// stays on the page, and can be sent later.
func TestAnOpenLinkHasAPace(t *testing.T) {
	d, _, come := doors(t)
	one := from{"203.0.113.7:4711", "Phone"}
	for range 5 {
		come(ByLink, one).send("q1", "3").shows(200, "Che cosa non ha funzionato?")
	}
	p := come(ByLink, one).send("q1", "2")
	p.shows(429, "Da qui sono arrivate molte risposte", `value="2" required checked`)
	come(ByLink, from{"203.0.113.7:4712", "Another phone"}).send("q1", "3").shows(200)
	come(ByLink, from{"203.0.113.8:4713", "Phone"}).send("q1", "3").shows(200)

	if n := d.pace.begun; len(n) == 0 {
		t.Fatal("nothing was counted")
	} else {
		for key := range n {
			if strings.Contains(key, "203.0.113") {
				t.Error("an address is remembered")
			}
		}
	}
	d.watch.pass(paceWindow)
	p.send("q1", "2").shows(200, "Che cosa non ha funzionato?")
}

// A shop has one address for all who scan the code on its counter, and many
// phones are alike; a tablet at the door is one device for everybody. None of
// them is locked out.
func TestAShopIsNotLockedOut(t *testing.T) {
	_, _, come := doors(t)
	for n := range 100 {
		come(ByQR, from{"198.51.100.1:1", fmt.Sprintf("Phone %d", n/30)}).send("q1", "3").shows(200, "Che cosa non ha funzionato?")
	}
	for range 50 {
		come(ByKiosk, from{"198.51.100.1:1", "Tablet"}).send("q1", "3").shows(200, "Che cosa non ha funzionato?")
	}
	for range 80 { // a proxy that nobody named
		come(ByLink, from{"127.0.0.1:1", "Phone"}).send("q1", "3").shows(200)
	}
}

// Nobody waits longer than a window, and in one no more begin than may.
func TestPace(t *testing.T) {
	var p pace
	at := noon
	most := map[string]int{"device": 2, "address": 3}
	var waits []time.Duration
	for _, after := range []time.Duration{0, time.Minute, time.Minute, 8 * time.Minute, 0} {
		at = at.Add(after)
		waits = append(waits, p.count(at, most))
	}
	if diff := cmp.Diff([]time.Duration{0, 0, 8 * time.Minute, 0, 0}, waits); diff != "" {
		t.Error(diff)
	}
}
