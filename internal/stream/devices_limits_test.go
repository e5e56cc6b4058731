package stream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
)

// certificate writes a certificate of its own for this machine, and its key.
func certificate(t *testing.T, cert, key string) *x509.CertPool {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	about := &x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &secret.PublicKey, secret)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(secret)
	must(t, err)
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	made, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(made)
	return pool
}

// Where there is a certificate nobody is let in without TLS, and one that was
// renewed counts for the next connection.
func TestDevicesInTLS(t *testing.T) {
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	pool := certificate(t, cert, key)
	l := open(t, Options{MQTT: &MQTT{Address: "127.0.0.1:0", Cert: cert, Key: key}})
	must(t, l.Devices().Admit(t.Context(), []string{"wk_a"}))
	say := func(pool *x509.CertPool) error {
		d, err := testkit.DialDevice(l.Devices().Address(), testkit.Hello{TLS: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}}, devicePatience)
		if err != nil {
			return err
		}
		defer d.Close()
		if err := d.Publish("regia/wk_a/track", "secret", 1, 1); err != nil {
			return err
		}
		_, err = d.Acknowledged()
		return err
	}
	must(t, say(pool))
	if _, err := testkit.DialDevice(l.Devices().Address(), testkit.Hello{}, devicePatience); err == nil {
		t.Error("a device was let in without TLS")
	}
	renewed := certificate(t, cert, key)
	must(t, say(renewed))
	if say(pool) == nil {
		t.Error("the old certificate is shown still")
	}
}

func TestDevicesSettings(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for _, c := range []struct {
		mqtt MQTT
		code experience.Code
		says string
	}{
		{MQTT{Address: "1883"}, experience.Invalid, "host:port"},
		{MQTT{Address: "127.0.0.1:mqtt"}, experience.Invalid, "host:port"},
		{MQTT{Address: "127.0.0.1:70000"}, experience.Invalid, "host:port"},
		{MQTT{Address: taken.Addr().String()}, experience.Unavailable, "in use"},
		{MQTT{Address: "127.0.0.1:0", Cert: "nowhere.pem", Key: "nowhere.key"}, experience.Invalid, "nowhere.pem"},
	} {
		_, err := Open(t.Context(), Options{Dir: t.TempDir(), MQTT: &c.mqtt})
		if experience.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %s and a word of %q", c.mqtt, err, c.code, c.says)
		}
	}
}

// What no longer fits is not acknowledged, and what was still is there.
func TestDevicesFull(t *testing.T) {
	l := withDevices(t, "", "wk_a")
	small := l.Devices().stream
	small.MaxBytes = 64 << 10
	_, err := l.Devices().js.UpdateStream(t.Context(), small)
	must(t, err)
	d := dial(t, l, testkit.Hello{})
	body, kept := strings.Repeat("x", 4<<10), 0
	for ; kept < 100; kept++ {
		if d.Publish("regia/wk_a/track", body, 1, uint16(kept+1)) != nil {
			break
		}
		if _, err := d.Acknowledged(); err != nil {
			break
		}
	}
	state, err := l.Devices().State(t.Context())
	must(t, err)
	if kept < 8 || kept > 16 || state.Waiting != int64(kept) {
		t.Errorf("%d messages of 4 KB were acknowledged, %d wait in 64 KB", kept, state.Waiting)
	}
	got := make(chan Message, 100)
	receive(t, l, func(m Message) time.Duration { got <- m; return 0 })
	for range kept {
		<-got
	}
	// Room again, once what was taken is off the disk.
	deadline := time.Now().Add(devicePatience)
	for again := false; !again; {
		if time.Now().After(deadline) {
			t.Fatal("there is room, and nothing is taken")
		}
		d := dial(t, l, testkit.Hello{})
		if d.Publish("regia/wk_a/track", "room", 1, 1) == nil {
			_, err := d.Acknowledged()
			again = err == nil
		}
	}
	if m := <-got; string(m.Body) != "room" {
		t.Errorf("received %q", m.Body)
	}
}

// A device too many, a packet too large and a device that never introduces
// itself are cut off.
func TestDevicesLimits(t *testing.T) {
	l := open(t, Options{MQTT: &MQTT{Address: "127.0.0.1:0", Connections: 3}})
	must(t, l.Devices().Admit(t.Context(), []string{"wk_a"}))
	silent, err := net.Dial("tcp", l.Devices().Address())
	must(t, err)
	defer silent.Close()
	must(t, silent.SetReadDeadline(time.Now().Add(devicePatience)))
	if n, err := silent.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Error("a device that says nothing is answered")
	} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Error("a device that says nothing may stay")
	}
	d := dial(t, l, testkit.Hello{})
	_ = d.Publish("regia/wk_a/track", strings.Repeat("x", 2<<20), 1, 1) // it may be cut off while it writes
	if p, err := d.Next(); err == nil {
		t.Errorf("two megabytes are answered by %v", p)
	}
	in := 0
	for range 3 + ownConnections + 2 {
		if d, err := testkit.DialDevice(l.Devices().Address(), testkit.Hello{}, devicePatience); err == nil {
			in++
			defer d.Close()
		}
	}
	if in < 3 || in > 3+ownConnections {
		t.Errorf("%d devices were let in", in)
	}
	must(t, l.Append(t.Context(), []experience.Record{record("still open to others")}))
}
