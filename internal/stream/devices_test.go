package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
)

const devicePatience = 20 * time.Second

func withDevices(t *testing.T, dir string, keys ...string) *Log {
	t.Helper()
	l := open(t, Options{Dir: dir, MQTT: &MQTT{Address: "127.0.0.1:0"}})
	must(t, l.Devices().Admit(t.Context(), keys))
	return l
}

func dial(t *testing.T, l *Log, h testkit.Hello) *testkit.Device {
	t.Helper()
	d, err := testkit.DialDevice(l.Devices().Address(), h, devicePatience)
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// receive hands over what devices publish until the test ends.
func receive(t *testing.T, l *Log, take func(Message) time.Duration) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- l.Devices().Receive(ctx, func(_ context.Context, m Message) time.Duration { return take(m) })
	}()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return stop
}

func TestDevicesOfEachQuality(t *testing.T) {
	l := withDevices(t, "", "wk_a")
	got := make(chan Message, 10)
	receive(t, l, func(m Message) time.Duration { got <- m; return 0 })
	d := dial(t, l, testkit.Hello{ClientID: "till-1"})
	must(t, d.Publish("regia/wk_a/track", "one", 1, 7))
	id, err := d.Acknowledged()
	must(t, err)
	if id != 7 {
		t.Errorf("acknowledged %d", id)
	}
	one := <-got
	if one.Key != "wk_a" || one.What != "track" || string(one.Body) != "one" || one.ID == "" || time.Since(one.ReceivedAt) > time.Minute {
		t.Errorf("received %+v", one)
	}
	must(t, d.Publish("regia/wk_a/page", "none", 0, 0))
	if m := <-got; m.ID != "" || m.What != "page" || string(m.Body) != "none" {
		t.Errorf("received %+v", m)
	}
	must(t, d.Publish("regia/wk_a/track", "two", 2, 8))
	p, err := d.Next()
	must(t, err)
	must(t, d.Send(0x62, p.Body)) // PUBREL
	done, err := d.Next()
	must(t, err)
	if p.Type != testkit.PubRec || done.Type != testkit.PubComp {
		t.Errorf("QoS 2 was answered by %d and %d", p.Type, done.Type)
	}
	if m := <-got; string(m.Body) != "two" || m.ID == "" || m.ID == one.ID {
		t.Errorf("received %+v", m)
	}
}

// What was acknowledged and not yet taken waits on disk, also for a Regia that
// listens to devices no more, and comes again with the same id.
func TestDevicesWaitOnDisk(t *testing.T) {
	dir := t.TempDir()
	l := withDevices(t, dir, "wk_a")
	first := make(chan string, 100)
	stop := receive(t, l, func(m Message) time.Duration { first <- m.ID; return time.Hour })
	d := dial(t, l, testkit.Hello{})
	const n = 20
	for k := range n {
		must(t, d.Publish("regia/wk_a/track", fmt.Sprint(k), 1, uint16(k+1)))
	}
	ids := map[string]bool{}
	for range n {
		_, err := d.Acknowledged()
		must(t, err)
	}
	for range n {
		ids[<-first] = true
	}
	state, err := l.Devices().State(t.Context())
	must(t, err)
	if state.Waiting != n || state.Connections != 1 {
		t.Errorf("the state is %+v", state)
	}
	stop()
	must(t, l.Close())

	l = open(t, Options{Dir: dir})
	if l.Devices() == nil || l.Devices().Address() != "" {
		t.Fatal("what devices left is forgotten, or somebody listens")
	}
	must(t, l.Devices().Admit(t.Context(), []string{"wk_a"}))
	again := make(chan Message, 100)
	receive(t, l, func(m Message) time.Duration { again <- m; return 0 })
	bodies := map[string]bool{}
	for range n {
		m := <-again
		if !ids[m.ID] {
			t.Errorf("%q came with another id", m.Body)
		}
		bodies[string(m.Body)] = true
	}
	if len(bodies) != n {
		t.Errorf("%d of %d messages came: %v", len(bodies), n, slices.Sorted(maps.Keys(bodies)))
	}
}

// A key that nobody knows is refused: at the door when the device names it
// there, else by never acknowledging.
func TestDevicesUnknownKeys(t *testing.T) {
	l := withDevices(t, "", "wk_a")
	if _, err := testkit.DialDevice(l.Devices().Address(), testkit.Hello{User: "wk_b"}, devicePatience); !errors.Is(err, testkit.ErrRefused) {
		t.Errorf("a device with an unknown key was let in: %v", err)
	}
	for _, user := range []string{ownUser, "regia-log"} {
		if _, err := testkit.DialDevice(l.Devices().Address(), testkit.Hello{User: user}, devicePatience); !errors.Is(err, testkit.ErrRefused) {
			t.Errorf("a device called %s was let in: %v", user, err)
		}
	}
	got := make(chan Message, 10)
	receive(t, l, func(m Message) time.Duration { got <- m; return 0 })
	asked := map[string]*testkit.Device{}
	for _, topic := range []string{"regia/wk_b/track", "regia/wk_a", "regia/log", "reggia/wk_a/track", "regia/nobody/$", "/regia/wk_a/track"} {
		asked[topic] = dial(t, l, testkit.Hello{})
		must(t, asked[topic].Publish(topic, "lost?", 1, 1))
	}
	for topic, d := range asked {
		if p, err := d.Next(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s was answered by %v, %v", topic, p, err)
		}
	}
	must(t, l.Devices().Admit(t.Context(), []string{"wk_a", "wk_b"}))
	d := dial(t, l, testkit.Hello{User: "wk_b"})
	must(t, d.Publish("regia/wk_b/track", "known now", 1, 1))
	_, err := d.Acknowledged()
	must(t, err)
	if m := <-got; string(m.Body) != "known now" {
		t.Errorf("received %q on %s/%s", m.Body, m.Key, m.What)
	}
}

// A device reads nothing, and reaches neither the log, nor the bus, nor the
// server's machinery.
func TestDevicesAreFencedIn(t *testing.T) {
	l := withDevices(t, "", "wk_a")
	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	heard := make(chan string, 10)
	for _, subject := range []string{"regia.log", "regia.woven", "regia.wk_a.track", "regia.end"} {
		_, err := l.Subscribe(subject, func(data []byte) { heard <- string(data) })
		must(t, err)
	}
	received := make(chan Message, 10)
	receive(t, l, func(m Message) time.Duration { received <- m; return 0 })

	d := dial(t, l, testkit.Hello{ClientID: "spy", User: "wk_a"})
	for _, filter := range []string{"#", "+", "+/+", "regia/log", "regia/#", "regia/wk_a/#", "$SYS/#", "$JS/#", "$MQTT/#", "$MQTT/msgs/#", "_INBOX/#"} {
		for qos := range byte(3) {
			if answer, err := d.Subscribe(filter, qos); err != nil || answer != 0x80 {
				t.Errorf("subscribing to %s with QoS %d: %#x, %v", filter, qos, answer, err)
			}
		}
	}
	for _, topic := range []string{
		"regia/log", "regia/woven", "$JS/API/STREAM/PURGE/REGIA_LOG", "$JS/API/STREAM/DELETE/$MQTT_msgs", "$JS/API/CONSUMER/DELETE/$MQTT_msgs/regia",
		"$MQTT/sess/x", "$MQTT/msgs/regia/wk_a/track", "$SYS/REQ/SERVER/PING", "_INBOX/x",
	} {
		must(t, d.Publish(topic, "{}", 0, 0))
	}
	must(t, d.Retain("regia/wk_a/track", "keep me", 9))
	_, err := d.Acknowledged()
	must(t, err)
	will := dial(t, l, testkit.Hello{WillTopic: "regia/log"})
	must(t, will.Close())
	must(t, d.Publish("regia/wk_a/track", "last", 1, 10))
	_, err = d.Acknowledged()
	must(t, err)
	for kept := 0; kept < 2; {
		switch m := <-received; {
		case m.Key == "wk_a" && (string(m.Body) == "keep me" || string(m.Body) == "last"):
			kept++
		case m.ID != "" || m.Key != "log" && m.Key != "woven": // without an acknowledgement anything may be tried
			t.Errorf("received %+v", m)
		}
	}
	if events, _ := readAll(t, l, experience.Position{}, 100); len(events) != 1 {
		t.Errorf("the log holds %q", events)
	}
	must(t, l.Publish("regia.end", []byte("end")))
	for text := range heard {
		if text == "end" {
			break
		}
		if strings.Contains(text, "{}") || strings.Contains(text, "last") || strings.Contains(text, "gone") {
			t.Errorf("the bus heard %q", text)
		}
	}
	kept, err := l.Devices().js.Stream(t.Context(), "$MQTT_rmsgs")
	must(t, err)
	if n := kept.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d messages are retained", n)
	}
}

// The listener speaks MQTT alone: whoever speaks NATS is cut off.
func TestDevicesDoNotSpeakNATS(t *testing.T) {
	l := withDevices(t, "", "wk_a")
	conn, err := net.Dial("tcp", l.Devices().Address())
	must(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("CONNECT {\"verbose\":false}\r\nPUB regia.log 2\r\nhi\r\n"))
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(devicePatience)))
	answer := make([]byte, 100)
	if n, err := conn.Read(answer); err == nil {
		t.Errorf("it answers %q", answer[:n])
	}
	if l.devices.server.Addr() != nil {
		t.Errorf("a NATS port is open at %v", l.devices.server.Addr())
	}
}
