package stream

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"regia/internal/experience"
)

const (
	serverStart    = 60 * time.Second // recovery of a large log included
	serverMemory   = 16 << 20         // JetStream in memory: only readers' small state
	serverHeadroom = 256 << 20        // disk allowed beyond the log itself
)

// embed starts a NATS server inside this process: JetStream in dir, every
// write synchronised to disk, no listener, no signal handlers.
func embed(dir string, maxBytes int64, logger *slog.Logger) (*server.Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, experience.Errorf(experience.Unavailable, "the log cannot be opened: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName:             "regia",
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true,
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true,
		JetStreamMaxMemory:     serverMemory,
		JetStreamMaxStore:      maxBytes + serverHeadroom,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	s.SetLoggerV2(serverLog{logger}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(serverStart) {
		s.Shutdown()
		return nil, experience.Errorf(experience.Unavailable, "the log in %s did not open within %s", dir, serverStart)
	}
	return s, nil
}

// connect gives a connection to the embedded server, or to the cluster at url.
func connect(s *server.Server, url string, logger *slog.Logger) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("regia"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.Timeout(10 * time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			logger.Warn("live bus", "subject", subject, "error", err)
		}),
	}
	if s != nil {
		options, url = append(options, nats.InProcessServer(s)), nats.DefaultURL
	} else {
		options = append(options,
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				if err != nil {
					logger.Warn("connection to NATS lost; trying again", "error", err)
				}
			}),
			nats.ReconnectHandler(func(*nats.Conn) { logger.Info("connection to NATS is back") }))
	}
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return nil, experience.Errorf(experience.Unavailable, "NATS does not answer: %w", err)
	}
	return conn, nil
}

// serverLog hands what the embedded server says to the program's own log.
type serverLog struct{ to *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.to.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l serverLog) Warnf(format string, v ...any)   { l.to.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l serverLog) Errorf(format string, v ...any)  { l.to.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l serverLog) Fatalf(format string, v ...any)  { l.to.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l serverLog) Debugf(string, ...any)           {}
func (l serverLog) Tracef(string, ...any)           {}
