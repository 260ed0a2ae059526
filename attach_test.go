// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What Unbind and Disconnect end has to end, also if a thread of libzmq was about to
// tell the socket something at that moment. libzmq then overlooks what it has not
// yet been told of, and reports success.
func TestAttachDetach(t *testing.T) {
	for _, transport := range []string{"ipc", "tcp"} {
		t.Run(transport+" bind", func(t *testing.T) {
			soc := newSocket(t, newContext(t), PULL)
			attachDetach(t, []*Socket{soc}, func() string { return bindOn(t, soc, transport) }, soc.Unbind)
		})
		t.Run(transport+" connect", func(t *testing.T) {
			ctx := newContext(t)
			soc, peer := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			endpoint := bindOn(t, peer, transport)
			attachDetach(t, []*Socket{soc, peer}, func() string {
				must(t, soc.Connect(endpoint))
				return endpoint
			}, soc.Disconnect)
		})
	}
}

func attachDetach(t *testing.T, sockets []*Socket, attach func() string, detach func(string) error) {
	before := procCount(t, "fd")
	for range 2000 {
		must(t, detach(attach()))
	}
	eventually(t, "everything ended", func() bool {
		for _, soc := range sockets {
			_, err := soc.GetEvents() // lets it see what its connections have told it
			must(t, err)
		}
		return procCount(t, "fd") <= before
	})
}

// TestConnectTwice connects a socket to one endpoint twice. For some types
// libzmq does nothing then, and nothing is to be waited for.
func TestConnectTwice(t *testing.T) {
	for _, typ := range []Type{DEALER, SUB, PUB, REQ, PUSH, ROUTER} {
		for _, transport := range transports {
			t.Run(typ.String()+"/"+transport, func(t *testing.T) {
				ctx := newContext(t)
				peer := map[Type]Type{DEALER: ROUTER, SUB: XPUB, PUB: XSUB, REQ: REP, PUSH: PULL, ROUTER: DEALER}[typ]
				endpoint := bindOn(t, newSocket(t, ctx, peer), transport)
				soc := newSocket(t, ctx, typ)
				start := time.Now()
				for range 3 {
					must(t, soc.Connect(endpoint))
				}
				must(t, soc.Disconnect(endpoint))
				must(t, soc.Connect(endpoint))
				if d := time.Since(start); d > slack(500*time.Millisecond) {
					t.Errorf("took %v", d)
				}
			})
		}
	}
}

// A socket that has connected to an inproc endpoint which nobody has bound may leave it.
// libzmq would abort if a ROUTER, REP or conflating socket did, and somebody bound the
// endpoint.
func TestDisconnectUnbound(t *testing.T) {
	for _, tt := range []struct {
		typ, peer Type
		conflate  bool
	}{{ROUTER, DEALER, false}, {REP, REQ, false}, {PULL, PUSH, true}, {PULL, PUSH, false}, {DEALER, ROUTER, false}, {SUB, XPUB, false}} {
		t.Run(fmt.Sprintf("%v %v", tt.typ, tt.conflate), func(t *testing.T) {
			ctx := newContext(t)
			soc, other, peer := newSocket(t, ctx, tt.typ), newSocket(t, ctx, tt.typ), newSocket(t, ctx, tt.peer)
			if tt.conflate {
				must(t, soc.SetConflate(true))
				must(t, other.SetConflate(true))
			}
			if tt.peer == XPUB {
				must(t, peer.SetXpubWelcomeMsg("welcome"))
			}
			const endpoint = "inproc://unbound"
			connect := func(soc *Socket) {
				t.Helper()
				must(t, soc.Connect(endpoint))
				if last, err := soc.GetLastEndpoint(); last != endpoint || err != nil {
					t.Errorf("last endpoint %q, %v", last, err)
				}
			}
			disconnect := func(how func(string) error) {
				t.Helper()
				for _, want := range []error{nil, Errno(syscall.ENOENT)} {
					if err := how(endpoint); err != want {
						t.Errorf("%v, want %v", err, want)
					}
					_, err := soc.GetEvents() // lets libzmq go on with it
					must(t, err)
				}
			}
			for _, how := range []func(string) error{soc.Disconnect, soc.Unbind} {
				connect(soc)
				connect(other)
				disconnect(how)
				must(t, peer.Bind(endpoint))
				must(t, peer.Unbind(endpoint))
				connect(soc)
				connect(soc)
				must(t, peer.Bind(endpoint))
				if last, err := peer.GetLastEndpoint(); last != endpoint || err != nil {
					t.Errorf("last endpoint %q, %v", last, err)
				}
				disconnect(how) // both
				connect(soc)
				disconnect(how)
				must(t, peer.Unbind(endpoint))
			}
			connect(soc)
			must(t, soc.Close())
			must(t, peer.Bind(endpoint))
			must(t, other.Disconnect(endpoint))
			must(t, peer.Close())
			connect(other)
			must(t, newSocket(t, ctx, tt.peer).Bind(endpoint)) // which is free at once
			if i := &ctx.c.inprocs; len(i.waiting) > 0 || len(i.bound) != 1 {
				t.Errorf("waiting %v, bound %v", i.waiting, i.bound)
			}
		})
	}
}

// What a socket has sent to an inproc endpoint that nobody has bound is there for the one
// who does, also if the socket has left in between, and unless it does not linger.
func TestSentUnbound(t *testing.T) {
	const endpoint = "inproc://unbound"
	for _, tt := range []struct {
		typ, peer Type
		sent      []any
		got       []string
	}{
		{PUSH, PULL, []any{"a", "b"}, []string{"a", "b"}},
		{PAIR, PAIR, []any{"a", "b"}, []string{"a", "b"}},
		{DEALER, ROUTER, []any{"a", "b"}, []string{"me", "a", "b"}},
		{REQ, REP, []any{"a", "b"}, []string{"a", "b"}},
		{REQ, ROUTER, []any{"a", "b"}, []string{"me", "", "a", "b"}},
		{ROUTER, DEALER, []any{"you", "a", "b"}, []string{"a", "b"}},
	} {
		for _, linger := range []time.Duration{-1, time.Hour, 0} {
			for _, end := range []string{"Close", "Disconnect", "Term"} {
				t.Run(fmt.Sprint(tt.typ, tt.peer, linger, end), func(t *testing.T) {
					ctx := newContext(t)
					soc, peer := newSocket(t, ctx, tt.typ), newSocket(t, ctx, tt.peer)
					must(t, soc.SetIdentity("me"))
					must(t, soc.SetLinger(linger))
					if tt.typ == ROUTER {
						must(t, soc.SetConnectRid("you"))
					}
					must(t, soc.Connect(endpoint))
					send(t, soc, tt.sent...)
					if end == "Disconnect" {
						must(t, soc.Disconnect(endpoint))
					} else {
						must(t, soc.Close())
					}
					if end == "Term" {
						return // whose end newContext waits for
					}
					must(t, peer.Bind(endpoint))
					if linger != 0 {
						within(t, patience, "message", func() {
							if got, err := peer.RecvMessage(0); !slices.Equal(got, tt.got) || err != nil {
								t.Errorf("got %q, %v, want %q", got, err, tt.got)
							}
						})
					}
					if msg, err := peer.RecvMessage(DONTWAIT); err != eagain && err != EFSM {
						t.Errorf("%q, %v", msg, err)
					}
				})
			}
		}
	}
}

// A socket that waits for an inproc endpoint ends completely when it is closed.
func TestClosedIsClosed(t *testing.T) {
	for _, typ := range []Type{PULL, ROUTER} {
		ctx := newContext(t)
		soc := newSocket(t, ctx, typ)
		if typ == PULL {
			must(t, soc.SetConflate(true))
		}
		must(t, newSocket(t, ctx, typ).Connect("inproc://never")) // and still waits
		must(t, soc.Connect("inproc://never"))
		must(t, soc.Bind("inproc://mine"))
		must(t, soc.Bind("tcp://127.0.0.1:*"))
		endpoint, err := soc.GetLastEndpoint()
		must(t, err)
		must(t, soc.Close())
		next := newSocket(t, ctx, typ)
		must(t, next.Bind("inproc://mine"))
		eventually(t, "port free", func() bool { return next.Bind(endpoint) == nil })
	}
}

// Sockets that have waited for inproc endpoints and were closed need nothing any more.
func TestClosedWaitersGone(t *testing.T) {
	for _, typ := range []Type{PUSH, PULL, ROUTER, SUB, REQ, PAIR} {
		t.Run(fmt.Sprint(typ), func(t *testing.T) {
			ctx := newContext(t)
			must(t, ctx.SetMaxSockets(3))
			other := newSocket(t, ctx, typ)
			must(t, other.Connect("inproc://never"))
			before := procCount(t, "fd")
			for range 100 {
				soc := newSocket(t, ctx, typ)
				must(t, soc.Connect("inproc://never"))
				must(t, soc.Connect("inproc://never-too"))
				must(t, soc.Close())
			}
			eventually(t, "descriptors closed", func() bool { return procCount(t, "fd") <= before })
		})
	}
}

// Sockets that still wait for an inproc endpoint when they are closed. libzmq would
// abort when it is bound, or crash now and then when the context is terminated.
func TestCloseUnbound(t *testing.T) {
	const endpoint = "inproc://unbound"
	for _, conflate := range []bool{false, true} {
		for _, end := range []string{"Term", "Shutdown", "Bind"} {
			t.Run(fmt.Sprintf("%v %s", conflate, end), func(t *testing.T) {
				for range 300 {
					ctx, err := NewContext()
					must(t, err)
					push := newSocket(t, ctx, PUSH)
					var pulls []*Socket
					for range 3 {
						soc := newSocket(t, ctx, PULL)
						must(t, soc.SetConflate(conflate))
						must(t, soc.Connect(endpoint))
						must(t, soc.Connect(endpoint+"-too"))
						pulls = append(pulls, soc)
					}
					if end == "Shutdown" {
						must(t, ctx.Shutdown())
					}
					for _, soc := range pulls[:2] {
						must(t, soc.Close())
					}
					if end == "Bind" {
						must(t, push.Bind(endpoint))
					}
					if end == "Bind" {
						_, err := push.Send("to the one that is left", 0)
						must(t, err)
						within(t, patience, "message", func() {
							if _, err := pulls[2].Recv(0); err != nil {
								t.Error(err)
							}
						})
					}
					must(t, pulls[2].Close())
					must(t, push.Close())
					within(t, patience, "Term", func() { must(t, ctx.Term()) })
				}
			})
		}
	}
}

// What a monitor has bound is not waited for.
func TestMonitorsDoNotWait(t *testing.T) {
	ctx := newContext(t)
	soc := newSocket(t, ctx, PULL)
	must(t, soc.Monitor("inproc://monitor", EVENT_ALL))
	pair := newSocket(t, ctx, PAIR)
	must(t, pair.Connect("inproc://monitor"))
	logEvents(t.Context(), soc, EVENT_ALL)
	if w := ctx.c.inprocs.waiting; len(w) > 0 {
		t.Errorf("waiting: %v", w)
	}
}

// libzmq takes sockets of any type together over inproc, and aborts on some.
func TestInprocRefused(t *testing.T) {
	ctx := newContext(t)
	stream, pair, router := newSocket(t, ctx, STREAM), newSocket(t, ctx, PAIR), newSocket(t, ctx, ROUTER)
	must(t, router.Connect("inproc://router"))
	for _, err := range []error{stream.Bind("inproc://stream"), stream.Connect("inproc://router"), pair.Bind("inproc://router")} {
		if err != ENOCOMPATPROTO {
			t.Error(err)
		}
	}
	must(t, pair.Bind("inproc://pair"))
}

// A high-water mark may be set while connections over inproc end: libzmq crashed in
// each of these runs.
func TestHighWaterMarkAtEnd(t *testing.T) {
	disconnect := func(t *testing.T, bound, peer *Socket, endpoint string) {
		handshake(t, peer, bound)
		must(t, peer.Disconnect(endpoint))
		must(t, bound.SetSndhwm(3))
		must(t, bound.SetRcvhwm(3))
		_, err := peer.GetEvents()
		must(t, err)
	}
	tests := []struct {
		name string
		typ  Type
		run  func(t *testing.T, bound, peer *Socket, endpoint string)
	}{
		{"refused", PAIR, func(t *testing.T, bound, peer *Socket, endpoint string) {
			for n := 1; n < 7; n++ {
				must(t, bound.Connect(endpoint)) // to itself
				must(t, bound.SetSndhwm(n))
				if n%2 == 1 {
					bound.RecvMessage(DONTWAIT)
				}
				if n%3 == 0 {
					must(t, peer.Connect(endpoint))
				}
				must(t, peer.SetSndhwm(n))
				_, err := peer.GetEvents()
				must(t, err)
				must(t, bound.SetRcvhwm(n))
				must(t, peer.SetRcvhwm(n))
			}
		}},
		{"disconnected", DEALER, func(t *testing.T, bound, peer *Socket, endpoint string) {
			must(t, peer.Connect(endpoint))
			disconnect(t, bound, peer, endpoint)
		}},
		{"waited", DEALER, func(t *testing.T, bound, peer *Socket, endpoint string) {
			must(t, bound.Unbind(endpoint))
			must(t, peer.Connect(endpoint))
			must(t, bound.Bind(endpoint))
			disconnect(t, bound, peer, endpoint)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := newContext(t)
			for range 20 {
				bound, peer := newSocket(t, ctx, tt.typ), newSocket(t, ctx, tt.typ)
				tt.run(t, bound, peer, bindOn(t, bound, "inproc"))
				must(t, peer.Close())
				must(t, bound.Close())
			}
			if i := &ctx.c.inprocs; len(i.socks) != 0 {
				t.Errorf("closed sockets are remembered: %v", i.socks)
			}
		})
	}
}

// Two that set theirs at the same time do not wait for each other.
func TestHighWaterMarkOfPeers(t *testing.T) {
	a, b := socketPair(t, "inproc", PAIR, PAIR)
	within(t, patience, "both", func() {
		var both sync.WaitGroup
		for _, soc := range []*Socket{a, b} {
			both.Go(func() {
				for n := range 20 {
					if err := soc.SetSndhwm(n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
	})
}

// A message that ZMQ_EVENTS has begun to read can be received after the connection
// over inproc that it came from was ended. libzmq aborted on the next receive.
func TestDisconnectBegun(t *testing.T) {
	tests := []struct {
		typ, peer Type
	}{
		{SUB, PUB}, {XSUB, XPUB}, {ROUTER, DEALER}, {REP, REQ},
	}
	sent := []string{"x", "y", "z"}
	for _, tt := range tests {
		for _, end := range []string{"Disconnect", "Unbind"} {
			t.Run(fmt.Sprint(tt.typ, " ", end), func(t *testing.T) {
				ctx := newContext(t)
				soc, peer, other := newSocket(t, ctx, tt.typ), newSocket(t, ctx, tt.peer), newSocket(t, ctx, tt.peer)
				endpoint, detach := "inproc://"+t.Name(), soc.Disconnect
				must(t, soc.Connect(bindOn(t, other, "inproc")))
				if end == "Disconnect" {
					must(t, peer.Bind(endpoint))
					must(t, soc.Connect(endpoint))
				} else {
					detach = soc.Unbind
					must(t, soc.Bind(endpoint))
					must(t, peer.Connect(endpoint))
				}
				switch tt.typ {
				case SUB:
					must(t, soc.SetSubscribe(""))
				case XSUB:
					send(t, soc, "\x01")
				}
				for _, x := range []*Socket{soc, peer, other} {
					_, err := x.GetEvents() // each hears of the other, and of subscriptions
					must(t, err)
				}
				_, err := peer.SendMessage(sent)
				must(t, err)
				if ev, err := soc.GetEvents(); err != nil || ev&POLLIN == 0 {
					t.Fatal(ev, err)
				}
				must(t, detach(endpoint))
				if ev, err := soc.GetEvents(); err != nil || ev&POLLIN == 0 {
					t.Error(ev, err)
				}
				msg, err := soc.RecvMessage(DONTWAIT)
				if tt.typ == ROUTER && len(msg) > 0 {
					msg = msg[1:]
				}
				if err != nil || !slices.Equal(msg, sent) {
					t.Errorf("%q, %v", msg, err)
				}
				if tt.typ == REP {
					send(t, soc, "answer to nobody")
				}
				if msg, err := soc.RecvMessage(DONTWAIT); err != eagain {
					t.Errorf("another one: %q, %v", msg, err)
				}
			})
		}
	}
}

// To connect some types to an endpoint that they are connected to does nothing, and
// takes no time. They do not learn that nothing was done.
func TestConnectAgain(t *testing.T) {
	for _, typ := range []Type{REQ, REP, DEALER, ROUTER, PUB, SUB, XPUB, XSUB, PUSH, PULL, PAIR, STREAM} {
		t.Run(typ.String(), func(t *testing.T) {
			ctx := newContext(t)
			peer, soc := newSocket(t, ctx, DEALER), newSocket(t, ctx, typ)
			endpoint := bindOn(t, peer, "tcp")
			start := time.Now()
			for range 4 {
				must(t, soc.Connect(endpoint))
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			must(t, soc.Disconnect(endpoint))
		})
	}
}
