package survey

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// pace keeps an open door from being answered over and over by one device. What
// it counts by is a hash with a key of the day, in memory alone: it tells
// nobody's address, and nothing of yesterday.
type pace struct {
	mu    sync.Mutex
	since time.Time
	begun map[string]int
}

const (
	// paceWindow is how long answers are counted together.
	paceWindow = 10 * time.Minute
	// paceMost is how many devices and addresses are counted at a time; of more,
	// those that come last are not.
	paceMost = 200_000
)

// paces say how many answers may begin in a window by a way: at one device, and
// at one address, behind which there may be many people. At a shop's code they
// share its address, and phones of one kind look alike; at a kiosk all are at
// one device, and ten seconds is the least that an answer takes.
func paces(by Channel) (device, address int) {
	switch by {
	case ByQR:
		return 40, 150
	case ByKiosk:
		return 60, 60
	}
	return 5, 60
}

// wait counts an answer that begins by an open door, and gives how long it must
// wait; 0 = not at all. An address of this very machine is that of a proxy that
// was not named: everybody comes by it, so nobody waits.
func (r *Room) wait(v *visit) time.Duration {
	if r.Address == nil || v.ticket.Invitation != "" || v.begun {
		return 0
	}
	at, err := netip.ParseAddr(r.Address(v.Request.Request))
	if err != nil {
		if port, err := netip.ParseAddrPort(r.Address(v.Request.Request)); err == nil {
			at = port.Addr()
		}
	}
	at = at.Unmap()
	if !at.IsValid() || at.IsLoopback() {
		return 0
	}
	if at.Is6() { // a household has a network of its own
		if net, err := at.Prefix(64); err == nil {
			at = net.Addr()
		}
	}
	now := r.Clock()
	key := mac(r.Tickets.key, "pace\n"+now.UTC().Format(time.DateOnly))
	place := v.ticket.Survey + "\n" + string(v.ticket.Channel) + "\n" + at.String()
	address := string(mac(key, place)[:signature])
	device := string(mac(key, place+"\n"+v.Header.Get("User-Agent")+"\n"+v.Header.Get("Accept-Language"))[:signature])
	atDevice, atAddress := paces(v.ticket.Channel)
	return r.pace.count(now, map[string]int{device: atDevice, address: atAddress})
}

// count counts one more under each key, where none has reached its most.
func (p *pace) count(now time.Time, most map[string]int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.since) >= paceWindow || now.Before(p.since) || p.begun == nil {
		p.since, p.begun = now, map[string]int{}
	}
	for key, n := range most {
		if p.begun[key] >= n {
			return p.since.Add(paceWindow).Sub(now)
		}
	}
	for key := range most {
		if _, known := p.begun[key]; known || len(p.begun) < paceMost {
			p.begun[key]++
		}
	}
	return 0
}

// holdUp shows the page again with all that was typed, and says when it can be
// sent.
func (r *Room) holdUp(w http.ResponseWriter, v *visit, s *sheet, given Answers, wait time.Duration) error {
	s.answers = v.answers.with(given)
	p := r.page(v, s)
	p.note = v.say.say("pace")
	w.Header().Set("Retry-After", strconv.Itoa(1+int(wait.Seconds())))
	return r.send(w, v, http.StatusTooManyRequests, p)
}
