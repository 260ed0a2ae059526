// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
)

// What a message costs in allocations: nothing but what is handed out.
func TestAllocations(t *testing.T) {
	if raceEnabled || asanEnabled {
		t.Skip("these builds allocate more")
	}
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	small, text := make([]byte, 64), "a string"
	parts := [][]byte{small, small[:5], small[:20]}
	args := []any{small, text, parts} // the caller's own
	check := func(err error) {
		must(t, err)
	}
	drain := func() {
		for {
			if _, err := pull.RecvMessageBytes(DONTWAIT); err != nil {
				return
			}
		}
	}
	const runs = 200 // fewer than the high-water marks
	sends := map[string]func(){
		"Send":           func() { _, err := push.Send(text, 0); check(err) },
		"SendBytes":      func() { _, err := push.SendBytes(small, 0); check(err) },
		"SendMessage":    func() { _, err := push.SendMessage(args...); check(err) },
		"SendParts":      func() { _, err := push.SendParts(small, small[:5], small[:20]); check(err) },
		"SendBytes full": func() { push.SendBytes(small, DONTWAIT) },
	}
	for name, send := range sends {
		t.Run(name, func(t *testing.T) {
			send()
			if n := testing.AllocsPerRun(runs, send); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
			drain()
		})
	}
	receives := []struct {
		name   string
		allocs float64
		recv   func() error
	}{
		{"Recv", 1, func() error { _, err := pull.Recv(0); return err }},
		{"RecvBytes", 1, func() error { _, err := pull.RecvBytes(0); return err }},
		{"RecvMessage", 2, func() error { _, err := pull.RecvMessage(0); return err }},
		{"RecvMessageBytes", 2, func() error { _, err := pull.RecvMessageBytes(0); return err }},
	}
	for _, r := range receives {
		whole := r.allocs == 2
		send := func() {
			if whole {
				_, err := push.SendMessage(args...)
				check(err)
			} else {
				_, err := push.SendBytes(small, 0)
				check(err)
			}
		}
		t.Run(r.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(runs, func() { send(); check(r.recv()) }); n != r.allocs {
				t.Errorf("%v allocations, want %v", n, r.allocs)
			}
		})
		t.Run(r.name+" waiting", func(t *testing.T) {
			// Another goroutine receives, and always has to wait.
			next, done := make(chan bool), make(chan error)
			go func() {
				for range next {
					done <- r.recv()
				}
			}()
			defer close(next)
			n := testing.AllocsPerRun(runs, func() {
				next <- true
				for parked(pull) == 0 {
					runtime.Gosched()
				}
				send()
				check(<-done)
			})
			if n != r.allocs {
				t.Errorf("%v allocations, want %v", n, r.allocs)
			}
		})
	}
}

// TestCrossings counts the calls from Go to C.
func TestCrossings(t *testing.T) {
	// Defects 28, 35 and 36.
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	large, parts := pattern(keep/2), make([]string, 100)
	var batch, got Batch
	for range 100 {
		batch.Append([]byte("a"), []byte("b"))
	}
	sendBatch := func() error { _, err := push.SendBatch(t.Context(), &batch); return err }
	recvBatch := func() error {
		got.Reset()
		n, err := pull.RecvBatch(t.Context(), &got, batch.Len())
		if err == nil && n != batch.Len() {
			err = fmt.Errorf("%d messages, want %d", n, batch.Len())
		}
		return err
	}
	names := 0
	name := func() string { names++; return fmt.Sprintf("inproc://crossings-%d", names) }
	sent := func(parts ...any) func() error {
		return func() error { _, err := push.SendMessage(parts...); return err }
	}
	recv := func(n int) func() error {
		return func() error {
			m, err := pull.RecvMessage(DONTWAIT)
			if err == nil && len(m) != n {
				err = fmt.Errorf("%d parts, want %d", len(m), n)
			}
			return err
		}
	}
	for _, test := range []struct {
		name             string
		before, f, after func() error
		want             int64
	}{
		{"Send", nil, func() error { _, err := push.Send("x", 0); return err }, recv(1), 1},
		{"SendBytes", nil, func() error { _, err := push.SendBytes(large, 0); return err }, recv(1), 1},
		{"SendMessage of 3 parts", nil, sent("a", []byte("b"), 1), recv(3), 1},
		{"SendMessage of 100 parts", nil, sent(parts), recv(100), 1},
		{"SendParts", nil, func() error { _, err := push.SendParts(large, nil, large[:9]); return err }, recv(3), 1},
		{"Recv", sent("x"), func() error { _, err := pull.Recv(0); return err }, nil, 1},
		{"RecvBytes", sent(large), func() error { _, err := pull.RecvBytes(0); return err }, nil, 1},
		{"Recv of 3 parts", sent("a", "b", "c"), func() error {
			_, err := pull.Recv(0)
			_, err2 := pull.Recv(0)
			_, err3 := pull.Recv(0)
			return errors.Join(err, err2, err3)
		}, nil, 1},
		{"RecvMessage of 3 parts", sent("a", "b", "c"), recv(3), nil, 1},
		{"RecvMessage of 100 parts", sent(parts), recv(100), nil, 1},
		{"RecvMessageBytes of 3 parts", sent("a", "b", "c"), func() error { _, err := pull.RecvMessageBytes(0); return err }, nil, 1},
		{"RecvMessageWithMetadata", sent("a", "b", "c"), func() error {
			_, _, err := pull.RecvMessageWithMetadata(0, "User-Id", "Peer-Address")
			return err
		}, nil, 1 + 2},
		{"SendBatch", nil, sendBatch, recvBatch, 1},
		{"RecvBatch", sendBatch, recvBatch, nil, 1},
		{"RecvEvent", sent(event(EVENT_CLOSED, 0, "")), func() error { _, _, _, err := pull.RecvEvent(0); return err }, nil, 1},
		{"GetRcvmore", nil, func() error { _, err := pull.GetRcvmore(); return err }, nil, 0},
		{"GetEvents", nil, func() error { _, err := pull.GetEvents(); return err }, nil, 1},
		{"SetLinger", nil, func() error { return pull.SetLinger(0) }, nil, 1},
		{"GetLinger", nil, func() error { _, err := pull.GetLinger(); return err }, nil, 1},
		{"SetIdentity", nil, func() error { return pull.SetIdentity("me") }, nil, 1},
		{"GetIdentity", nil, func() error { _, err := pull.GetIdentity(); return err }, nil, 1},
		{"Bind", nil, func() error { return pull.Bind(name()) }, nil, 1 + int64(toInt(guessing))}, // the second is for what the socket takes ahead
		{"Connect", nil, func() error { return push.Connect(name()) }, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			best := int64(math.MaxInt64)
			for range 5 { // something in the background may make some, too
				if test.before != nil {
					must(t, test.before())
				}
				before := runtime.NumCgoCall()
				err := test.f()
				best = min(best, runtime.NumCgoCall()-before)
				must(t, err)
				if test.after != nil {
					must(t, test.after())
				}
			}
			if best != test.want {
				t.Errorf("%d crossings, want %d", best, test.want)
			}
		})
	}
}

// TestWaitingCrossings counts the calls from Go to C of one call that waits, when the one before it
// waited, too, and of the message that ends it.
func TestWaitingCrossings(t *testing.T) {
	needGuesses(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // nobody naps
	poll := func(n int) func(*testing.T, []*Socket) {
		return func(t *testing.T, socs []*Socket) {
			p := NewPoller()
			for _, soc := range socs[:n] {
				p.Add(soc, POLLIN)
			}
			polled, err := p.Poll(-1)
			must(t, err)
			if len(polled) != 1 || polled[0].Socket != socs[0] {
				t.Errorf("%v", polled)
			}
		}
	}
	tests := []struct {
		name    string
		sockets int
		wait    func(*testing.T, []*Socket)
		want    int64 // without the receive after a poll
	}{
		{"RecvBytes", 1, func(t *testing.T, socs []*Socket) {}, 1},
		{"Socket.Poll", 1, func(t *testing.T, socs []*Socket) {
			_, err := socs[0].Poll(POLLIN, -1)
			must(t, err)
		}, 2},
		{"Poller.Poll of one socket", 1, poll(1), 2},
		{"Poller.Poll of 4 sockets", 4, poll(4), 4 + 4 + 1}, // looks, descriptors, one more look
	}
	for _, transport := range []string{"inproc", "tcp"} {
		for _, test := range tests {
			if test.sockets > 1 && fdInterval > 0 {
				continue // a goroutine watches each socket
			}
			t.Run(transport+"/"+test.name, func(t *testing.T) {
				var socs, peers []*Socket
				for range test.sockets {
					x, y := socketPair(t, transport, PAIR, PAIR)
					handshake(t, x, y)
					socs, peers = append(socs, x), append(peers, y)
				}
				best := int64(math.MaxInt64)
				eventually(t, "few crossings", func() bool {
					done := make(chan struct{})
					before := runtime.NumCgoCall()
					go func() {
						defer close(done)
						test.wait(t, socs)
						if _, err := socs[0].RecvBytes(0); err != nil {
							t.Error(err)
						}
					}()
					eventually(t, "it waits", func() bool { return isWaiting(socs[0]) })
					send(t, peers[0], "m")
					within(t, patience, test.name, func() { <-done })
					best = min(best, runtime.NumCgoCall()-before-2) // the send and the receive
					return best <= test.want
				})
				if best < test.want {
					t.Errorf("%d, want %d: the test counts wrongly", best, test.want)
				}
			})
		}
	}
}

// isWaiting reports whether a goroutine waits for a socket, alone or in the queue of a Poller.
func isWaiting(soc *Socket) bool {
	if parked(soc) > 0 {
		return true
	}
	s := soc.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ref := range s.polls {
		k := &ref.q.park
		k.mu.Lock()
		is := len(k.waiters) > 0 && k.waiters[0].parked
		k.mu.Unlock()
		if is {
			return true
		}
	}
	return false
}
