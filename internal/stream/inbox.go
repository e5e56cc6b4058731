package stream

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	receivers     = 64     // messages in hand at one time
	undone        = 10_000 // in hand, or wanted again later: one source must not hold up the others
	fetchMessages = 4 * receivers
	fetchBytes    = 8 << 20
	looseMessages = 4096 // of QoS 0, waiting
	looseBytes    = 16 << 20
	longestAgain  = 30 * time.Second
	tidyEvery     = 250 * time.Millisecond // one write takes many messages off the disk
)

// Take takes one message in. It says after how long it wants the message again;
// 0 is for good: it is kept elsewhere, or was refused.
type Take func(context.Context, Message) (again time.Duration)

// Receive hands over what devices publish until ctx ends, many calls at once,
// and waits for those under way. What is of QoS 0 is handed over once.
func (d *Devices) Receive(ctx context.Context, take Take) error {
	d.revive() // where it must be: whoever calls comes back after an error
	kept, err := d.js.Stream(ctx, d.stream.Name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	i := &inbox{
		devices: d, kept: kept, take: take, taking: context.WithoutCancel(ctx),
		turns: make(chan struct{}, receivers), room: make(chan struct{}, undone), inHand: map[uint64]bool{}, finished: make(chan struct{}, 1),
	}
	defer i.tidy(i.taking)
	defer i.inside.Wait()
	defer cancel()
	i.inside.Go(func() { i.lookAfter(ctx) })
	if err := i.readLoose(ctx); err != nil {
		return err
	}
	return i.readKept(ctx)
}

// inbox is one time of receiving. A message that was acknowledged to its device
// leaves the disk when it and all before it are done. What a crash leaves there though it was taken comes again,
// with the id it had.
type inbox struct {
	devices *Devices
	kept    jetstream.Stream
	take    Take
	taking  context.Context // of calls of take: what is under way is finished
	inside  sync.WaitGroup
	turns   chan struct{} // a token for each call of take
	room    chan struct{} // a token for each message that is not done

	mu       sync.Mutex
	inHand   map[uint64]bool // sequences that are not done
	last     uint64          // the last one handed out
	tidied   uint64          // everything below is off the disk
	finished chan struct{}   // one token: there may be something to tidy
}

// enter calls f as soon as there is a turn; not at all when ctx ends before.
func (i *inbox) enter(ctx context.Context, f func()) {
	select {
	case i.turns <- struct{}{}:
		i.inside.Go(func() {
			defer func() { <-i.turns }()
			f()
		})
	case <-ctx.Done():
	}
}

// readLoose hands over what is of QoS 0, in the background.
func (i *inbox) readLoose(ctx context.Context) error {
	loose, err := i.devices.conn.SubscribeSync(deviceTopic + ".>")
	if err != nil {
		return err
	}
	if err := loose.SetPendingLimits(looseMessages, looseBytes); err != nil {
		return errors.Join(err, loose.Unsubscribe())
	}
	i.inside.Go(func() {
		defer func() { _ = loose.Unsubscribe() }() // fails only when it is gone already
		for {
			m, err := loose.NextMsgWithContext(ctx)
			switch {
			case errors.Is(err, nats.ErrSlowConsumer): // told once, of many
				i.devices.dropped.Add(1)
			case err != nil:
				return
			case m.Header.Get("Nmqtt-Pub") == "0": // the others come by the disk
				x := message(m.Subject, m.Data, time.Now(), 0)
				i.enter(ctx, func() {
					if i.take(i.taking, x) > 0 {
						i.devices.dropped.Add(1)
					}
				})
			}
		}
	})
	return nil
}

// readKept hands over what is on disk, the oldest first.
func (i *inbox) readKept(ctx context.Context) error {
	consumer, err := i.kept.CreateConsumer(ctx, jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, InactiveThreshold: 5 * publishAll,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(fetchMessages, fetchBytes), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		about, err := m.Metadata()
		if err != nil {
			return err
		}
		select {
		case i.room <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		sequence := about.Sequence.Stream
		x := message(strings.TrimPrefix(m.Subject(), "$MQTT.msgs."), m.Data(), about.Timestamp, sequence)
		i.mu.Lock()
		i.inHand[sequence], i.last = true, sequence
		i.mu.Unlock()
		i.enter(ctx, func() { i.try(ctx, sequence, x, 1) })
	}
}

// try hands over a message for the nth time.
func (i *inbox) try(ctx context.Context, sequence uint64, x Message, nth int) {
	if again := i.take(i.taking, x); again > 0 {
		wait := min(time.Duration(nth)*again, max(again, longestAgain))
		i.inside.Go(func() { i.later(ctx, sequence, wait, nth+1) })
		return
	}
	<-i.room
	i.mu.Lock()
	delete(i.inHand, sequence)
	i.mu.Unlock()
	select {
	case i.finished <- struct{}{}:
	default:
	}
}

// later hands over a message again after a while. Meanwhile it is on disk only.
func (i *inbox) later(ctx context.Context, sequence uint64, wait time.Duration, nth int) {
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		m, err := i.kept.GetMsg(ctx, sequence)
		if err != nil {
			t.Reset(longestAgain)
			continue
		}
		i.enter(ctx, func() {
			i.try(ctx, sequence, message(strings.TrimPrefix(m.Subject, "$MQTT.msgs."), m.Data, m.Time, sequence), nth)
		})
		return
	}
}

// lookAfter revives the server's storage where it must be, and tidies while
// there is something to tidy.
func (i *inbox) lookAfter(ctx context.Context) {
	look := time.NewTicker(tidyEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		i.devices.revive()
		select {
		case <-i.finished:
			i.tidy(ctx)
		default:
		}
	}
}

// tidy takes off the disk what is done and has nothing undone before it.
func (i *inbox) tidy(ctx context.Context) {
	i.mu.Lock()
	lowest := i.last + 1
	for s := range i.inHand {
		lowest = min(lowest, s)
	}
	nothing := lowest <= i.tidied || i.last == 0
	i.mu.Unlock()
	if nothing {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, publishOnce)
	defer cancel()
	if err := i.kept.Purge(ctx, jetstream.WithPurgeSequence(lowest)); err == nil {
		i.tidied = lowest // else the next one is tried for both
	}
}

// message takes regia.<key>.<what> apart. A sequence of 0 gives no id.
func message(subject string, body []byte, at time.Time, sequence uint64) Message {
	_, rest, _ := strings.Cut(subject, ".")
	x := Message{Body: body, ReceivedAt: at.UTC()}
	x.Key, x.What, _ = strings.Cut(rest, ".")
	if sequence > 0 { // the time tells apart what a damaged disk numbers anew
		x.ID = strconv.FormatInt(x.ReceivedAt.UnixNano(), 36) + "-" + strconv.FormatUint(sequence, 36)
	}
	return x
}
