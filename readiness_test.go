// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"testing"
	"time"
)

// eventsOf reads what a socket is ready for in each way that there is, and expects the same.
func eventsOf(t *testing.T, soc *Socket) State {
	t.Helper()
	want, err := soc.GetEvents()
	must(t, err)
	got := map[string]State{}
	got["Socket.Poll"], err = soc.Poll(POLLIN|POLLOUT, 0)
	must(t, err)
	other := newSocket(t, newContext(t), PULL)
	for name, kept := range map[string]bool{"": false, " kept": true} {
		p := NewPoller()
		p.Add(soc, POLLIN|POLLOUT)
		if kept {
			p.Add(other, POLLIN)
			for range 2 * keepAfter {
				p.Poll(0)
			}
		}
		polled, err := p.Poll(0)
		must(t, err)
		for _, item := range polled {
			got["Poll"+name] = item.Events
		}
		all, err := p.PollAll(time.Microsecond)
		must(t, err)
		got["PollAll"+name] = all[0].Events
		for _, mask := range []State{POLLIN, POLLOUT} {
			p.Update(0, mask)
			polled, err := p.Poll(0)
			must(t, err)
			if is := len(polled) > 0; is != (want&mask != 0) {
				t.Errorf("Poll%s for %v: %v, want %v", name, mask, polled, want)
			}
		}
	}
	for name, ev := range got {
		if ev != want {
			t.Errorf("%s: %v, GetEvents: %v", name, ev, want)
		}
	}
	return want
}

// A socket in the middle of a message is ready for what libzmq itself would be ready for there.
func TestEventsInMessage(t *testing.T) {
	const both = POLLIN | POLLOUT
	relaxed := func(t *testing.T, soc *Socket) { must(t, soc.SetReqRelaxed(1)) }
	for _, test := range []struct {
		name        string
		from, to    Type // the message goes from one to the other
		prepare     func(t *testing.T, to *Socket)
		first       bool  // to sends first, and from receives that
		before      State // when the message has come
		half, after State // when one part of it was received, and when all were
		sndmore     State // when one part of an answer was sent then
	}{
		{"REP", REQ, REP, nil, false, POLLIN, POLLIN, POLLOUT, POLLOUT},
		{"REP of DEALER", DEALER, REP, nil, false, POLLIN, POLLIN, POLLOUT, POLLOUT},
		{"REQ", REP, REQ, nil, true, POLLIN, POLLIN, POLLOUT, POLLOUT},
		{"REQ of ROUTER", ROUTER, REQ, nil, true, POLLIN, POLLIN, POLLOUT, POLLOUT},
		{"relaxed REQ", REP, REQ, relaxed, true, both, both, POLLOUT, POLLOUT},
		{"DEALER", DEALER, DEALER, nil, false, both, both, POLLOUT, POLLOUT},
		{"PAIR", PAIR, PAIR, nil, false, both, both, POLLOUT, POLLOUT},
		{"ROUTER", DEALER, ROUTER, nil, false, both, both, POLLOUT, 0},
		{"PULL", PUSH, PULL, nil, false, POLLIN, POLLIN, 0, 0},
		{"SUB", PUB, SUB, nil, false, POLLIN, POLLIN, 0, 0},
		{"XSUB", PUB, XSUB, nil, false, both, both, POLLOUT, POLLOUT},
	} {
		for _, transport := range []string{"inproc", "tcp"} {
			t.Run(test.name+" "+transport, func(t *testing.T) {
				from, to := socketPair(t, transport, test.from, test.to)
				if test.prepare != nil {
					test.prepare(t, to)
				}
				check := func(when string, want State) {
					t.Helper()
					var got State
					eventually(t, when, func() bool { // what came before needs some time
						got, _ = to.GetEvents()
						return got == want
					})
					if got := eventsOf(t, to); got != want {
						t.Errorf("%s: %v, want %v", when, got, want)
					}
				}
				parts := []interface{}{"", "1", "2"}
				switch test.to {
				case SUB:
					must(t, to.SetSubscribe(""))
				case XSUB:
					to.Send("\x01", 0)
				}
				if test.first {
					send(t, to, "request")
					check("when a request was sent", test.before&^POLLIN)
					request, err := from.RecvMessage(0)
					must(t, err)
					if test.from == ROUTER {
						parts = append([]interface{}{request[0]}, parts...)
					}
				}
				if test.from == PUB {
					knowsSubscriber(t, from, to)
				}
				send(t, from, parts...)
				check("before", test.before)
				_, err := to.Recv(0)
				must(t, err)
				check("half", test.half)
				for more := true; more; more, _ = to.GetRcvmore() {
					check("half", test.half)
					_, err := to.Recv(0)
					must(t, err)
				}
				check("after", test.after)
				if test.sndmore != 0 {
					_, err := to.Send("a", SNDMORE)
					must(t, err)
					check("half sent", test.sndmore)
				}
			})
		}
	}
}

// knowsSubscriber waits until to gets what from publishes, and has nothing more to receive.
func knowsSubscriber(t *testing.T, from, to *Socket) {
	t.Helper()
	sent := 0
	eventually(t, "subscription", func() bool {
		sent++
		send(t, from, fmt.Sprint(sent))
		got, err := to.Poll(POLLIN, time.Millisecond)
		must(t, err)
		return got != 0
	})
	for m := ""; m != fmt.Sprint(sent); {
		var err error
		m, err = to.Recv(0)
		must(t, err)
	}
}

// Who waits to send the reply is woken when the last part of the request was received.
func TestEventsWaitForLastPart(t *testing.T) {
	waits := map[string]func(rep *Socket) error{
		"Socket.Poll": func(rep *Socket) error { _, err := rep.Poll(POLLOUT, -1); return err },
		"Poller": func(rep *Socket) error {
			p := NewPoller()
			p.Add(rep, POLLOUT)
			_, err := p.Poll(-1)
			return err
		},
		"Poller with two": func(rep *Socket) error {
			p := NewPoller()
			p.Add(rep, POLLOUT)
			p.Add(rep, 0)
			ctx, err := rep.Context()
			if err != nil {
				return err
			}
			other, err := ctx.NewSocket(PULL)
			if err != nil {
				return err
			}
			defer other.Close()
			p.Add(other, POLLIN)
			_, err = p.Poll(-1)
			return err
		},
		"Reactor": func(rep *Socket) error {
			r := NewReactor()
			r.AddSocket(rep, POLLOUT, func(State) error { return errDone })
			if err := r.Run(-1); err != errDone {
				return err
			}
			return nil
		},
	}
	receives := map[string]func(rep *Socket) error{
		"Recv":        func(rep *Socket) error { _, err := rep.Recv(0); return err },
		"RecvMessage": func(rep *Socket) error { _, err := rep.RecvMessage(0); return err },
		"RecvMsg": func(rep *Socket) error {
			m, err := NewMsg(0)
			if err != nil {
				return err
			}
			defer m.Close()
			_, err = rep.RecvMsg(m, 0)
			return err
		},
	}
	for name, wait := range waits {
		for receive, f := range receives {
			t.Run(name+" "+receive, func(t *testing.T) {
				req, rep := socketPair(t, "inproc", REQ, REP)
				send(t, req, "1", "2")
				_, err := rep.Recv(0)
				must(t, err)
				done := make(chan error, 1)
				go func() { done <- wait(rep) }()
				eventually(t, "it waits", func() bool {
					rep.s.mu.Lock()
					defer rep.s.mu.Unlock()
					return rep.s.watched()
				})
				select {
				case err := <-done:
					t.Fatalf("ready to send in the middle of the request: %v", err)
				default:
				}
				must(t, f(rep))
				within(t, patience, t.Name(), func() { must(t, <-done) })
				send(t, rep, "reply")
			})
		}
	}
}

// A relaxed REQ may send when it likes: what is left of a reply is dropped, as in libzmq.
func TestRelaxedRequestInReply(t *testing.T) {
	rep, req := socketPair(t, "inproc", REP, REQ)
	must(t, req.SetReqRelaxed(1))
	for range 3 {
		send(t, req, "request")
		_, err := rep.RecvMessage(0)
		must(t, err)
		send(t, rep, "1", "2", "3")
		if m, err := req.Recv(0); m != "1" || err != nil {
			t.Fatal(m, err)
		}
	}
	must(t, req.SetReqRelaxed(0))
	if _, err := req.Send("request", DONTWAIT); err != EFSM {
		t.Error(err)
	}
	if m, err := req.RecvMessage(0); len(m) != 2 || err != nil {
		t.Error(m, err)
	}
}
