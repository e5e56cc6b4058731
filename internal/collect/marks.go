package collect

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"regia/internal/experience"
)

// visitor is who sent a request: used to mark events, then forgotten.
type visitor struct {
	address netip.Addr // not valid when it is not known, or of no use
	bot     bool
}

func (d *Door) visitorOf(r *http.Request, own *staff) visitor {
	v := visitor{bot: d.bots.named(sent(r.Header, "User-Agent"))}
	if len(own.networks) > 0 {
		v.address = addressOf(r, d.o.TrustedProxies)
	}
	return v
}

// addressOf finds the address a request comes from: the nearest one that is not
// a trusted proxy's. X-Forwarded-For counts only as far as trusted proxies
// wrote it.
func addressOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	address := parseAddress(r.RemoteAddr)
	var hops []string
	for _, h := range r.Header.Values("X-Forwarded-For") {
		hops = append(hops, strings.Split(h, ",")...)
	}
	for i := len(hops) - 1; i >= 0 && within(address, trusted); i-- {
		hop := parseAddress(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break
		}
		address = hop
	}
	return address
}

// Address gives where a request comes from, by the word of trusted proxies.
func Address(r *http.Request, trusted []netip.Prefix) string {
	if a := addressOf(r, trusted); a.IsValid() {
		return a.String()
	}
	return r.RemoteAddr
}

// parseAddress reads an address with or without a port.
func parseAddress(text string) netip.Addr {
	if a, err := netip.ParseAddrPort(text); err == nil { // as requests have it
		return a.Addr().Unmap().WithZone("")
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return a.Unmap().WithZone("")
	}
	return netip.Addr{}
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	return a.IsValid() && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// ParseNetworks reads networks (CIDR) and single addresses.
func ParseNetworks(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		text = strings.TrimSpace(text)
		if n, err := netip.ParsePrefix(text); err == nil {
			if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
				n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
			}
			out = append(out, n.Masked())
			continue
		}
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, experience.Errorf(experience.Invalid, "%q is neither an address nor a network such as 192.0.2.0/24", text)
		}
		a = a.Unmap()
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

// address is where the person of an event is: the request's for a browser or
// an app; for other sources what the context says, as theirs is a machine's.
func (c *checker) address(e *event) netip.Addr {
	if c.source.Kind.Browser() {
		return c.visitor.address
	}
	return parseAddress(textOf(e.told.ip))
}

// bot tells whether an event comes from a crawler. A server that speaks for
// people says whose browser it was in the context: then that alone counts.
func (c *checker) bot(e *event) bool {
	if told := e.told.userAgent; told != nil {
		return c.bots.is(told) || c.source.Kind.Browser() && c.visitor.bot
	}
	return c.visitor.bot
}

// Names of well-known crawlers, previews and monitors that do not say "bot" or
// the like, as whole words. Lower case.
var botNames = map[string]bool{
	"slurp": true, "facebookexternalhit": true, "facebookcatalog": true, "ia_archiver": true, "mediapartners": true,
	"lighthouse": true, "pingdom": true, "statuscake": true, "gtmetrix": true, "headlesschrome": true,
	"phantomjs": true, "electron-headless": true, "monitoring": true, "prerender": true, "scrapy": true, "wappalyzer": true,
	"bingpreview": true, "embedly": true, "outbrain": true, "vkshare": true, "w3c_validator": true,
	"whatsapp": true, "skypeuripreview": true, "nuzzel": true, "flipboardproxy": true, "nagios": true, "zabbix": true,
	"site24x7": true, "datadogsynthetics": true, "newrelicpinger": true, "google-inspectiontool": true, "googleother": true,
	"google-extended": true, "storebot-google": true, "adsbot-google": true, "feedfetcher-google": true, "apis-google": true,
	"chatgpt-user": true, "perplexity-user": true, "claude-user": true, "claude-web": true, "yandeximages": true,
	"seositecheckup": true, "siteimprove": true, "sitechecker": true, "httrack": true, "nutch": true, "heritrix": true,
	"bot": true, "bots": true, "robot": true, "crawler": true, "crawl": true, "spider": true, "scraper": true, "headless": true,
}

// Ends that make a word a crawler's: "googlebot", "baiduspider".
var botEnds = []string{"bot", "crawler", "spider", "robot", "headless"}

// Words that end so and are no crawlers: phones and the like.
var notBots = map[string]bool{"cubot": true, "abbot": true, "talbot": true, "irobot": true}

// bots remembers what isBot said of a user agent, by its JSON: visitors use few
// browsers, and looking at a name takes longer than at the rest of an event.
type bots struct {
	mu    sync.RWMutex
	known map[string]bool
}

// rememberedAgents is how many are remembered; then it begins anew.
const rememberedAgents = 2000

// is tells it of a user agent as JSON.
func (b *bots) is(agent []byte) bool {
	b.mu.RLock()
	bot, known := b.known[string(agent)]
	b.mu.RUnlock()
	if known {
		return bot
	}
	return b.learn(string(agent))
}

// named tells it of a user agent as a request says it.
func (b *bots) named(agent string) bool {
	var room [256]byte // for most
	return b.is(appendText(room[:0], []byte(strings.ToValidUTF8(agent, ""))))
}

func (b *bots) learn(agent string) bool {
	bot := isBot(textOf([]byte(agent)))
	if len(agent) > maxAgent {
		return bot // no name of a browser: not worth the room
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) >= rememberedAgents {
		b.known = make(map[string]bool, 64)
	}
	b.known[agent] = bot
	return bot
}

// maxAgent is how much of a user agent is looked at, in bytes.
const maxAgent = 1024

// isBot tells whether a user agent belongs to a known crawler or monitor.
func isBot(userAgent string) bool {
	if len(userAgent) > maxAgent {
		userAgent = userAgent[:maxAgent]
	}
	for word := range strings.FieldsFuncSeq(strings.ToLower(userAgent), notInWord) {
		if notBots[word] {
			continue
		}
		if botNames[word] {
			return true
		}
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
			if notBots[part] {
				continue
			}
			if botNames[part] || slices.ContainsFunc(botEnds, func(end string) bool { return strings.HasSuffix(part, end) }) {
				return true
			}
		}
	}
	return false
}

func notInWord(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}

// staff knows what marks an event as the company's own.
type staff struct {
	emails   map[string]bool // addresses
	domains  map[string]bool // without "@"
	ids      map[string]bool
	networks []netip.Prefix
	read     time.Time // when that was
}

// staffOf reads the company's own people and places; networks that cannot be
// read mark nobody.
func staffOf(c experience.Company) *staff {
	s := &staff{emails: map[string]bool{}, domains: map[string]bool{}, ids: map[string]bool{}}
	for _, e := range c.StaffEmails {
		e = strings.ToLower(strings.TrimSpace(e))
		if domain, ok := strings.CutPrefix(e, "@"); ok && domain != "" {
			s.domains[domain] = true
		} else if e != "" {
			s.emails[e] = true
		}
	}
	for _, id := range c.StaffUserIDs {
		if id = strings.TrimSpace(id); id != "" {
			s.ids[id] = true
		}
	}
	for _, n := range c.StaffNetworks {
		if list, err := ParseNetworks([]string{n}); err == nil {
			s.networks = append(s.networks, list...)
		}
	}
	return s
}

func (s *staff) is(e *event, from netip.Addr) bool {
	if s.ids[string(e.userID)] || within(from, s.networks) {
		return true
	}
	if len(s.emails) == 0 && len(s.domains) == 0 {
		return false
	}
	if s.email(string(e.userID)) {
		return true
	}
	for _, id := range e.identifiers {
		if id.Kind == experience.EmailID && s.email(id.Value) || id.Kind == experience.UserID && s.ids[id.Value] {
			return true
		}
	}
	for _, object := range [][]byte{e.traits, e.told.traits, e.properties} {
		if isObject(object) {
			if s.email(textOf(find(members(object), "email"))) {
				return true
			}
		}
	}
	return false
}

func (s *staff) email(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	at := strings.LastIndexByte(text, '@')
	return at > 0 && (s.emails[text] || s.domains[text[at+1:]])
}
