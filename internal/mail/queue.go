package mail

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Secret(ctx context.Context) ([]byte, error)
}

// Options say what an Outbox needs.
type Options struct {
	Book   Book
	Clock  experience.Clock
	Logger *slog.Logger
	TLS    *tls.Config // whom to trust; nil = as the machine does
}

// Outbox is the queue of mails to be sent.
//
// A message is committed before it is sent, and its fate after: a crash loses
// none. Between a server's "250, I have it" and the commit that says so lies the
// one moment in which a crash has a message sent twice, as RFC 5321 (4.5.4.1)
// wants of every sender; its Message-ID is the same, by which most mailboxes
// keep one.
type Outbox struct {
	Options
	key     []byte
	wake    chan struct{}
	trouble atomic.Pointer[Trouble]
	sending sync.Mutex // one connection from this process
	hear    map[string]Listener
}

// Trouble is why nothing can be sent at present.
type Trouble struct {
	At     time.Time
	Reason string
}

// Fate is what became of a message.
type Fate string

// The fates of a message, and the state before.
const (
	Waiting    Fate = "waiting"
	Sent       Fate = "sent"       // the next server has it
	Failed     Fate = "failed"     // it will not be sent, or came back
	Complained Fate = "complained" // the reader called it spam
	Cancelled  Fate = "cancelled"  // by whoever had queued it
)

// Outcome is told once for each change of fate.
type Outcome struct {
	Fate    Fate
	Reason  string // as the server said it
	Address bool   // failed, as nobody is at that address
	At      time.Time
}

// Listener hears, in the transaction that keeps it, what became of a message
// with a reference.
type Listener func(ctx context.Context, tx registry.Tx, reference string, o Outcome) error

// New makes the Outbox; Run sends.
func New(ctx context.Context, o Options) (*Outbox, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	key, err := o.Book.Secret(ctx)
	return &Outbox{Options: o, key: key, wake: make(chan struct{}, 1), hear: map[string]Listener{}}, err
}

// Listen has f hear of messages whose reference begins with the prefix and a
// colon. To be called before Run.
func (o *Outbox) Listen(prefix string, f Listener) { o.hear[prefix] = f }

// Wake has what was queued a moment ago sent at once.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Trouble is why nothing can be sent; nil while nothing is wrong.
func (o *Outbox) Trouble() *Trouble { return o.trouble.Load() }

const (
	lookEvery = 5 * time.Second // for what others queued
	batch     = 20              // messages claimed at one time
	// lease is how long a claimed message is left to its process: longer than the
	// slowest server takes for one (about seven minutes, see smtp.go), or another
	// process would send it, too. As long as a whole batch may take would hold up
	// what a crash left behind, so a claim is renewed with each message.
	lease = 10 * time.Minute
	// usualUntil is how long a message is tried (RFC 5321, 4.5.4.1: 4 to 5 days;
	// a question about yesterday is old before).
	usualUntil = 72 * time.Hour
	// keptFor is how long a message's row is there for what comes back.
	keptFor = 60 * 24 * time.Hour
)

// pauses before the second try, the third, and so on; the last one repeats.
var pauses = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}

func pauseAfter(tries int) time.Duration { return pauses[min(max(tries, 1), len(pauses))-1] }

// Run sends what waits, until ctx ends.
func (o *Outbox) Run(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	tidied := time.Time{}
	for ctx.Err() == nil {
		more, err := o.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			o.Logger.WarnContext(ctx, "mails wait, and will be tried again", "error", err)
		}
		if now := o.Clock(); now.Sub(tidied) > time.Hour {
			if tidied = now; o.tidy(ctx, now) != nil {
				tidied = time.Time{}
			}
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-look.C:
		}
	}
	return nil
}

// Deliver sends a batch of what is due, and tells whether more may be. An error
// is of the books, or of the mail server as such: then everything waits.
func (o *Outbox) Deliver(ctx context.Context) (more bool, err error) {
	o.sending.Lock()
	defer o.sending.Unlock()
	s, err := o.Settings(ctx)
	if err != nil || !s.Ready() {
		return false, err
	}
	now := o.Clock()
	if t := o.trouble.Load(); t != nil && now.Before(t.At.Add(time.Minute)) {
		return false, nil // it was asked a moment ago
	}
	claimed, err := o.claim(ctx, now)
	if err != nil || len(claimed) == 0 {
		return false, err
	}
	n, err := o.deliver(ctx, s, claimed)
	for _, c := range claimed[n:] { // not tried: as if it had not been claimed
		if back := o.giveBack(context.WithoutCancel(ctx), c, now); back != nil {
			o.Logger.WarnContext(ctx, "a mail waits until its claim ends", "error", back)
		}
	}
	return err == nil && len(claimed) == batch, err
}

// deliver tries messages one after another, and gives how many it has settled.
func (o *Outbox) deliver(ctx context.Context, s Settings, claimed []queued) (n int, err error) {
	var open *session
	defer func() {
		if open != nil {
			open.close()
		}
	}()
	for k, c := range claimed {
		now := o.Clock()
		if ctx.Err() != nil {
			return k, ctx.Err()
		}
		if !now.Before(c.until) {
			if err := o.settle(ctx, c, Outcome{Fate: Failed, Reason: "mail.reason.late", At: now}); err != nil {
				return k, err
			}
			continue
		}
		if open == nil {
			if open, err = s.dial(ctx, o.TLS); err != nil {
				return k, o.inTrouble(ctx, now, err)
			}
			o.trouble.Store(nil)
		}
		message, err := s.compose(c.Message, envelope{c.id, o.token(c.id), c.queuedAt})
		if err != nil {
			return k, err
		}
		ours, err := o.renew(ctx, c, now)
		if err != nil {
			return k, err
		}
		if !ours { // cancelled meanwhile
			continue
		}
		said := open.send(s.returnPath(o.token(c.id)), c.To, message)
		if no, ok := said.(*refusal); said != nil && !ok {
			open.close() // the connection ended: this one is tried again later, the others at once
			open = nil
			said = &refusal{reason: line(said.Error(), 300)}
		} else if ok {
			said = no
		}
		if err := o.record(context.WithoutCancel(ctx), c, said); err != nil {
			return k + 1, err
		}
	}
	return len(claimed), nil
}

// record keeps what a server said of a message.
func (o *Outbox) record(ctx context.Context, c queued, said error) error {
	now := o.Clock()
	no, ok := said.(*refusal)
	switch {
	case !ok:
		return o.settle(ctx, c, Outcome{Fate: Sent, At: now})
	case no.permanent:
		return o.settle(ctx, c, Outcome{Fate: Failed, Reason: no.reason, Address: no.address, At: now})
	}
	next := now.Add(pauseAfter(c.tries))
	if !next.Before(c.until) {
		return o.settle(ctx, c, Outcome{Fate: Failed, Reason: no.reason, At: now})
	}
	return o.postpone(ctx, c, next, no.reason)
}

// inTrouble remembers why the server cannot be used, for the page.
func (o *Outbox) inTrouble(ctx context.Context, now time.Time, err error) error {
	reason := experience.MessageOf(err)
	if experience.CodeOf(err) == experience.Internal {
		reason = line(err.Error(), 300)
	}
	if o.trouble.Swap(&Trouble{now, reason}) == nil {
		o.Logger.WarnContext(ctx, "the mail server cannot be used; mails wait", "error", reason)
	}
	return nil
}
