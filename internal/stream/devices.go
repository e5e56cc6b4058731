package stream

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"regia/internal/experience"
)

// Devices publish by MQTT to the embedded server, and nothing else: they stand
// in an account of their own, where neither the log nor the live bus is. A
// message of QoS 1 or 2 is acknowledged once it is on disk, in a stream that
// takes the topics of known keys alone; it leaves that stream when whoever
// receives it says that it is kept elsewhere.
const (
	deviceAccount = "DEVICES"
	deviceTopic   = "regia"          // regia/<write key>/<what>
	deviceReady   = 30 * time.Second // what a device waits for while Regia starts

	// DefaultConnections is how many devices may be connected at one time.
	DefaultConnections = 2000
)

// MQTT says where devices connect.
type MQTT struct {
	Address     string // host:port
	Cert, Key   string // PEM files; "" = in the clear
	Connections int    // at one time; 0 = DefaultConnections
}

// Message is what a device published.
type Message struct {
	Key        string    // the second level of the topic: the write key
	What       string    // the rest of the topic
	Body       []byte    // at most about 1 MB
	ReceivedAt time.Time // UTC
	ID         string    // the same however often it is delivered; "" for QoS 0, delivered at most once
}

// Devices are the clients of the embedded server's MQTT.
type Devices struct {
	dir     string
	mqtt    *MQTT // nil = nobody may connect; what they left is still received
	logger  *slog.Logger
	server  *server.Server
	failed  atomic.Bool // a write of the server failed: it never forgets that by itself
	account *server.Account
	secret  string        // of our own connection
	address string        // where they connect; "" = nowhere now
	ready   chan struct{} // closed once keys are known
	once    sync.Once
	keys    atomic.Pointer[map[string]bool]
	dropped atomic.Int64

	admit  sync.Mutex // one change of keys at a time
	conn   *nats.Conn
	stream jetstream.StreamConfig
	js     jetstream.JetStream
}

// ownUser is the user of the embedded server that is Regia itself.
const ownUser = "regia-devices"

// newDevices gives the devices of a log in dir; nil when nobody asks
// for them and none ever left anything there.
func newDevices(dir string, o *MQTT, logger *slog.Logger) *Devices {
	if o == nil {
		if _, err := os.Stat(filepath.Join(dir, "jetstream", deviceAccount)); err != nil {
			return nil
		}
	}
	return &Devices{dir: dir, mqtt: o, logger: logger, secret: rand.Text(), ready: make(chan struct{})}
}

// Check lets our own connection in by its secret, and devices by a known
// key or anonymously: then the key stands in the topic only. It is called by
// the server, for each connection.
func (d *Devices) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == ownUser && subtle.ConstantTimeCompare([]byte(o.Password), []byte(d.secret)) == 1 {
		c.RegisterUser(&server.User{Account: d.account})
		return true
	}
	wait := time.NewTimer(deviceReady)
	defer wait.Stop()
	select {
	case <-d.ready: // Regia has just started: devices wait rather than be refused
	case <-wait.C:
		return false
	}
	if o.Username != "" && !(*d.keys.Load())[o.Username] {
		return false
	}
	c.RegisterUser(&server.User{Username: "device", Account: d.account, Permissions: &server.Permissions{
		// What a device may not reach in its own account: the server's machinery.
		// Everything else it may publish, because what is not permitted would be
		// acknowledged and dropped; what no stream takes is not acknowledged.
		Publish:   &server.SubjectPermission{Deny: []string{"$MQTT.>", "$JS.>", "$SYS.>", "$NRG.>", "_INBOX.>", "_R_.>", "_GR_.>"}},
		Subscribe: &server.SubjectPermission{Deny: []string{">"}},
	}})
	return true
}

// open starts the server and makes the devices' account and its streams. The
// server's MQTT finds them there, and so keeps to their limits.
func (d *Devices) open(ctx context.Context) (err error) {
	if d.server, err = embed(d.dir, d.mqtt, d, d.logger); err != nil {
		return err
	}
	s := d.server
	if d.account, err = s.RegisterAccount(deviceAccount); err == nil {
		err = d.account.EnableJetStream(nil, nil)
	}
	if err != nil {
		return fmt.Errorf("the devices' account: %w", err)
	}
	if v, err := s.Varz(nil); err == nil && v.MQTT.Port != 0 {
		d.address = net.JoinHostPort(v.MQTT.Host, strconv.Itoa(v.MQTT.Port))
	}
	if d.conn, err = nats.Connect("", nats.InProcessServer(s), nats.UserInfo(ownUser, d.secret), nats.Name("regia")); err != nil {
		return fmt.Errorf("the devices' account: %w", err)
	}
	if d.js, err = jetstream.New(d.conn); err != nil {
		return err
	}
	d.stream = jetstream.StreamConfig{
		Name: "$MQTT_msgs", Subjects: d.subjects(nil), Discard: jetstream.DiscardNew, MaxBytes: 128 << 20,
	}
	for _, c := range []jetstream.StreamConfig{
		// Who is connected, and who said to come back.
		{Name: "$MQTT_sess", Subjects: []string{"$MQTT.sess.>"}, MaxMsgsPerSubject: 1, MaxMsgs: 10_000, MaxBytes: 16 << 20, MaxAge: 24 * time.Hour, Discard: jetstream.DiscardNew},
		// QoS 2, between the device's two steps.
		{Name: "$MQTT_qos2in", Subjects: []string{"$MQTT.qos2.in.>"}, MaxMsgsPerSubject: 1, DiscardNewPerSubject: true, MaxBytes: 32 << 20, MaxAge: 24 * time.Hour, Discard: jetstream.DiscardNew},
		// Nobody listens, so nothing is retained and nothing is sent: these take no message.
		{Name: "$MQTT_rmsgs", Subjects: []string{"$MQTT.rmsgs.>"}, MaxMsgsPerSubject: 1, MaxMsgSize: 1, MaxBytes: 1 << 20},
		{Name: "$MQTT_out", Subjects: []string{"$MQTT.out.>"}, Retention: jetstream.InterestPolicy, MaxMsgSize: 1, MaxBytes: 1 << 20},
	} {
		if _, err := d.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("the devices' stream %s: %w", c.Name, err)
		}
	}
	known, err := d.js.Stream(ctx, d.stream.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = d.js.CreateStream(ctx, d.stream)
	case err == nil:
		d.stream.Subjects = known.CachedInfo().Config.Subjects
	}
	if err != nil {
		return fmt.Errorf("the devices' stream: %w", err)
	}
	return nil
}

// Address is where devices connect, host:port; "" when nobody listens and only
// what they left before is still to be received.
func (d *Devices) Address() string { return d.address }

func (d *Devices) close() {
	if d == nil {
		return
	}
	if d.conn != nil {
		d.conn.Close()
	}
	if d.server != nil {
		d.server.Shutdown()
		d.server.WaitForShutdown()
	}
}

// revive starts the server's storage again once there is room: after a failed
// write it acknowledges nothing, and where it has to it shuts itself down.
func (d *Devices) revive() {
	if !d.failed.Load() && d.server.JetStreamEnabled() {
		return
	}
	room := space{dir: d.dir}
	if room.look(); room.low.Load() {
		return
	}
	d.failed.Store(false)
	err := d.server.ShutdownJetStream()
	if err == nil {
		err = d.server.EnableJetStream(&server.JetStreamConfig{StoreDir: d.dir, MaxMemory: serverMemory, MaxStore: serverStore, SyncAlways: true})
	}
	if err != nil {
		d.failed.Store(true)
		d.logger.Warn("the storage of what devices send could not be started again", "error", err)
		return
	}
	d.logger.Info("the storage of what devices send was started again after a failed write")
}

// Admit says which keys devices may publish with from now on. What is
// published with another one is not acknowledged.
func (d *Devices) Admit(ctx context.Context, keys []string) error {
	d.admit.Lock()
	defer d.admit.Unlock()
	known := map[string]bool{}
	for _, k := range keys {
		known[k] = true
	}
	if subjects := d.subjects(keys); !slices.Equal(subjects, d.stream.Subjects) {
		changed := d.stream
		changed.Subjects = subjects
		if _, err := d.js.UpdateStream(ctx, changed); err != nil {
			return experience.Errorf(experience.Unavailable, "devices cannot be let in: %w", err)
		}
		d.stream = changed
	}
	d.keys.Store(&known)
	d.once.Do(func() { close(d.ready) })
	return nil
}

// subjects are where the server keeps what is published with these keys; one
// that nobody can publish to when there are none.
func (d *Devices) subjects(keys []string) []string {
	list := []string{}
	for _, k := range keys {
		if k != "" && !strings.ContainsAny(k, "./*> \t\r\n") {
			list = append(list, "$MQTT.msgs."+deviceTopic+"."+k+".>")
		}
	}
	if len(list) == 0 {
		return []string{"$MQTT.msgs." + deviceTopic + ".nobody.$"}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// State is how the devices are doing.
type State struct {
	Connections int   // devices connected now
	Waiting     int64 // messages acknowledged to devices and not yet in the log
	Dropped     int64 // messages of QoS 0 that could not be taken, since the start
}

// State tells how the devices are doing.
func (d *Devices) State(ctx context.Context) (State, error) {
	known, err := d.js.Stream(ctx, d.stream.Name)
	if err != nil {
		return State{}, experience.Errorf(experience.Unavailable, "the devices' messages cannot be counted: %w", err)
	}
	return State{
		Connections: max(0, d.account.NumLocalConnections()-1), // less our own
		Waiting:     int64(known.CachedInfo().State.Msgs), Dropped: d.dropped.Load(),
	}, nil
}
