package listen

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"mime"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message/charset"
)

const (
	mailStep = 20               // letters that are asked for, and taken, together
	maxLine  = 4 << 20          // bytes of a server's line
	maxOpen  = 200              // parentheses in a row
	hello    = 30 * time.Second // until the server has greeted
)

// mailPlace is how far a mailbox has been read. Where its validity changed, its
// numbers mean other letters, and it is read from the beginning: what is known
// is left alone by its own id.
type mailPlace struct {
	Validity uint32   `json:"uidvalidity"`
	UID      imap.UID `json:"uid"`
}

// mailbox reads the letters that came since. It opens the folder to look only
// (EXAMINE), and asks for letters in the way that marks none as read (PEEK).
func (l *looking) mailbox(ctx context.Context) error {
	c, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if err := c.Login(l.post.Config.User, l.post.secret).Wait(); err != nil {
		return l.mailFault(ctx, err, "login")
	}
	box, err := c.Select(l.post.Config.Folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return l.mailFault(ctx, err, "folder")
	}
	var at mailPlace
	_ = json.Unmarshal([]byte(l.post.position), &at) // empty, or written here
	if at.Validity != box.UIDValidity {
		at = mailPlace{Validity: box.UIDValidity}
	}
	if box.NumMessages == 0 || box.UIDNext != 0 && box.UIDNext <= at.UID+1 {
		return l.take(ctx, nil, at)
	}
	uids, err := l.newer(ctx, c, at)
	if err != nil {
		return err
	}
	for step := range slices.Chunk(uids, mailStep) {
		voices, err := l.letters(ctx, c, step)
		if err != nil {
			return err
		}
		at.UID = step[len(step)-1]
		if err := l.take(ctx, voices, at); err != nil {
			return err
		}
	}
	_ = c.Logout().Wait() // everything is taken: how it says goodbye does not matter
	return nil
}

// connect greets the server.
func (l *looking) connect(ctx context.Context) (*imapclient.Client, error) {
	c := l.post.Config
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, &fault{key: "address", err: err, slow: true}
	}
	greet, cancel := context.WithTimeout(ctx, hello)
	defer cancel()
	conn, err := dialer(l.Own).DialContext(greet, "tcp", c.Address)
	if err != nil {
		return nil, unreachable(err)
	}
	own := false
	if place, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		own = slices.ContainsFunc(l.Own, func(n netip.Prefix) bool { return n.Contains(place.Addr().Unmap()) })
	}
	secure := &tls.Config{ServerName: host, RootCAs: l.Roots, MinVersion: tls.VersionTLS12}
	options := &imapclient.Options{TLSConfig: secure, WordDecoder: &mime.WordDecoder{CharsetReader: charset.Reader}}
	stop := context.AfterFunc(greet, func() { _ = conn.Close() })
	defer stop()
	var client *imapclient.Client
	switch c.Security {
	case Plain:
		if !own {
			return nil, errors.Join(&fault{key: "plain", slow: true}, conn.Close())
		}
		client = imapclient.New(l.guard(conn), options)
	case StartTLS:
		if client, err = imapclient.NewStartTLS(l.guard(conn), options); err != nil {
			return nil, errors.Join(l.mailFault(greet, err, "tls"), conn.Close())
		}
	default:
		safe := tls.Client(conn, secure)
		if err := safe.HandshakeContext(greet); err != nil {
			return nil, errors.Join(l.mailFault(greet, err, "tls"), conn.Close())
		}
		client = imapclient.New(l.guard(safe), options)
	}
	if err := client.WaitGreeting(); err != nil {
		return nil, errors.Join(l.mailFault(greet, err, "protocol"), client.Close())
	}
	return client, nil
}

// newer gives the numbers of the letters that came since, in their order.
func (l *looking) newer(ctx context.Context, c *imapclient.Client, at mailPlace) ([]imap.UID, error) {
	var since imap.UIDSet
	since.AddRange(at.UID+1, 0)
	criteria := &imap.SearchCriteria{UID: []imap.UIDSet{since}}
	if t, err := time.Parse(time.DateOnly, l.post.Config.Since); err == nil {
		criteria.Since = t
	}
	found, err := c.UIDSearch(criteria, nil).Wait()
	if err != nil {
		return nil, l.mailFault(ctx, err, "protocol")
	}
	// "n:*" always holds the last letter, also one that was read.
	uids := slices.DeleteFunc(found.AllUIDs(), func(u imap.UID) bool { return u <= at.UID })
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// letters reads some letters. One that was deleted meanwhile is not there; one
// that is there and was not given is an error, so that none is passed over.
func (l *looking) letters(ctx context.Context, c *imapclient.Client, uids []imap.UID) ([]Voice, error) {
	var voices []Voice
	missing := map[imap.UID]bool{}
	for _, u := range uids {
		missing[u] = true
	}
	fetch := c.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{
		{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: maxLetter}},
	}})
	for m := fetch.Next(); m != nil; m = fetch.Next() {
		v, uid, err := l.letter(ctx, m)
		if err != nil {
			_ = fetch.Close()
			return nil, err
		}
		if uid != 0 && missing[uid] {
			delete(missing, uid)
			voices = append(voices, v)
		}
	}
	if err := fetch.Close(); err != nil {
		return nil, l.mailFault(ctx, err, "protocol")
	}
	if len(missing) == 0 {
		return voices, nil
	}
	var rest imap.UIDSet
	for u := range missing {
		rest.AddNum(u)
	}
	there, err := c.Fetch(rest, &imap.FetchOptions{UID: true}).Collect()
	if err != nil {
		return nil, l.mailFault(ctx, err, "protocol")
	}
	if len(there) > 0 {
		return nil, &fault{key: "protocol"}
	}
	return voices, nil
}

// letter reads one. Its number is 0 where the server gave no letter.
func (l *looking) letter(ctx context.Context, m *imapclient.FetchMessageData) (v Voice, uid imap.UID, err error) {
	var found *letter
	var received time.Time
	var size int64
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = item.UID
		case imapclient.FetchItemDataInternalDate:
			received = item.Time.UTC()
		case imapclient.FetchItemDataRFC822Size:
			size = item.Size
		case imapclient.FetchItemDataBodySection:
			if item.Literal != nil {
				one := readLetter(item.Literal)
				found = &one
			}
		}
	}
	if found == nil {
		return v, 0, nil
	}
	if size > maxLetter {
		found.limit(limitSize)
	}
	v, err = l.hear(ctx, found, received)
	return v, uid, err
}

// hear makes a letter a voice. A server's word about a mail that Regia sent
// itself goes to whoever sent it.
func (l *looking) hear(ctx context.Context, found *letter, received time.Time) (Voice, error) {
	if l.Report != nil && found.isReport() {
		ours, err := l.Report(ctx, found.raw)
		if err != nil {
			return Voice{}, err
		}
		if ours {
			return Voice{Key: found.key()}, nil
		}
	}
	return found.voice(l.post.Config.Mailbox, received), nil
}

// mailFault says what a server's word, or its silence, means. refusal is the
// fault that a NO stands for.
func (l *looking) mailFault(ctx context.Context, err error, refusal string) error {
	var said *imap.Error
	var certificate *tls.CertificateVerificationError
	var ended error // what the client tells in words only
	if l.line != nil && l.line.ended.Load() != nil {
		ended = *l.line.ended.Load()
	}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return errors.Join(&fault{key: "time", err: err}, ctx.Err())
	case errors.As(err, &certificate):
		return &fault{key: "certificate", err: err, slow: true}
	case errors.As(err, &said) && said.Code == imap.ResponseCodeUnavailable, errors.As(err, &said) && said.Code == imap.ResponseCodeInUse:
		return &fault{key: "unreachable", err: err}
	case errors.As(err, &said) && said.Type == imap.StatusResponseTypeBye:
		return &fault{key: "unreachable", err: err}
	case errors.As(err, &said), refusal == "tls":
		return &fault{key: refusal, err: err, slow: true}
	case errors.Is(ended, errGuard):
		return &fault{key: "bomb", err: err, slow: true}
	case errors.As(ended, &timeout) && timeout.Timeout():
		return &fault{key: "time", err: err}
	case strings.Contains(err.Error(), "imapwire"), strings.HasPrefix(err.Error(), "in "): // what it says is no IMAP
		return &fault{key: "protocol", err: err}
	}
	return unreachable(err)
}

var errGuard = errors.New("the server's line has no end, or no sense")

// guarded ends a connection whose lines have no end or nest without end: the
// client would follow them into every depth.
type guarded struct {
	net.Conn
	silence    time.Duration // the longest that is waited for a word
	line, open int
	ended      atomic.Pointer[error] // why nothing more is read
}

func (l *looking) guard(c net.Conn) net.Conn {
	l.line = &guarded{Conn: c, silence: l.silence}
	return l.line
}

// SetReadDeadline bounds every wait, also one for which the client knows no
// bound.
func (g *guarded) SetReadDeadline(t time.Time) error {
	if most := time.Now().Add(g.silence); t.IsZero() || t.After(most) {
		t = most
	}
	return g.Conn.SetReadDeadline(t)
}

// Read ends with the first error: the client would go on.
func (g *guarded) Read(b []byte) (int, error) {
	if err := g.ended.Load(); err != nil {
		return 0, *err
	}
	n, err := g.Conn.Read(b)
	for _, c := range b[:n] {
		g.line++
		if c == '(' {
			g.open++
		} else {
			g.open = 0
		}
		if c == '\n' {
			g.line = 0
		}
		if g.line > maxLine || g.open > maxOpen {
			n, err = 0, errGuard
			break
		}
	}
	if err != nil {
		g.ended.Store(&err)
	}
	return n, err
}
