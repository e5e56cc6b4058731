package stream

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"regia/internal/experience"
)

const (
	serverStart    = 60 * time.Second // recovery of what devices left included
	serverMemory   = 16 << 20         // JetStream in memory: only readers' small state
	serverStore    = 256 << 20        // on disk: what devices sent, and its own
	ownConnections = 8                // of Regia to its server
	deviceStored   = 5 * time.Second  // a device's message not stored by then ends its connection
)

// embed starts a NATS server for devices inside this process: JetStream in dir,
// every write synchronised to disk, no signal handlers, and no listener but that
// of MQTT, where one is asked for.
func embed(dir string, mqtt *MQTT, devices *Devices, logger *slog.Logger) (*server.Server, error) {
	o := &server.Options{
		CustomClientAuthentication: devices,
		ServerName:                 "regia",
		DontListen:                 true,
		NoSigs:                     true,
		NoLog:                      true,
		JetStream:                  true,
		StoreDir:                   dir,
		SyncAlways:                 true,
		JetStreamMaxMemory:         serverMemory,
		JetStreamMaxStore:          serverStore,
		DisableJetStreamBanner:     true,
	}
	if mqtt != nil {
		if err := mqtt.options(o); err != nil {
			return nil, err
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	s.SetLoggerV2(serverLog{logger, &devices.failed}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(serverStart) {
		s.Shutdown()
		return nil, experience.Errorf(experience.Unavailable, "what devices left in %s could not be opened within %s", dir, serverStart)
	}
	return s, nil
}

// options opens the server's MQTT to devices.
func (m MQTT) options(o *server.Options) error {
	host, text, err := net.SplitHostPort(m.Address)
	port, portErr := strconv.Atoi(text)
	if err != nil || portErr != nil || port < 0 || port > 65535 {
		return experience.Errorf(experience.Invalid, "mqtt: %q is not host:port, such as 0.0.0.0:1883", m.Address)
	}
	// The server would only say that it could not start.
	free, err := net.Listen("tcp", m.Address)
	if err != nil {
		return experience.Errorf(experience.Unavailable, "Regia cannot listen for devices on %s: %w. Is another program using it? Choose another with --mqtt", m.Address, err)
	}
	_ = free.Close()
	if port == 0 {
		port = server.RANDOM_PORT
	}
	o.MQTT = server.MQTTOpts{Host: host, Port: port, JSAPITimeout: deviceStored}
	o.MaxConn = cmp.Or(m.Connections, DefaultConnections) + ownConnections
	if m.Cert == "" && m.Key == "" {
		return nil
	}
	read := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(m.Cert, m.Key)
		return &pair, err
	}
	if _, err := read(nil); err != nil {
		return experience.Errorf(experience.Invalid, "mqtt-cert and mqtt-key cannot be used: %w", err)
	}
	// Read for each connection: a certificate that was renewed counts at once.
	o.MQTT.TLSConfig, o.MQTT.TLSTimeout = &tls.Config{GetCertificate: read, MinVersion: tls.VersionTLS12}, 5
	return nil
}

// serverLog hands what the embedded server says to the program's own log. What
// it says of a single device is for whoever looks for it: a device on the loose
// must not fill the log. Keys are no one's business.
type serverLog struct {
	to     *slog.Logger
	failed *atomic.Bool // a write failed
}

func (l serverLog) Noticef(format string, v ...any) { l.to.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l serverLog) Warnf(format string, v ...any)   { l.say(slog.LevelWarn, format, v) }
func (l serverLog) Errorf(format string, v ...any)  { l.say(slog.LevelError, format, v) }
func (l serverLog) Fatalf(format string, v ...any)  { l.say(slog.LevelError, format, v) }
func (l serverLog) Debugf(string, ...any)           {}
func (l serverLog) Tracef(string, ...any)           {}

func (l serverLog) say(level slog.Level, format string, v []any) {
	text := fmt.Sprintf(format, v...)
	if strings.Contains(text, "ritical write error") { // nothing else tells
		l.failed.Store(true)
	}
	if strings.Contains(text, " - mid:") {
		level, text = slog.LevelDebug, writeKey.ReplaceAllString(text, "wk_…")
	}
	l.to.Log(context.Background(), level, "nats: "+text)
}

var writeKey = regexp.MustCompile(`wk_[A-Za-z0-9_]+`)
