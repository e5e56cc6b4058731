package testkit

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"testing"
	"time"
)

// MosquittoPub gives the path of mosquitto_pub, the program devices are tried
// with.
func MosquittoPub(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("mosquitto_pub")
	if err != nil {
		Missing(t, "mosquitto_pub is not here (scripts/need-mosquitto.sh installs it)")
	}
	return path
}

// Device is a client of MQTT 3.1.1 that does what it is told, proper or not,
// and shows each answer.
type Device struct {
	conn net.Conn
	in   *bufio.Reader
}

// Hello is what a Device says first. The zero value is anonymous and clean.
type Hello struct {
	ClientID, User, WillTopic string
	Keep                      bool        // a session that outlives the connection
	TLS                       *tls.Config // nil = in the clear
}

// Packet is what a server sends: its type, and what follows the length.
type Packet struct {
	Type byte
	Body []byte
}

// The packets a test looks for.
const (
	ConnAck = 2
	PubAck  = 4
	PubRec  = 5
	PubComp = 7
	SubAck  = 9
	Pong    = 13
)

// ErrRefused says that the server did not let a device in.
var ErrRefused = errors.New("the server refuses the device")

// DialDevice connects a device. patience bounds each wait from then on.
func DialDevice(address string, h Hello, patience time.Duration) (*Device, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	if h.TLS != nil {
		conn = tls.Client(conn, h.TLS)
	}
	d := &Device{conn, bufio.NewReader(patient{conn, patience})}
	flags, payload := byte(2), field(h.ClientID)
	if h.Keep {
		flags = 0
	}
	if h.WillTopic != "" {
		flags |= 4
		payload = append(append(payload, field(h.WillTopic)...), field("gone")...)
	}
	if h.User != "" {
		flags |= 0x80
		payload = append(payload, field(h.User)...)
	}
	err = d.Send(0x10, append(append(field("MQTT"), 4, flags, 0, 0), payload...))
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	answer, err := d.Next()
	if err == nil && (answer.Type != ConnAck || answer.Body[1] != 0) {
		err = fmt.Errorf("%w: %v", ErrRefused, answer)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return d, nil
}

// patient is a connection whose reads end after a while.
type patient struct {
	net.Conn
	patience time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.patience)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

func field(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

// Send writes one packet: its first byte, and what follows the length.
func (d *Device) Send(first byte, body []byte) error {
	packet := []byte{first}
	for n := len(body); ; {
		b := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			packet = append(packet, b|0x80)
			continue
		}
		packet = append(packet, b)
		break
	}
	_, err := d.conn.Write(append(packet, body...))
	return err
}

// Publish sends a message; id counts for QoS 1 and 2 and must not be 0 there.
func (d *Device) Publish(topic, body string, qos byte, id uint16) error {
	return d.publish(0x30|qos<<1, topic, body, id)
}

// Retain sends a message of QoS 1 that the server is asked to keep for others.
func (d *Device) Retain(topic, body string, id uint16) error {
	return d.publish(0x30|1<<1|1, topic, body, id)
}

func (d *Device) publish(first byte, topic, body string, id uint16) error {
	packet := field(topic)
	if first&6 != 0 {
		packet = binary.BigEndian.AppendUint16(packet, id)
	}
	return d.Send(first, append(packet, body...))
}

// Subscribe asks for a filter's messages and gives the server's word: 0 to 2
// granted, 0x80 refused.
func (d *Device) Subscribe(filter string, qos byte) (byte, error) {
	if err := d.Send(0x82, append(append([]byte{0, 1}, field(filter)...), qos)); err != nil {
		return 0, err
	}
	answer, err := d.Next()
	if err != nil {
		return 0, err
	}
	if answer.Type != SubAck {
		return 0, fmt.Errorf("an answer to SUBSCRIBE of type %d", answer.Type)
	}
	return answer.Body[len(answer.Body)-1], nil
}

// Next reads one packet.
func (d *Device) Next() (Packet, error) {
	first, err := d.in.ReadByte()
	if err != nil {
		return Packet{}, err
	}
	length, shift := 0, 0
	for {
		b, err := d.in.ReadByte()
		if err != nil {
			return Packet{}, err
		}
		length |= int(b&0x7f) << shift
		if shift += 7; b < 0x80 {
			break
		}
	}
	p := Packet{Type: first >> 4, Body: make([]byte, length)}
	_, err = io.ReadFull(d.in, p.Body)
	return p, err
}

// Acknowledged waits for the PUBACK of a message.
func (d *Device) Acknowledged() (id uint16, err error) {
	p, err := d.Next()
	if err != nil {
		return 0, err
	}
	if p.Type != PubAck || len(p.Body) != 2 {
		return 0, fmt.Errorf("a packet of type %d where PUBACK was due", p.Type)
	}
	return binary.BigEndian.Uint16(p.Body), nil
}

// Close hangs up without a word, so that a will is carried out.
func (d *Device) Close() error { return d.conn.Close() }
