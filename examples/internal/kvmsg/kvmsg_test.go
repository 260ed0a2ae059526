// SPDX-License-Identifier: BSD-2-Clause

package kvmsg

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// parts makes the parts of a message.
func parts(list ...string) [][]byte {
	msg := make([][]byte, len(list))
	for i, s := range list {
		msg[i] = []byte(s)
	}
	return msg
}

const (
	seven = "\x00\x00\x00\x00\x00\x00\x00\x07"
	uuid  = "0123456789abcdef"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts [][]byte
		want  Message
	}{
		{"all", parts("/a", seven, uuid, "a=1\nttl=5\n", "v"),
			Message{Key: "/a", Sequence: 7, UUID: UUID([]byte(uuid)), Properties: map[string]string{"a": "1", "ttl": "5"}, Body: []byte("v")}},
		{"deletion", parts("/a", seven, "", "", ""), Message{Key: "/a", Sequence: 7, Body: []byte{}}},
		{"empty property", parts("", seven, "", "a=\n", "v"), Message{Sequence: 7, Properties: map[string]string{"a": ""}, Body: []byte("v")}},
		{"equal sign", parts("k", seven, "", "a=b=c\n", "v"), Message{Key: "k", Sequence: 7, Properties: map[string]string{"a": "b=c"}, Body: []byte("v")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Parse(c.parts)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(m, c.want) {
				t.Errorf("got %#v, want %#v", m, c.want)
			}
			back, err := m.Parts()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := bytes.Join(back, []byte{0}), bytes.Join(c.parts, []byte{0}); !bytes.Equal(got, want) {
				t.Errorf("parts %q, want %q", got, want)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	for name, msg := range map[string][][]byte{
		"nothing":            nil,
		"four parts":         parts("k", seven, "", ""),
		"six parts":          parts("k", seven, "", "", "v", ""),
		"short sequence":     parts("k", "7", "", "", "v"),
		"long sequence":      parts("k", seven+"7", "", "", "v"),
		"short UUID":         parts("k", seven, "u", "", "v"),
		"long UUID":          parts("k", seven, uuid+"g", "", "v"),
		"no line end":        parts("k", seven, "", "a=1", "v"),
		"no equal sign":      parts("k", seven, "", "a\n", "v"),
		"no name":            parts("k", seven, "", "=1\n", "v"),
		"empty line":         parts("k", seven, "", "a=1\n\n", "v"),
		"one property twice": parts("k", seven, "", "a=1\na=1\n", "v"),
	} {
		if m, err := Parse(msg); !errors.Is(err, ErrMalformed) || !reflect.DeepEqual(m, Message{}) {
			t.Errorf("%s: %#v, %v", name, m, err)
		}
	}
}

func TestParseUpdate(t *testing.T) {
	if m, err := ParseUpdate(parts("k", seven, uuid, "ttl=1\n", "v")); err != nil || m.Key != "k" {
		t.Errorf("%#v, %v", m, err)
	}
	for name, msg := range map[string][][]byte{
		"malformed":    parts("k"),
		"no key":       parts("", seven, "", "", "v"),
		"heartbeat":    parts(Hugz, seven, "", "", ""),
		"end":          parts(KthxBai, seven, "", "", ""),
		"ttl no word":  parts("k", seven, "", "ttl=soon\n", "v"),
		"ttl negative": parts("k", seven, "", "ttl=-1\n", "v"),
		"ttl fraction": parts("k", seven, "", "ttl=0.5\n", "v"),
		"ttl huge":     parts("k", seven, "", "ttl=99999999999999\n", "v"),
	} {
		if _, err := ParseUpdate(msg); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPartsMalformed(t *testing.T) {
	for _, properties := range []map[string]string{{"": "v"}, {"a=b": "v"}, {"a\n": "v"}, {"a": "v\nb=w"}} {
		if p, err := (Message{Key: "k", Properties: properties}).Parts(); !errors.Is(err, ErrMalformed) || p != nil {
			t.Errorf("%q: %q, %v", properties, p, err)
		}
	}
}

func TestTTL(t *testing.T) {
	for s, want := range map[string]time.Duration{"0": 0, "1": time.Second, "4294967295": 4294967295 * time.Second} {
		if d, err := (Message{Properties: map[string]string{"ttl": s}}).TTL(); d != want || err != nil {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
	if d, err := (Message{}).TTL(); d != 0 || err != nil {
		t.Errorf("none: %v, %v", d, err)
	}
}

func TestParseRequest(t *testing.T) {
	for _, subtree := range []string{"", "/a/", "/a/b/"} {
		client, got, err := ParseRequest(parts("id", IcanHaz, subtree))
		if string(client) != "id" || got != subtree || err != nil {
			t.Errorf("%q: %q, %q, %v", subtree, client, got, err)
		}
	}
	for _, msg := range [][][]byte{
		nil, parts("id"), parts("id", IcanHaz), parts("id", "", IcanHaz), parts("id", "ICANHAZ", ""),
		parts("id", IcanHaz, "", ""), parts("id", IcanHaz, "/"), parts("id", IcanHaz, "//"), parts("id", IcanHaz, "/a"), parts("id", IcanHaz, "a/"),
	} {
		if _, _, err := ParseRequest(msg); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", msg, err)
		}
	}
}

func TestNewUUID(t *testing.T) {
	a, b := NewUUID(), NewUUID()
	if a == b || a == (UUID{}) {
		t.Errorf("%x, %x", a, b)
	}
	if a[6]>>4 != 4 || a[8]>>6 != 2 {
		t.Errorf("%x is not of version 4", a)
	}
}

// A client fetches the part of a map that it wants from a server.
func TestSnapshot(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	zctx, err := zmq4.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	router, err := zctx.OpenSocket(zmq4.ROUTER, zmq4.Bind("inproc://snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	dealer, err := zctx.OpenSocket(zmq4.DEALER, zmq4.Connect("inproc://snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(dealer.Close(), router.Close(), zctx.Term()); err != nil {
			t.Error(err)
		}
	})

	all := make(Map)
	for i, key := range []string{"/a/1", "/a/2", "/b/1", "/a/3"} {
		all.Apply(Message{Key: key, Sequence: uint64(i + 1), Body: []byte("v" + key)})
	}
	all.Apply(Message{Key: "/a/2", Sequence: 5})  // deleted
	all.Apply(Message{Key: "/none", Sequence: 6}) // was not there
	want := Map{"/a/1": all["/a/1"], "/a/3": all["/a/3"]}
	served := make(chan error, 1)
	go func() {
		msg, err := router.RecvMessageBytesContext(ctx)
		if err != nil {
			served <- err
			return
		}
		client, subtree, err := ParseRequest(msg)
		for _, m := range all.Snapshot(subtree, 6) {
			err = errors.Join(err, m.Send(ctx, router, client))
		}
		served <- err
	}()
	got, sequence, err := Fetch(ctx, dealer, "/a/")
	if err := errors.Join(err, <-served); err != nil {
		t.Fatal(err)
	}
	if sequence != 6 || len(got) != 2 || got.String() != want.String() {
		t.Errorf("got %v at %d, want %v at 6", got, sequence, want)
	}
	if all.String() == want.String() {
		t.Errorf("different maps are the same as strings: %v", all)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("k"), []byte(seven), []byte(uuid), []byte("a=1\nttl=5\n"), []byte("v"))
	f.Add([]byte(""), []byte(""), []byte(""), []byte("=\n"), []byte(""))
	f.Add([]byte(Hugz), []byte(seven), []byte(""), []byte("a=b=c\n"), []byte(""))
	f.Fuzz(func(t *testing.T, key, sequence, uuid, properties, body []byte) {
		m, err := Parse([][]byte{key, sequence, uuid, properties, body})
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		p, err := m.Parts()
		if err != nil {
			t.Fatalf("parsed, but cannot be sent: %v", err)
		}
		back, err := Parse(p)
		if err != nil || !reflect.DeepEqual(m, back) {
			t.Fatalf("%#v is then %#v, %v", m, back, err)
		}
		_, _ = m.TTL()
	})
}
