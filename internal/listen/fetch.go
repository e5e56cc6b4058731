package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bounds of one request.
const (
	maxBody      = 8 << 20 // bytes of an answer, inflated
	maxHeaders   = 64 << 10
	maxRedirects = 5
	dialTimeout  = 10 * time.Second
	fetchTimeout = 45 * time.Second
)

// Why a request cannot be sent.
var (
	errPrivate  = errors.New("the address is in a network that is not public")
	errScheme   = errors.New("the address is neither http:// nor https://")
	errUser     = errors.New("the address has a name or password in it")
	errRedirect = errors.New("the address leads on and on")
)

// notPublic are networks that no post may reach unless they are said to be
// one's own: IANA's special-purpose registries (RFC 6890), beyond what netip
// knows by itself.
var notPublic = networks(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func networks(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for k, t := range texts {
		out[k] = netip.MustParsePrefix(t)
	}
	return out
}

// public tells whether an address is one of the open internet.
func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, n := range notPublic {
		if n.Contains(a) {
			return false
		}
	}
	return true
}

// dialer connects to public addresses and to one's own networks only. What a
// name means is looked up once and checked then: a name that means something
// else a moment later changes nothing.
func dialer(own []netip.Prefix) *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		place, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", errPrivate, err)
		}
		a := place.Addr().Unmap().WithZone("")
		for _, n := range own {
			if n.Contains(a) {
				return nil
			}
		}
		if !public(a) {
			return errPrivate
		}
		return nil
	}}
}

// checkURL says whether an address can be asked for at all.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errScheme
	case u.User != nil:
		return errUser
	case u.Hostname() == "":
		return errScheme
	}
	return nil
}

// fetcher asks the web for what posts listen to.
type fetcher struct {
	client *http.Client
	agent  string
	robots *robots
}

func newFetcher(o Options) *fetcher {
	f := &fetcher{agent: userAgent(o)}
	f.client = &http.Client{
		Transport: &http.Transport{
			DialContext:       dialer(o.Own).DialContext, // no proxy of the environment's: it would connect in our stead
			ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: maxHeaders, MaxIdleConns: 8, IdleConnTimeout: 30 * time.Second, DisableKeepAlives: false,
		},
		CheckRedirect: func(r *http.Request, before []*http.Request) error {
			if len(before) > maxRedirects {
				return errRedirect
			}
			return checkURL(r.URL)
		},
	}
	f.robots = newRobots(f, o.Clock)
	return f
}

// userAgent is how Regia names itself outside: those who are asked may want to
// know who does.
func userAgent(o Options) string {
	name := "Regia"
	if v := strings.Map(tokenOnly, o.Version); v != "" {
		name += "/" + v
	}
	if u, err := url.Parse(o.URL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil {
		name += " (+" + u.Scheme + "://" + u.Host + ")"
	}
	return name
}

func tokenOnly(r rune) rune {
	if r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
		return r
	}
	return -1
}

// answer is what was fetched.
type answer struct {
	body     []byte
	same     bool   // nothing changed since it was asked for before
	etag     string // for the next time
	modified string
	kind     string // the content's type, as the other side says
}

// get fetches an address. etag and modified are what it said the last time; ""
// where it did not. Its errors are faults.
func (f *fetcher) get(ctx context.Context, address, etag, modified, accept string) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := f.robots.allow(ctx, address); err != nil {
		return a, err
	}
	return f.ask(ctx, address, etag, modified, accept, maxBody)
}

// ask fetches without looking at what robots are asked to leave alone.
func (f *fetcher) ask(ctx context.Context, address, etag, modified, accept string, most int64) (a answer, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err == nil {
		err = checkURL(r.URL)
	}
	if err != nil {
		return a, &fault{key: "address", err: err, slow: true}
	}
	r.Header.Set("User-Agent", f.agent)
	r.Header.Set("Accept", accept)
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	if modified != "" {
		r.Header.Set("If-Modified-Since", modified)
	}
	said, err := f.client.Do(r)
	if err != nil {
		return a, unreachable(err)
	}
	defer said.Body.Close()
	if said.StatusCode == http.StatusNotModified {
		return answer{same: true, etag: etag, modified: modified}, nil
	}
	if said.StatusCode != http.StatusOK {
		return a, refused(said)
	}
	a = answer{etag: said.Header.Get("ETag"), modified: said.Header.Get("Last-Modified"), kind: said.Header.Get("Content-Type")}
	a.body, err = io.ReadAll(io.LimitReader(said.Body, most+1))
	switch {
	case err != nil:
		return a, unreachable(err)
	case int64(len(a.body)) > most:
		return a, &fault{key: "large", detail: strconv.Itoa(int(most >> 20)), slow: true}
	}
	return a, nil
}

// unreachable says why an address did not answer.
func unreachable(err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errPrivate):
		return &fault{key: "private", err: err, slow: true}
	case errors.Is(err, errRedirect), errors.Is(err, errScheme), errors.Is(err, errUser):
		return &fault{key: "redirect", err: err, slow: true}
	case errors.As(err, &dns) && dns.IsNotFound:
		return &fault{key: "name", detail: dns.Name, err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &fault{key: "time", err: err}
	}
	return &fault{key: "unreachable", err: err}
}

// refused says what a status other than 200 means.
func refused(said *http.Response) error {
	f := &fault{key: "status", detail: strconv.Itoa(said.StatusCode), after: retryAfter(said.Header, said.Header.Get("Date"))}
	switch said.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.key = "later"
		f.after = max(f.after, again)
	case http.StatusGone:
		f.key, f.pause = "gone", true
	case http.StatusNotFound:
		f.key, f.slow = "missing", true
	case http.StatusUnauthorized, http.StatusForbidden:
		f.key, f.slow = "forbidden", true
	}
	return f
}

// retryAfter reads for how long the other side wants to be left alone: seconds,
// or a date, by its own clock (RFC 9110, 10.2.3). 0: it does not say.
func retryAfter(h http.Header, date string) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(date)
	if err != nil {
		return 0
	}
	return max(0, until.Sub(from))
}
