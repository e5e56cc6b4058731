package stream

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"regia/internal/experience"
)

func natsServer(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true,
		JetStreamMaxStore: 1 << 40, // else a share of what the disk has free
	})
	must(t, err)
	s.Start()
	if !s.ReadyForConnections(serverStart) {
		t.Fatal("NATS does not start")
	}
	return s
}

// A server of its own, which goes away and comes back while somebody reads and
// somebody writes.
func TestServerRestarts(t *testing.T) {
	dir := t.TempDir()
	s := natsServer(t, dir, server.RANDOM_PORT)
	defer func() { s.Shutdown() }()
	url, port := s.ClientURL(), s.Addr().String()
	l, other := open(t, Options{URL: url}), open(t, Options{URL: url})

	heard := make(chan string, 1)
	_, err := other.Subscribe("regia.woven", func(data []byte) { heard <- string(data) })
	must(t, err)
	must(t, l.Publish("regia.woven", []byte("hello")))
	if got := <-heard; got != "hello" {
		t.Errorf("the other node heard %q", got)
	}

	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	blocks, err := other.Next(t.Context(), experience.Position{}, 1)
	must(t, err)
	s.Shutdown()
	s.WaitForShutdown()
	written := make(chan error)
	go func() { written <- l.Append(t.Context(), []experience.Record{record("two")}) }()
	s = natsServer(t, dir, portOf(t, port))
	must(t, <-written)
	more, err := other.Next(t.Context(), blocks[0].Position, 10)
	must(t, err)
	if len(more) != 1 || string(more[0].Records[0].Event) != "two" || len(more[0].Records) != 1 {
		t.Errorf("after the restart: %+v", more)
	}
}

// A block that the cluster lost is named, however often it is asked for.
func TestHoleInACluster(t *testing.T) {
	s := natsServer(t, t.TempDir(), server.RANDOM_PORT)
	defer s.Shutdown()
	l := open(t, Options{URL: s.ClientURL()})
	c := l.engine.(*cluster)
	config := c.stream.CachedInfo().Config
	must(t, c.js.DeleteStream(t.Context(), streamName))
	config.DenyDelete = false
	stream, err := c.js.CreateStream(t.Context(), config)
	must(t, err)
	c.stream = stream
	for i := range 5 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint(i))}))
	}
	must(t, stream.DeleteMsg(t.Context(), 3))
	good, err := l.Next(t.Context(), experience.Position{}, 100)
	must(t, err)
	if len(good) != 2 {
		t.Fatalf("%d blocks before the hole, want 2", len(good))
	}
	for range 2 {
		_, err = l.Next(t.Context(), good[1].Position, 100)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "block 3 is missing") {
			t.Fatalf("the hole gave %v", err)
		}
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	must(t, err)
	port, err := strconv.Atoi(text)
	must(t, err)
	return port
}
