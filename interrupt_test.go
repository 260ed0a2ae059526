// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// waiting returns how many calls wait for a socket, themselves or in a Poller, all the way down.
func waiting(soc *Socket) int {
	s := soc.s
	s.mu.Lock()
	n, polls := s.park.parked()+s.rx.turn.queued()+s.tx.turn.queued(), slices.Clone(s.polls)
	s.mu.Unlock()
	for _, ref := range polls {
		n += ref.q.park.parked()
	}
	return n
}

// waitingCalls are calls that wait for a message on a socket that has no peer.
var waitingCalls = map[string]struct {
	typ  Type
	call func(soc *Socket) error
}{
	"Recv":             {PULL, func(s *Socket) error { _, err := s.Recv(0); return err }},
	"RecvBytes":        {SUB, func(s *Socket) error { _, err := s.RecvBytes(0); return err }},
	"RecvMessage":      {ROUTER, func(s *Socket) error { _, err := s.RecvMessage(0); return err }},
	"RecvMessageBytes": {REP, func(s *Socket) error { _, err := s.RecvMessageBytes(0); return err }},
	"RecvMsg":          {PAIR, func(s *Socket) error { _, err := s.RecvMsg(&Msg{}, 0); return err }},
	"RecvInto":         {DEALER, func(s *Socket) error { _, _, err := s.RecvInto(nil, 0); return err }},
	"RecvEvent":        {PAIR, func(s *Socket) error { _, _, _, err := s.RecvEvent(0); return err }},
	"timeout": {PULL, func(s *Socket) error {
		if err := s.SetRcvtimeo(time.Hour); err != nil {
			return err
		}
		_, err := s.Recv(0)
		return err
	}},
	"Send":        {PUSH, func(s *Socket) error { _, err := s.Send("x", 0); return err }},
	"SendBytes":   {REQ, func(s *Socket) error { _, err := s.SendBytes(nil, 0); return err }},
	"SendMessage": {DEALER, func(s *Socket) error { _, err := s.SendMessage("x", "y"); return err }},
	"SendMsg": {PAIR, func(s *Socket) error {
		m, err := NewMsg(1)
		if err == nil {
			_, err = s.SendMsg(m, 0)
			m.Close()
		}
		return err
	}},
	"Socket.Poll": {PULL, func(s *Socket) error { _, err := s.Poll(POLLIN, -1); return errors.Unwrap(err) }},
	"Poll":        {PULL, func(s *Socket) error { _, err := pollerOf(s).Poll(-1); return err }},
	"PollAll":     {XPUB, func(s *Socket) error { _, err := pollerOf(s).PollAll(time.Hour); return err }},
	"Proxy":       {PULL, func(s *Socket) error { return Proxy(s, s, nil) }},
	"Run":         {PULL, func(s *Socket) error { return reactorOf(s).Run(-1) }},
	"Run with channels": {PULL, func(s *Socket) error {
		r := reactorOf(s)
		r.AddChannelTime(make(chan time.Time), 1, func(any) error { return nil })
		return r.Run(-1)
	}},
}

func pollerOf(soc *Socket) *Poller {
	p := NewPoller()
	p.Add(soc, POLLIN)
	return p
}

func reactorOf(soc *Socket) *Reactor {
	r := NewReactor()
	r.AddSocket(soc, POLLIN, func(State) error { return nil })
	return r
}

// SetRetryAfterEINTR(false) ends the calls that wait for sockets of the context, each once.
func TestInterrupt(t *testing.T) {
	for name, tt := range waitingCalls {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			soc := newSocket(t, ctx, tt.typ)
			for range 2 {
				done := make(chan error, 1)
				go func() { done <- tt.call(soc) }()
				eventually(t, "the call waits", func() bool { return waiting(soc) > 0 })
				newContext(t).SetRetryAfterEINTR(false)
				ctx.SetRetryAfterEINTR(true)
				select {
				case err := <-done:
					t.Errorf("ended by something else: %v", err)
				default:
				}
				within(t, patience, name, func() {
					ctx.SetRetryAfterEINTR(false)
					if err := <-done; err != eintr {
						t.Errorf("%v instead of EINTR", err)
					}
				})
			}
		})
	}
}

// A call that looks between two waits, a Proxy that moves messages and a Run in a handler end, too.
func TestInterruptBetweenWaits(t *testing.T) {
	calls := map[string]func(t *testing.T, ctx *Context, interrupt func()) error{
		"wait": func(t *testing.T, ctx *Context, interrupt func()) error {
			soc := newSocket(t, ctx, PULL)
			woken := false
			return again(interruptible, -1, func(l limit) error {
				if !woken {
					woken = true
					return nil
				}
				_, err := soc.s.wait(interruptible, POLLIN, l)
				return err
			}, func() bool { interrupt(); return false })
		},
		"Proxy": func(t *testing.T, ctx *Context, interrupt func()) error {
			other := newContext(t)
			push, pull := newSocket(t, other, PUSH), newSocket(t, other, PULL)
			frontend, backend := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			must(t, push.Connect(bindOn(t, frontend, "tcp")))
			must(t, pull.Connect(bindOn(t, backend, "tcp")))
			var flow sync.WaitGroup
			defer flow.Wait()
			defer push.Close()
			defer pull.Close()
			flow.Go(func() {
				for {
					if _, err := push.Send("x", 0); err != nil {
						return
					}
				}
			})
			flow.Go(func() {
				for i := 0; ; i++ {
					if _, err := pull.Recv(0); err != nil {
						return
					}
					if i == 1000 {
						interrupt()
					}
				}
			})
			return Proxy(frontend, backend, nil)
		},
		"Run": func(t *testing.T, ctx *Context, interrupt func()) error {
			r := NewReactor()
			r.AddSocket(newSocket(t, ctx, PUB), POLLOUT, func(State) error { interrupt(); return nil })
			return r.Run(-1)
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			var once sync.Once
			interrupt := func() { once.Do(func() { ctx.SetRetryAfterEINTR(false) }) }
			within(t, patience, name, func() {
				if err := call(t, ctx, interrupt); err != eintr {
					t.Error(err)
				}
			})
		})
	}
}

// All that wait at the moment end, and what comes later is received.
func TestInterruptAll(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			a, b := socketPair(t, transport, DEALER, DEALER)
			ctx, err := a.Context()
			must(t, err)
			const n = 8
			errs := make(chan error, n)
			receive := func() {
				msg, err := a.Recv(0)
				if err == nil && msg != "here" {
					t.Errorf("received %q", msg)
				}
				errs <- err
			}
			for range n {
				go receive()
			}
			waitParked(t, a, n)
			ctx.SetRetryAfterEINTR(false)
			within(t, patience, "the calls", func() {
				for range n {
					if err := <-errs; err != eintr {
						t.Error(err)
					}
				}
			})
			go receive()
			waitParked(t, a, 1)
			send(t, b, "here")
			within(t, patience, "a later call", func() { must(t, <-errs) })
		})
	}
}

// Calls with a context.Context are ended by that alone, and nothing of the package's own ends.
func TestInterruptNot(t *testing.T) {
	calls := map[string]func(ctx context.Context, soc *Socket) error{
		"RecvContext":             func(ctx context.Context, s *Socket) error { _, err := s.RecvContext(ctx, 0); return err },
		"RecvMessageBytesContext": func(ctx context.Context, s *Socket) error { _, err := s.RecvMessageBytesContext(ctx); return err },
		"RecvBatch":               func(ctx context.Context, s *Socket) error { _, err := s.RecvBatch(ctx, new(Batch), 0); return err },
		"SendContext":             func(ctx context.Context, s *Socket) error { _, err := s.SendContext(ctx, "x", 0); return err },
		"PollContext":             func(ctx context.Context, s *Socket) error { _, err := pollerOf(s).PollContext(ctx); return err },
		"RunContext":              func(ctx context.Context, s *Socket) error { return reactorOf(s).RunContext(ctx) },
		"ProxyContext":            func(ctx context.Context, s *Socket) error { return ProxyContext(ctx, s, s, nil) },
		"Messages": func(ctx context.Context, s *Socket) error {
			for _, err := range s.Messages(ctx) {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			zctx := newContext(t)
			soc := newSocket(t, zctx, DEALER)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- call(ctx, soc) }()
			eventually(t, "the call waits", func() bool { return waiting(soc) > 0 })
			zctx.SetRetryAfterEINTR(false)
			cancel()
			within(t, patience, name, func() {
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		})
	}
	t.Run("monitor", func(t *testing.T) {
		ctx := newContext(t)
		soc := newSocket(t, ctx, PULL)
		must(t, soc.Monitor("inproc://events", EVENT_LISTENING))
		events := newSocket(t, ctx, PAIR)
		must(t, events.Connect("inproc://events"))
		ctx.SetRetryAfterEINTR(false)
		bindOn(t, soc, "tcp")
		must(t, events.SetRcvtimeo(patience))
		if event, _, _, err := events.RecvEvent(0); err != nil || event != EVENT_LISTENING {
			t.Error(event, err)
		}
	})
	t.Run("authentication", func(t *testing.T) {
		must(t, AuthStart())
		defer AuthStop()
		AuthPlainAdd("interrupt", "user", "password")
		defer AuthPlainRemove("interrupt", "user")
		zctx, err := defaultContext()
		must(t, err)
		defer zctx.SetRetryAfterEINTR(true)
		zctx.SetRetryAfterEINTR(false)
		server, client := newSocket(t, zctx, PAIR), newSocket(t, zctx, PAIR)
		must(t, server.ServerAuthPlain("interrupt"))
		must(t, client.ClientAuthPlain("user", "password"))
		must(t, client.Connect(bindOn(t, server, "tcp")))
		handshake(t, client, server)
	})
}
