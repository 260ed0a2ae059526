// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// String may be called while other goroutines use the socket, and a copy of a
// Socket keeps the socket open.
func TestStringShared(t *testing.T) {
	// Defect 20.
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	p := NewPoller()
	p.Add(pull, POLLIN)
	const n = 1000
	var using sync.WaitGroup
	using.Go(func() {
		for i := range n {
			if m, err := pull.Recv(0); m != fmt.Sprint(i) || err != nil {
				t.Errorf("message %d: %q, %v", i, m, err)
			}
		}
	})
	using.Go(func() {
		for i := range n {
			if _, err := push.Send(fmt.Sprint(i), 0); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		using.Go(func() {
			for range n {
				if s := pull.String(); !strings.HasPrefix(s, "Socket(PULL,0x") {
					t.Error(s)
				}
				if s := p.String(); !strings.HasPrefix(s, "Poller[Socket(PULL,0x") {
					t.Error(s)
				}
			}
		})
	}
	within(t, patience, "String beside Send and Recv", using.Wait)

	lost := func() Socket {
		soc, err := pull.s.ctx.NewSocket(PULL)
		must(t, err)
		return *soc
	}()
	for range 3 {
		runtime.GC()
	}
	if s := lost.String(); !strings.HasPrefix(s, "Socket(PULL,") {
		t.Error(s)
	}
	must(t, lost.Close())
	p.Add(nil, POLLIN)
	if s := p.String(); !strings.HasSuffix(s, " <nil>POLLIN]") {
		t.Error(s)
	}
}

// Sends beside a goroutine that waits to receive do not look each time what the socket is ready for.
func TestSendsLookLate(t *testing.T) {
	for _, waiter := range []string{"a receiver", "a Poller"} {
		t.Run(waiter, func(t *testing.T) {
			soc, peer := newSocket(t, newContext(t), PAIR), newSocket(t, newContext(t), PAIR)
			must(t, soc.SetSndhwm(0))
			must(t, peer.SetRcvhwm(0))
			must(t, peer.Connect(bindOn(t, soc, "tcp")))
			handshake(t, peer, soc)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if waiter == "a Poller" {
					p := NewPoller()
					p.Add(soc, POLLIN)
					if polled, err := p.Poll(-1); err != nil || len(polled) != 1 {
						t.Errorf("polled %v, %v", polled, err)
					}
				}
				expect(t, soc, "here")
			}()
			waitParked(t, soc, 1)
			const sends = 10_000
			uses := func() uint64 {
				soc.s.mu.Lock()
				defer soc.s.mu.Unlock()
				return soc.s.guess.uses
			}
			before := uses()
			for range sends {
				send(t, soc, "there")
			}
			if looks := uses() - before - sends; looks > sends/2 {
				t.Errorf("%d sends, and %d looks", sends, looks)
			}
			send(t, peer, "here")
			within(t, patience, "receive", func() { <-done })
		})
	}
}
