package stream

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

func TestBlockRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOf(rapid.Custom(drawRecord)).Draw(t, "records")
		e := newEncoder(0)
		for _, r := range records {
			before, most := e.size(), bound(r)
			e.add(r)
			if grew := e.size() - before; grew > most {
				t.Fatalf("a record took %d bytes, its bound is %d", grew, most)
			}
		}
		size := e.size()
		data := e.seal()
		if len(data) != size {
			t.Fatalf("sealed %d bytes, size said %d", len(data), size)
		}
		got, err := decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(records) {
			t.Fatalf("%d records in, %d out", len(records), len(got))
		}
		for i := range got {
			if diff := cmp.Diff(records[i], got[i]); diff != "" {
				t.Fatalf("record %d: %s", i, diff)
			}
		}
	})
}

func drawRecord(t *rapid.T) experience.Record {
	return experience.Record{
		Source:     rapid.SampledFrom([]string{"", "site", "till", "négozio"}).Draw(t, "source"),
		ReceivedAt: time.UnixMicro(rapid.Int64Range(-1e15, 5e15).Draw(t, "received")).UTC(),
		Flags:      experience.Flags(rapid.Int16().Draw(t, "flags")),
		Event:      append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "event")...),
	}
}

// Whatever happens to a block's bytes, decode says so and never panics.
func TestBlockDamageIsNoticed(t *testing.T) {
	e := newEncoder(0)
	for _, s := range []string{"site", "till", "site"} {
		e.add(experience.Record{Source: s, ReceivedAt: time.UnixMicro(1e15).UTC(), Event: []byte(`{"type":"page"}`)})
	}
	good := e.seal()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := decode(bad); err == nil {
			t.Errorf("a flipped bit in byte %d went unnoticed", i)
		}
		if _, err := decode(good[:i]); err == nil {
			t.Errorf("a block cut to %d bytes went unnoticed", i)
		}
	}
}

func TestBlockOfAnotherVersion(t *testing.T) {
	e := newEncoder(0)
	e.buf[0] = 9
	if _, err := decode(e.seal()); err == nil {
		t.Error("a block of version 9 was read")
	}
}

func FuzzDecode(f *testing.F) {
	e := newEncoder(0)
	e.add(experience.Record{Source: "site", ReceivedAt: time.UnixMicro(1e15).UTC(), Event: []byte(`{}`)})
	body := e.seal()
	f.Add(body[blockHeader:len(body)-blockChecksum], uint32(1))
	f.Add([]byte{0, 0, 0, 0}, uint32(1<<31))
	f.Fuzz(func(_ *testing.T, records []byte, count uint32) {
		e := newEncoder(len(records) + blockOverhead)
		e.buf, e.count = append(e.buf, records...), count
		_, _ = decode(e.seal()) // must not panic, nor take more memory than it was given
	})
}
