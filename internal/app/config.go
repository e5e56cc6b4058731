// Package app is the composition root: the only place that names engines and
// wires rooms to each other.
package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"regia/internal/experience"
)

// Config says where Regia keeps its data and where it listens. The names in
// the tags are those of flags, of regia.yaml and, as REGIA_…, of the
// environment.
type Config struct {
	Data           string        `koanf:"data"`             // the data folder
	Listen         string        `koanf:"listen"`           // host:port
	URL            string        `koanf:"url"`              // how browsers reach it; "" = http://listen
	Registry       string        `koanf:"registry"`         // postgres://…; "" = SQLite in the folder
	Ledger         string        `koanf:"ledger"`           // postgres://…; "" = DuckDB in the folder
	NATS           string        `koanf:"nats"`             // nats://a,b,c; "" = embedded, in the folder
	MQTT           string        `koanf:"mqtt"`             // host:port for devices; "" = none. Embedded log only
	MQTTCert       string        `koanf:"mqtt-cert"`        // PEM file; "" = in the clear
	MQTTKey        string        `koanf:"mqtt-key"`         // PEM file
	LogLevel       string        `koanf:"log-level"`        // debug, info, warn, error
	TrustedProxies []string      `koanf:"trusted-proxies"`  // CIDRs whose X-Forwarded-For is believed
	ListenNetworks []string      `koanf:"listen-networks"`  // CIDRs that listening posts may reach beside the open internet
	Retention      time.Duration `koanf:"log-retention"`    // how long woven blocks stay in the log; 0 = DefaultRetention
	Backlog        int64         `koanf:"log-max-bytes"`    // beyond it the front door answers 503
	ImportMaxBytes int64         `koanf:"import-max-bytes"` // of the files of one import; 0 = 4 GiB
	TidyEvery      time.Duration `koanf:"tidy-every"`       // pause between two looks at whether the ledger wants sorting; 0 = 20 s
	LedgerHotRows  int           `koanf:"ledger-hot-rows"`  // rows worth sorting; 0 = the ledger's own choice
}

// DefaultListen is where Regia listens unless told otherwise.
const DefaultListen = "127.0.0.1:8080"

// DefaultRetention is how long woven blocks stay in the log unless told
// otherwise: books restored from an older copy catch up by them.
const DefaultRetention = 7 * 24 * time.Hour

// Files of the data folder.
const (
	configFile   = "regia.yaml"
	lockFile     = "regia.lock"
	serverFile   = "server.json"
	registryFile = "registry.db"
	ledgerFile   = "ledger.duckdb"
	logFolder    = "log"
)

// BaseURL is the address that links are written with.
func (c Config) BaseURL() string {
	if c.URL != "" {
		return c.URL
	}
	return "http://" + c.Listen
}

// Initialised tells whether the folder holds a Regia.
func (c Config) Initialised() bool {
	_, err := os.Stat(filepath.Join(c.Data, configFile))
	return err == nil
}

// settings writes the regia.yaml that init leaves: what it was told, and every
// other setting as a comment.
func (c Config) settings() string {
	text := firstConfig
	for name, value := range map[string]string{"listen": c.Listen, "url": c.URL, "registry": c.Registry, "ledger": c.Ledger, "nats": c.NATS, "mqtt": c.MQTT, "mqtt-cert": c.MQTTCert, "mqtt-key": c.MQTTKey} {
		if value == "" || name == "listen" && value == DefaultListen {
			continue
		}
		line := regexp.MustCompile(`(?m)^# ` + name + `: .*$`)
		text = line.ReplaceAllLiteralString(text, name+": "+strconv.Quote(value))
	}
	return text
}

// firstConfig is every setting there is, as a comment.
const firstConfig = `# Settings of this Regia. A flag wins over the environment (REGIA_LISTEN, ...),
# and that over this file. Remove the # to change one.

# listen: 127.0.0.1:8080
# url: https://regia.example.it        # how browsers reach it, behind a proxy
# registry: postgres://...             # instead of SQLite in this folder
# ledger: postgres://...               # instead of DuckDB in this folder
# nats: nats://a:4222,b:4222,c:4222    # instead of the log in this folder
# mqtt: 0.0.0.0:1883                   # where tills and other devices connect (docs/devices.md)
# mqtt-cert: /etc/regia/mqtt.pem       # their connections in TLS
# mqtt-key: /etc/regia/mqtt.key
# trusted-proxies: [127.0.0.1/32]      # whose X-Forwarded-For is believed
# listen-networks: [10.0.0.0/8]        # one's own networks that listening posts may reach (docs/listen.md)
# log-retention: 168h                  # how long woven blocks stay in the log
# log-max-bytes: 8589934592            # a fuller log answers 503
# import-max-bytes: 4294967296         # of the files that are dropped for one import
# log-level: info
`

// Offline gives the settings of a command that opens the folder and serves
// nobody: devices are not listened to.
func (c Config) Offline() Config {
	c.MQTT = ""
	return c
}

// CreateFolder makes the data folder, for its owner alone. Conflict when there
// is a Regia in it already.
func (c Config) CreateFolder() error {
	if c.Initialised() {
		return experience.Errorf(experience.Conflict, "there is a Regia in %s already: nothing was changed. Start it with: regia serve --data %s", c.Data, c.Data)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return experience.Errorf(experience.Unavailable, "the folder %s cannot be made: %w", c.Data, err)
	}
	_ = os.Chmod(c.Data, 0o700) // one that was there may be open to all; where it is not ours to close, doctor says so
	if err := os.WriteFile(filepath.Join(c.Data, configFile), []byte(c.settings()), 0o600); err != nil {
		return experience.Errorf(experience.Unavailable, "the folder %s cannot be written to: %w", c.Data, err)
	}
	return nil
}
