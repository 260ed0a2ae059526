// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
)

func TestMsg(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			to, from := socketPair(t, transport, PULL, PUSH)
			var got Msg
			for _, size := range []int{0, 1, 33, 34, 5000, 1 << 20} {
				m, err := NewMsg(size)
				must(t, err)
				if m.Size() != size || len(m.Bytes()) != size || m.More() {
					t.Fatalf("%d bytes: %d, %d, %v", size, m.Size(), len(m.Bytes()), m.More())
				}
				for i := range m.Bytes() {
					m.Bytes()[i] = byte(i)
				}
				content := bytes.Clone(m.Bytes())
				if n, err := from.SendMsg(m, SNDMORE); n != size || err != nil {
					t.Fatalf("SendMsg = %d, %v", n, err)
				}
				if m.Bytes() != nil || m.Size() != 0 {
					t.Error("a Msg that was sent has content")
				}
				if _, err := from.SendMsg(m, 0); err != ErrMsgClosed {
					t.Errorf("SendMsg of a Msg that was sent: %v", err)
				}
				send(t, from, "end")
				if n, err := to.RecvMsg(&got, 0); n != size || err != nil {
					t.Fatalf("RecvMsg = %d, %v", n, err)
				}
				if !bytes.Equal(got.Bytes(), content) || !got.More() {
					t.Errorf("%d bytes: got %.20q, more %v", size, got.Bytes(), got.More())
				}
				if n, err := to.RecvMsg(&got, 0); n != 3 || err != nil || string(got.Bytes()) != "end" || got.More() {
					t.Errorf("RecvMsg = %d, %v: %q", n, err, got.Bytes())
				}
				must(t, m.Close())
				must(t, m.Close())
			}
			must(t, got.Close())
		})
	}
}

func TestMsgBad(t *testing.T) {
	to, from := socketPair(t, "tcp", PULL, PUSH)
	if _, err := NewMsg(-1); err != einval {
		t.Error(err)
	}
	m, err := NewMsg(3)
	must(t, err)
	must(t, m.Close())
	for name, m := range map[string]*Msg{"closed": m, "zero": {}, "nil": nil} {
		if n, err := from.SendMsg(m, 0); n != 0 || err != ErrMsgClosed {
			t.Errorf("%s: SendMsg = %d, %v", name, n, err)
		}
		if _, err := m.Property("Peer-Address"); err != ErrMsgClosed {
			t.Errorf("%s: Property: %v", name, err)
		}
		if m.Bytes() != nil || m.Size() != 0 || m.More() || m.Close() != nil {
			t.Errorf("%s: has something", name)
		}
	}
	if _, err := to.RecvMsg(nil, 0); err != ErrMsgClosed {
		t.Error(err)
	}
	var got Msg
	if n, err := to.RecvMsg(&got, DONTWAIT); n != 0 || err != eagain {
		t.Errorf("RecvMsg = %d, %v", n, err)
	}
	send(t, from, "m")
	if _, err := to.RecvMsg(&got, 0); err != nil {
		t.Fatal(err)
	}
	if addr, err := got.Property("Peer-Address"); addr != "127.0.0.1" || err != nil {
		t.Errorf("Property = %q, %v", addr, err)
	}
	for _, name := range []string{"none", "", "a\x00b"} {
		if _, err := got.Property(name); err == nil {
			t.Errorf("property %q is there", name)
		}
	}
	// A send that fails leaves the Msg as it was.
	full := newSocket(t, to.s.ctx, PUSH)
	if _, err := full.SendMsg(&got, DONTWAIT); err != eagain || string(got.Bytes()) != "m" {
		t.Errorf("%v: %q", err, got.Bytes())
	}
	must(t, full.Close())
	if _, err := full.SendMsg(&got, 0); err != ErrorSocketClosed || string(got.Bytes()) != "m" {
		t.Errorf("%v: %q", err, got.Bytes())
	}
}

// Over inproc the receiver gets the very memory that was sent.
func TestMsgIsNotCopied(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	m, err := NewMsg(1 << 20)
	must(t, err)
	at := &m.Bytes()[0]
	if _, err := from.SendMsg(m, 0); err != nil {
		t.Fatal(err)
	}
	var got Msg
	if _, err := to.RecvMsg(&got, 0); err != nil {
		t.Fatal(err)
	}
	if &got.Bytes()[0] != at {
		t.Error("the content was copied")
	}
}

// A Msg that is lost is freed.
func TestMsgCollected(t *testing.T) {
	const size, n = 16 << 20, 100
	before := virtualSize(t)
	for range n {
		m, err := NewMsg(size)
		must(t, err)
		m.Bytes()[0] = 1
	}
	eventually(t, "lost parts freed", func() bool {
		runtime.GC()
		return virtualSize(t)-before < size*n/4
	})
}

// virtualSize returns how many bytes of address space the process has.
func virtualSize(t *testing.T) int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("needs /proc")
	}
	var pages int64
	fmt.Sscan(string(statm), &pages)
	return pages * int64(os.Getpagesize())
}

func TestRecvInto(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	buf := make([]byte, 5)
	send(t, from, "one", "three", "longer", "")
	for _, want := range []struct {
		content string
		more    bool
	}{{"one", true}, {"three", true}, {"longer", true}, {"", false}} {
		n, more, err := to.RecvInto(buf, 0)
		if want.content == "longer" {
			var short *ShortBufferError
			if n != 0 || !errors.As(err, &short) || short.Size != 6 {
				t.Errorf("%d, %v", n, err)
			}
			if s := fmt.Sprint(err); s != "zmq4: the message part does not fit into the buffer, it has 6 bytes" {
				t.Error(s)
			}
			n, more, err = to.RecvInto(append(buf, 0), 0)
			buf = append(buf[:0], "longer"...)[:5]
			if n != 6 || !more || err != nil {
				t.Errorf("%d, %v, %v", n, more, err)
			}
			continue
		}
		if string(buf[:n]) != want.content || more != want.more || err != nil {
			t.Errorf("%q, %v, %v, want %v", buf[:n], more, err, want)
		}
	}
	if n, more, err := to.RecvInto(nil, DONTWAIT); n != 0 || more || err != eagain {
		t.Error(n, more, err)
	}
	if raceEnabled || asanEnabled {
		return
	}
	if n := testing.AllocsPerRun(100, func() {
		from.SendBytes(buf, 0)
		to.RecvInto(buf, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
