// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"sync"
	"testing"
	"time"
)

// traffic is what of the statistics does not depend on the time.
func traffic(soc *Socket) SocketStats {
	s := soc.Stats()
	s.ReceiveWaits, s.ReceiveWaited, s.SendWaits, s.SendWaited = 0, 0, 0, 0
	return s
}

// Every way to send and to receive is counted, messages as well as bytes.
func TestStats(t *testing.T) {
	huge := make([]byte, 100<<10)
	batch := func(msgs ...[][]byte) *Batch {
		b := &Batch{}
		for _, m := range msgs {
			b.Append(m...)
		}
		return b
	}
	a, bc := []byte("a"), []byte("bc")
	sends := []struct {
		name            string
		send            func(*Socket) error
		messages, bytes uint64
	}{
		{"Send", func(s *Socket) error { _, err := s.Send("abc", 0); return err }, 1, 3},
		{"Send of nothing", func(s *Socket) error { _, err := s.Send("", 0); return err }, 1, 0},
		{"parts", func(s *Socket) error { s.Send("a", SNDMORE); _, err := s.Send("bc", 0); return err }, 1, 3},
		{"SendMessage", func(s *Socket) error { _, err := s.SendMessage("abc", huge, 12); return err }, 1, 5 + 100<<10},
		{"the rest by SendMessage", func(s *Socket) error { s.Send("a", SNDMORE); _, err := s.SendMessage("b", "cd"); return err }, 1, 4},
		{"SendMessage of nothing", func(s *Socket) error { s.SendMessage(); _, err := s.Send("x", 0); return err }, 1, 1},
		{"SendMsg", func(s *Socket) error {
			m, err := NewMsg(1000)
			if err == nil {
				_, err = s.SendMsg(m, 0)
			}
			return err
		}, 1, 1000},
		{"SendBatch", func(s *Socket) error {
			_, err := s.SendBatch(context.Background(), batch([][]byte{a}, [][]byte{a, bc}, [][]byte{bc}))
			return err
		}, 3, 6},
	}
	receives := []struct {
		name string
		recv func(*Socket) error // a message
	}{
		{"RecvBytes", func(s *Socket) error {
			for {
				_, err := s.RecvBytes(0)
				if more, _ := s.GetRcvmore(); err != nil || !more {
					return err
				}
			}
		}},
		{"RecvMessage", func(s *Socket) error { _, err := s.RecvMessage(0); return err }},
		{"RecvMsg", func(s *Socket) error {
			var m Msg
			for {
				if _, err := s.RecvMsg(&m, 0); err != nil || !m.More() {
					return err
				}
			}
		}},
		{"RecvInto", func(s *Socket) error {
			buf := make([]byte, 2)
			for {
				_, more, err := s.RecvInto(buf, 0)
				if short, ok := err.(*ShortBufferError); ok {
					buf = make([]byte, short.Size)
				} else if err != nil || !more {
					return err
				}
			}
		}},
		{"RecvBatch", func(s *Socket) error { _, err := s.RecvBatch(context.Background(), &Batch{}, 1); return err }},
	}
	for _, transport := range transports {
		x, y := socketPair(t, transport, PAIR, PAIR)
		for _, s := range sends {
			for _, r := range receives {
				t.Run(transport+"/"+s.name+"/"+r.name, func(t *testing.T) {
					beforeX, beforeY := traffic(x), traffic(y)
					within(t, patience, t.Name(), func() {
						if err := s.send(x); err != nil {
							t.Error(err)
						}
						for range s.messages {
							if err := r.recv(y); err != nil {
								t.Error(err)
							}
						}
					})
					beforeX.MessagesSent += s.messages
					beforeX.BytesSent += s.bytes
					beforeY.MessagesReceived += s.messages
					beforeY.BytesReceived += s.bytes
					if got := traffic(x); got != beforeX {
						t.Errorf("of the sender: %+v, want %+v", got, beforeX)
					}
					if got := traffic(y); got != beforeY {
						t.Errorf("of the receiver: %+v, want %+v", got, beforeY)
					}
				})
			}
		}
	}
}

func TestStatsRecvBatch(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for i := range 500 {
		send(t, x, "part", make([]byte, i*10))
	}
	b := &Batch{}
	for b.Len() < 500 {
		if _, err := y.RecvBatch(context.Background(), b, 0); err != nil {
			t.Fatal(err)
		}
	}
	want := SocketStats{MessagesReceived: 500, BytesReceived: 500*4 + 10*499*500/2}
	if got := traffic(y); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What fails does not count.
func TestStatsOfErrors(t *testing.T) {
	x, y := socketPair(t, "inproc", PUSH, PULL)
	y.Recv(DONTWAIT)
	y.Send("wrong way", 0)
	x.Recv(DONTWAIT)
	must(t, x.SetSndtimeo(0))
	lonely := newSocket(t, newContext(t), PUSH)
	lonely.SendMessageDontwait("nobody", "there")
	for _, soc := range []*Socket{x, y, lonely} {
		if got := soc.Stats(); got != (SocketStats{}) {
			t.Errorf("%v: %+v", soc, got)
		}
	}
}

func TestStatsOfProxy(t *testing.T) {
	s := newStation(t, PULL, PUSH, PUSH, PULL, -1, 0, true)
	for range 10 {
		send(t, s.client, "one", "two")
		recv(t, s.server)
		recv(t, s.watcher)
	}
	for _, test := range []struct {
		name string
		soc  *Socket
		want SocketStats
	}{
		{"frontend", s.frontend, SocketStats{MessagesReceived: 10, BytesReceived: 60}},
		{"backend", s.backend, SocketStats{MessagesSent: 10, BytesSent: 60}},
		{"capture", s.capture, SocketStats{MessagesSent: 10, BytesSent: 60}},
	} {
		if got := traffic(test.soc); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
	s.frontend.Close()
	s.ends(t, ErrorSocketClosed)
}

// The numbers outlive the socket.
func TestStatsClosed(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	handshake(t, x, y)
	x.Close()
	if got, want := traffic(x), (SocketStats{MessagesSent: 1, BytesSent: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, soc := range []*Socket{nil, {}} {
		if got := soc.Stats(); got != (SocketStats{}) {
			t.Errorf("%+v", got)
		}
	}
}

// The time that a call waited lies within the time that the call took. How
// much less it is, the machine decides.
func TestStatsWaits(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	must(t, y.SetRcvtimeo(20*time.Millisecond))
	begin := time.Now()
	y.Recv(0)
	s := y.Stats()
	if s.ReceiveWaits != 1 || s.ReceiveWaited <= 0 || s.ReceiveWaited > time.Since(begin) || s.SendWaits != 0 || s.Waiting != 0 {
		t.Errorf("after a receive that waited, %v: %+v", time.Since(begin), s)
	}
	must(t, y.SetRcvtimeo(-1))
	done := make(chan struct{})
	go func() { defer close(done); y.Recv(0) }()
	waitParked(t, y, 1)
	parked, before := time.Now(), s.ReceiveWaited
	if s := y.Stats(); s.Waiting != 1 || s.ReceiveWaits != 1 {
		t.Errorf("while a receive waits: %+v", s)
	}
	<-time.After(20 * time.Millisecond) // the time that is to be counted
	atLeast := time.Since(parked)
	send(t, x, "m")
	within(t, patience, "Recv", func() { <-done })
	if s := y.Stats(); s.Waiting != 0 || s.ReceiveWaits != 2 || s.MessagesReceived != 1 || s.ReceiveWaited-before < atLeast {
		t.Errorf("after it, %v: %+v", atLeast, s)
	}

	lonely := newSocket(t, newContext(t), PUSH)
	must(t, lonely.SetSndtimeo(20*time.Millisecond))
	begin = time.Now()
	lonely.Send("m", 0)
	if s := lonely.Stats(); s.SendWaits != 1 || s.SendWaited <= 0 || s.SendWaited > time.Since(begin) || s.ReceiveWaits != 0 {
		t.Errorf("after a send that waited, %v: %+v", time.Since(begin), s)
	}
}

// Many goroutines use a socket, and others look.
func TestStatsShared(t *testing.T) {
	x, y := socketPair(t, "inproc", PUSH, PULL)
	const goroutines, each = 4, 500
	stop := make(chan struct{})
	var lookers, wg sync.WaitGroup
	lookers.Add(1)
	go func() {
		defer lookers.Done()
		var last SocketStats
		for {
			s := y.Stats()
			if s.MessagesReceived < last.MessagesReceived || s.BytesReceived != 4*s.MessagesReceived {
				t.Errorf("%+v after %+v", s, last)
				return
			}
			last = s
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range goroutines {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range each {
				x.Send("four", 0)
			}
		}()
		go func() {
			defer wg.Done()
			for range each {
				y.Recv(0)
			}
		}()
	}
	within(t, patience, t.Name(), wg.Wait)
	close(stop)
	lookers.Wait()
	if s := y.Stats(); s.MessagesReceived != goroutines*each {
		t.Errorf("%+v", s)
	}
}

func BenchmarkStats(b *testing.B) {
	soc := newSocket(b, newContext(b), PULL)
	b.ReportAllocs()
	for range b.N {
		soc.Stats()
	}
}

// What messages cost with their counters: to be compared with earlier commits.
func BenchmarkSendRecv(b *testing.B) {
	x, y := socketPair(b, "inproc", PAIR, PAIR)
	data := make([]byte, 64)
	b.ReportAllocs()
	for range b.N {
		x.SendBytes(data, 0)
		y.RecvBytes(0)
	}
}

func ExampleSocket_Stats() {
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	pull, err := ctx.OpenSocket(PULL, Bind("inproc://stats"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := ctx.OpenSocket(PUSH, Connect("inproc://stats"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()

	push.SendMessage("two", "parts")
	push.Send("one", 0)
	pull.RecvMessage(0)

	s := pull.Stats()
	fmt.Println("in:", s.MessagesReceived, "message of", s.BytesReceived, "bytes")
	s = push.Stats()
	fmt.Println("out:", s.MessagesSent, "messages of", s.BytesSent, "bytes")

	// As package expvar would print it: see expvar.Func.
	b, _ := json.Marshal(s)
	fmt.Println(string(b))
	// Output:
	// in: 1 message of 8 bytes
	// out: 2 messages of 11 bytes
	// {"MessagesReceived":0,"BytesReceived":0,"MessagesSent":2,"BytesSent":11,"ReceiveWaits":0,"ReceiveWaited":0,"SendWaits":0,"SendWaited":0,"Waiting":0}
}

func TestStatsString(t *testing.T) {
	stats := SocketStats{MessagesReceived: 3, BytesReceived: 24, MessagesSent: 1, BytesSent: 8, ReceiveWaits: 2, ReceiveWaited: 1500 * time.Millisecond, Waiting: 1}
	const want = "received 3 (24 B), sent 1 (8 B), 2 receives waited 1.5s, 0 sends waited 0s, 1 waiting"
	if got := fmt.Sprint(stats); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
