// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
)

// Term may be called from several goroutines, and waits for sockets that
// others close later.
func TestTerm(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			ctx := newContext(t)
			pull, push := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			must(t, push.Connect(bindOn(t, pull, transport)))
			received := make(chan error)
			go func() { _, err := pull.RecvBytes(0); received <- err }()
			waitParked(t, pull, 1)

			var ending sync.WaitGroup
			var ended [3]bool
			for i := range ended {
				ending.Go(func() {
					if err := ctx.Term(); err != nil {
						t.Error(err)
					}
					ended[i] = true
				})
			}
			within(t, patience, "ETERM", func() {
				if err := <-received; err != ETERM {
					t.Error(err)
				}
			})
			// From here on the context is of no use, but it is not gone.
			if _, err := ctx.NewSocket(PULL); err != ErrorContextClosed {
				t.Error(err)
			}
			if _, err := push.Send("x", 0); err != ETERM {
				t.Error(err)
			}
			if _, err := pull.GetEvents(); err != ETERM {
				t.Error(err)
			}
			must(t, pull.Close())
			must(t, push.Close())
			within(t, patience, "Term", ending.Wait)
			if err := ctx.Term(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A context that was never made gives an error.
func TestZeroContext(t *testing.T) {
	for name, ctx := range map[string]*Context{"nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			if err := ctx.Term(); ctx == nil && err != ErrorContextClosed || ctx != nil && err != nil {
				t.Error("Term:", err)
			}
			if soc, err := ctx.NewSocket(PULL); soc != nil || err != ErrorContextClosed {
				t.Error("NewSocket:", soc, err)
			}
			if _, err := ctx.GetMaxSockets(); err != ErrorContextClosed {
				t.Error("GetMaxSockets:", err)
			}
			if err := ctx.SetMaxSockets(1); err != ErrorContextClosed {
				t.Error("SetMaxSockets:", err)
			}
		})
	}
}

func TestNewSocketErrors(t *testing.T) {
	ctx := newContext(t)
	for _, typ := range []Type{-1, 1000} {
		if soc, err := ctx.NewSocket(typ); soc != nil || err != einval {
			t.Errorf("type %d: %v, %v", typ, soc, err)
		}
	}
	ctx = newContext(t) // the limit is for a context that has had no socket yet
	must(t, ctx.SetMaxSockets(1))
	for i := 0; ; i++ {
		soc, err := ctx.NewSocket(PULL)
		if err != nil {
			if soc != nil || AsErrno(err).Error() != "too many open files" {
				t.Errorf("one socket too many: %v, %v", soc, err)
			}
			return
		}
		t.Cleanup(func() { soc.Close() })
		if i > 3 {
			t.Fatal("ZMQ_MAX_SOCKETS has no effect") // some versions allow one more
		}
	}
}

// libzmq waits for ever for a connection that ended while the queue of its
// receiver was full, if the receiver lingers, as it does by default.
func TestTermWithFullQueue(t *testing.T) {
	for i := range 20 {
		ctx, err := NewContext()
		must(t, err)
		pull, err := ctx.NewSocket(PULL)
		must(t, err)
		push, err := ctx.NewSocket(PUSH)
		must(t, err)
		must(t, pull.SetRcvhwm(1))
		must(t, push.SetLinger(0))
		must(t, push.Connect(bindOn(t, pull, "ipc")))
		for range 500 {
			if _, err := push.SendBytes(make([]byte, 1000), DONTWAIT); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "a message", func() bool {
			ev, err := pull.GetEvents()
			return err != nil || ev&POLLIN != 0
		})
		if i%2 == 1 { // after which no option can be set
			must(t, ctx.Shutdown())
			if _, err := pull.GetEvents(); err != ETERM {
				t.Error(err)
			}
		}
		must(t, push.Close())
		must(t, pull.Close())
		within(t, patience, "Term", func() {
			if err := ctx.Term(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A number that C's int cannot hold is refused. It was cut off before.
func TestWideNumbers(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("there are none")
	}
	wide := math.MaxUint32 + 1
	ctx := newContext(t)
	for _, typ := range []Type{Type(wide) | PULL, -Type(wide) | PULL, -1} {
		if soc, err := ctx.NewSocket(typ); err != einval {
			t.Errorf("NewSocket(%d): %v", typ, err)
			soc.Close()
		}
	}
	soc := newSocket(t, ctx, PULL)
	for _, events := range []Event{Event(wide) | EVENT_LISTENING, -Event(wide) | EVENT_LISTENING} {
		if err := soc.Monitor("inproc://wide", events); err != einval {
			t.Errorf("Monitor: %v", err)
		}
		for _, err := range soc.Events(t.Context(), events) {
			if !errors.Is(err, einval) {
				t.Errorf("Events: %v", err)
			}
			break
		}
	}
	for option, err := range map[string]error{
		"SetOption": soc.SetOption(wide|6, "id"), "context": ctx.SetMaxSockets(wide | 1), "linger": soc.SetOption(17, wide),
		"group": new(Msg).SetGroup(strings.Repeat("x", 256)),
	} {
		if err == nil {
			t.Errorf("%s: no error", option)
		}
	}
	if text := Error(wide | int(EADDRINUSE)); text == Error(int(EADDRINUSE)) {
		t.Error(text)
	}
}

// A context has as many sockets as it may, at any time: one that was closed does not
// count, though libzmq may not be done with it yet.
func TestMaxSockets(t *testing.T) {
	ctx := newContext(t)
	must(t, ctx.SetMaxSockets(2))
	kept := newSocket(t, ctx, PULL)
	for i := range 1000 {
		soc, err := ctx.NewSocket(PUSH)
		if err != nil {
			t.Fatal(i, err)
		}
		must(t, soc.Close())
	}
	newSocket(t, ctx, PULL)
	if soc, err := ctx.NewSocket(PULL); err != emfile {
		t.Error(soc, err)
	}
	must(t, kept.Close())
	newSocket(t, ctx, PULL)
	if n, err := ctx.GetMaxSockets(); n != 2 || err != nil {
		t.Error(n, err)
	}
}
