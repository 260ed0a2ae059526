// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A talk is how one type of socket receives messages from another.
type talk struct {
	to, from Type
	setup    func(to *Socket) error
	meet     func(to, from *Socket) error // returns when they are connected
	prefix   []string                     // of what is sent
}

var talks = []talk{
	{to: PULL, from: PUSH},
	{to: PAIR, from: PAIR},
	{to: DEALER, from: DEALER},
	{to: ROUTER, from: DEALER},
	{to: REP, from: DEALER, prefix: []string{""}},
	{to: SUB, from: XPUB, setup: func(to *Socket) error { return to.SetSubscribe("") }, meet: subscribed},
	{to: XSUB, from: XPUB, setup: func(to *Socket) error { _, err := to.Send("\x01", 0); return err }, meet: subscribed},
	{to: XPUB, from: XSUB, setup: func(to *Socket) error { return to.SetXpubVerboser(1) }, meet: func(to, from *Socket) error {
		_, err := from.Send("\x01", 0)
		return errors.Join(err, subscribed(from, to))
	}},
}

// ends are ways to end a connection, and who made it.
var ends = []struct {
	name  string
	binds bool // the receiver does
	end   func(to, from *Socket, endpoint string) error
}{
	{"Disconnect", false, func(to, _ *Socket, endpoint string) error { return to.Disconnect(endpoint) }},
	{"Unbind", true, func(to, _ *Socket, endpoint string) error { return to.Unbind(endpoint) }},
	{"peer closes", false, func(_, from *Socket, _ string) error { return from.Close() }},
	{"bound peer closes", true, func(_, from *Socket, _ string) error { return from.Close() }},
	{"peer disconnects", true, func(_, from *Socket, endpoint string) error { return from.Disconnect(endpoint) }},
	{"peer unbinds", false, func(_, from *Socket, endpoint string) error { return from.Unbind(endpoint) }},
}

// A connection may end when ZMQ_EVENTS has read the first part of a message, whoever
// ends it: the message is received whole, or not at all if there is no trace of it.
func TestEndWhenHalfRead(t *testing.T) {
	for _, k := range talks {
		for _, immediate := range []bool{false, true} {
			t.Run(fmt.Sprint(k.to, immediate), func(t *testing.T) {
				inChild(t, func(t *testing.T) {
					for _, transport := range transports {
						for _, e := range ends {
							t.Run(transport+" "+e.name, func(t *testing.T) { endWhenHalfRead(t, k, transport, immediate, e.binds, e.end) })
						}
					}
				})
			})
		}
	}
}

func endWhenHalfRead(t *testing.T, k talk, transport string, immediate, binds bool, end func(to, from *Socket, endpoint string) error) {
	ctx := newContext(t)
	to, from := newSocket(t, ctx, k.to), newSocket(t, ctx, k.from)
	must(t, from.SetLinger(100*time.Millisecond))
	must(t, to.SetImmediate(immediate))
	if k.setup != nil {
		must(t, k.setup(to))
	}
	var endpoint string
	if binds {
		endpoint = bindOn(t, to, transport)
		must(t, from.Connect(endpoint))
	} else {
		endpoint = bindOn(t, from, transport)
		must(t, to.Connect(endpoint))
	}
	within(t, patience, "connection", func() {
		if k.meet != nil {
			if err := k.meet(to, from); err != nil {
				t.Error(err)
			}
		}
		for i := range 3 {
			if _, err := from.SendMessage(k.prefix, fmt.Sprint("message ", i), strings.Repeat("b", 100), "c"); err != nil {
				t.Error(err)
			}
		}
	})
	eventually(t, "message", func() bool {
		ev, err := to.GetEvents()
		return ev&POLLIN != 0 || err != nil
	})
	must(t, end(to, from, endpoint))
	for range 50 { // the news arrives
		_, err := to.GetEvents()
		must(t, err)
		runtime.Gosched()
	}
	for i := 0; ; i++ {
		m, err := to.RecvMessage(DONTWAIT)
		if err == eagain && (i > 0 || immediate || k.to == PULL || k.to == PAIR || k.to == DEALER || k.to == XPUB) || err == EFSM && i == 1 {
			break
		}
		must(t, err)
		if k.to == XPUB && m[0] == "\x00" {
			break
		}
		if k.to == ROUTER {
			m = m[1:]
		}
		if !slices.Equal(m, []string{fmt.Sprint("message ", i), strings.Repeat("b", 100), "c"}) {
			t.Fatalf("message %d: %.200q", i, m)
		}
	}
}

// The same where another peer takes the routing id.
func TestHandoverWhenHalfRead(t *testing.T) {
	inChild(t, func(t *testing.T) {
		for _, typ := range []Type{ROUTER, REP} {
			ctx := newContext(t)
			to := newSocket(t, ctx, typ)
			must(t, to.SetRouterHandover(true))
			endpoint := bindOn(t, to, "tcp")
			for range 20 {
				from := newSocket(t, ctx, DEALER)
				must(t, from.SetIdentity("same"))
				must(t, from.Connect(endpoint))
				send(t, from, "", "one", "two", "three")
				eventually(t, "message", func() bool { ev, _ := to.GetEvents(); return ev&POLLIN != 0 })
				next := newSocket(t, ctx, DEALER)
				must(t, next.SetIdentity("same"))
				must(t, next.Connect(endpoint))
				send(t, next, "", "four", "five", "six")
				for range 2 {
					for range 20 {
						to.GetEvents()
						runtime.Gosched()
					}
					m, err := to.RecvMessage(0)
					if err != nil || len(m) < 3 || m[len(m)-1] != "three" && m[len(m)-1] != "six" {
						t.Fatalf("%q, %v", m, err)
					}
					if typ == REP {
						send(t, to, "reply")
					}
				}
			}
		}
	})
}

// A connection that was made with ZMQ_IMMEDIATE is dropped when it breaks, with all
// that has come by it, but libzmq is never in the middle of a message then.
func TestImmediateBreaks(t *testing.T) {
	for _, parts := range []int{2, 3, 7} {
		t.Run(fmt.Sprint(parts, " parts"), func(t *testing.T) {
			inChild(t, func(t *testing.T) {
				ctx := newContext(t)
				bound, soc := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
				endpoint := bindOn(t, bound, "tcp")
				must(t, soc.SetImmediate(true))
				must(t, soc.Connect(endpoint))
				must(t, soc.SetImmediate(false)) // it still is one of those
				if on, err := soc.GetImmediate(); on || err != nil {
					t.Error(on, err)
				}
				disconnected := happens(t, soc, EVENT_DISCONNECTED)
				send(t, soc, "hello")
				m, err := bound.RecvMessage(0)
				must(t, err)
				for range 500 {
					send(t, bound, m[0], make([]string, parts))
				}
				_, err = soc.RecvMessage(0)
				must(t, err)
				must(t, bound.Close())
				within(t, patience, "end", func() { <-disconnected })
				for {
					m, err := soc.RecvMessage(DONTWAIT)
					if err == eagain {
						break
					}
					if len(m) != parts || err != nil {
						t.Fatalf("%d parts, %v", len(m), err)
					}
				}
			})
		})
	}
}

// The types that ZMQ_IMMEDIATE makes no difference for keep what has come.
func TestImmediateKept(t *testing.T) {
	ctx := newContext(t)
	for _, typ := range []Type{SUB, XSUB, PULL, REP, DEALER} {
		soc := newSocket(t, ctx, typ)
		for _, on := range onOff {
			must(t, soc.SetImmediate(on))
			if got, err := soc.GetImmediate(); got != on || err != nil {
				t.Errorf("%v: %v, %v", typ, got, err)
			}
		}
	}
}

// What is in the inbox comes out as it went in, whatever is done to it. Run it with
// -asan, too.
func TestInbox(t *testing.T) {
	for seed := range int64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testInbox(t, rand.New(rand.NewSource(seed))) })
	}
}

func testInbox(t *testing.T, rnd *rand.Rand) {
	sub, pub := socketPair(t, "inproc", SUB, PUB)
	must(t, pub.SetSndhwm(0))
	must(t, sub.SetSubscribe(""))
	_, err := sub.GetEvents()
	must(t, err)
	_, err = pub.GetEvents()
	must(t, err)
	var want []string // the parts, "more" in front
	sent := 0
	check := func(part string, more bool, err error) {
		t.Helper()
		if err == eagain && len(want) == 0 {
			return
		}
		if got := fmt.Sprint(more, " ", part); err != nil || len(want) == 0 || got != want[0] {
			t.Fatalf("got %.60q, %v, want %.60q of %d", got, err, slices.Concat(want, []string{""})[0], len(want))
		}
		want = want[1:]
	}
	more := func() bool { m, err := sub.GetRcvmore(); must(t, err); return m }
	middle := false // the part taken last has more behind it
	receive := func() ([]string, error) {
		t.Helper()
		parts, err := sub.RecvMessage(DONTWAIT)
		if err != nil {
			check("", false, err)
		}
		for i, p := range parts {
			check(p, i < len(parts)-1, nil)
		}
		middle = false
		return parts, err
	}
	finish := func() {
		s, err := sub.lock()
		must(t, err)
		s.takeHalfRead()
		s.unlock()
	}
	msg := new(Msg)
	defer msg.Close()
	sizes := []int{0, 1, 20, 32, 33, 100, 20 << 10, 40 << 10}
	filters := []string{"", "a", "b"}
	subscriptions := map[string]bool{"": true}
	for range 300 {
		switch op := rnd.Intn(12); op {
		case 0, 1, 2:
			for range rnd.Intn(4) {
				parts := make([]string, 1+rnd.Intn(3)*rnd.Intn(8))
				for i := range parts {
					parts[i] = string("abc"[rnd.Intn(3)]) + strings.Repeat("x", sizes[rnd.Intn(len(sizes))])
				}
				sent++
				parts[len(parts)-1] += fmt.Sprint(sent)
				send(t, pub, parts)
				if !slices.ContainsFunc(filters, func(f string) bool { return subscriptions[f] && strings.HasPrefix(parts[0], f) }) {
					continue
				}
				for i, p := range parts {
					want = append(want, fmt.Sprint(i < len(parts)-1, " ", p))
				}
			}
		case 3:
			part, err := sub.Recv(DONTWAIT)
			check(part, err == nil && more(), err)
			middle = more()
		case 4:
			receive()
		case 5:
			n, err := sub.RecvMsg(msg, DONTWAIT)
			if err == nil && n != msg.Size() {
				t.Fatal(n)
			}
			check(string(msg.Bytes()), msg.More(), err)
			middle = more()
			if rnd.Intn(2) == 0 {
				msg.Close()
			}
		case 6:
			buf := make([]byte, rnd.Intn(200))
			n, more, err := sub.RecvInto(buf, DONTWAIT)
			var small *ShortBufferError
			if errors.As(err, &small) {
				continue
			}
			check(string(buf[:n]), more, err)
			if err == nil {
				middle = more
			}
		case 7:
			finish()
		case 8:
			_, err := sub.GetEvents()
			must(t, err)
		case 9:
			must(t, sub.SetReceiveAhead(rnd.Intn(10)))
		case 10:
			b := new(Batch)
			if ev, err := sub.GetEvents(); err != nil || ev&POLLIN == 0 {
				continue
			}
			_, err := sub.RecvBatch(t.Context(), b, 1+rnd.Intn(5))
			must(t, err)
			for _, m := range b.All() {
				for i, p := range m.Parts() {
					check(string(p), i < m.Len()-1, nil)
				}
			}
			middle = false
		case 11:
			if middle {
				continue // which messages are dropped is for another test
			}
			f := filters[rnd.Intn(len(filters))]
			if subscriptions[f] {
				finish() // libzmq keeps the message that it has begun to read
				must(t, sub.SetUnsubscribe(f))
			} else {
				for err := error(nil); err == nil; { // libzmq looks at the filters when it reads
					_, err = receive()
				}
				must(t, sub.SetSubscribe(f))
			}
			subscriptions[f] = !subscriptions[f]
			_, err := pub.GetEvents() // it learns of it
			must(t, err)
			var left []string
			for i, first := 0, true; i < len(want); i++ {
				_, topic, _ := strings.Cut(want[i], " ")
				keep := !first || slices.ContainsFunc(filters, func(f string) bool { return subscriptions[f] && strings.HasPrefix(topic, f) })
				for !keep && strings.HasPrefix(want[i], "true") {
					i++
				}
				if keep {
					left = append(left, want[i])
					first = strings.HasPrefix(want[i], "false")
				}
			}
			want = left
		}
	}
	for len(want) > 0 {
		part, err := sub.Recv(DONTWAIT)
		check(part, err == nil && more(), err)
	}
	if m, err := sub.Recv(DONTWAIT); err != eagain {
		t.Errorf("%.60q, %v", m, err)
	}
}

// A message for whose parts there is no room is lost, and nothing else.
func TestInboxFull(t *testing.T) {
	for _, ahead := range []int{1, 100} {
		pull, push := socketPair(t, "inproc", PULL, PUSH)
		must(t, pull.SetReceiveAhead(ahead))
		pull.s.c.in_max = 8
		for range 3 {
			send(t, push, "a")
			send(t, push, make([]string, 20))
			send(t, push, "b")
		}
		lost := 0
		for i := 0; i < 6; {
			m, err := pull.RecvMessage(DONTWAIT)
			if err == Errno(syscall.ENOMEM) {
				lost++
				continue
			}
			if len(m) != 1 || m[0] != string("ab"[i%2]) || err != nil {
				t.Fatalf("ahead %d: message %d: %.60q, %v", ahead, i, m, err)
			}
			i++
		}
		if m, err := pull.RecvMessage(DONTWAIT); err != eagain || ahead == 1 && lost != 3 {
			t.Errorf("ahead %d: %q, %v, %d errors", ahead, m, err, lost)
		}
	}
}

// The memory for a message of many parts is given back.
func TestInboxShrinks(t *testing.T) {
	const n = 100_000
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	for name, receive := range map[string]func() error{
		"Recv": func() error {
			for range n {
				if _, err := pull.Recv(0); err != nil {
					return err
				}
			}
			return nil
		},
		"RecvMessage": func() error { _, err := pull.RecvMessage(0); return err },
		"RecvBatch":   func() error { _, err := pull.RecvBatch(t.Context(), new(Batch), 1); return err },
	} {
		send(t, push, make([]string, n))
		must(t, receive())
		if in, out := pull.s.c.in_cap, cap(push.s.tx.parts); in > 16384 || out > 16384 {
			t.Errorf("%s: room for %d parts is left, %d to send", name, in, out)
		}
	}
}

// A filter that would overflow a stack in libzmq is refused, by every door.
func TestLongFilter(t *testing.T) {
	inChild(t, func(t *testing.T) {
		ctx := newContext(t)
		good, long := strings.Repeat("x", maxFilter), strings.Repeat("x", 200_000)
		sub, xsub, pub := newSocket(t, ctx, SUB), newSocket(t, ctx, XSUB), newSocket(t, ctx, XPUB)
		endpoint := bindOn(t, pub, "tcp")
		must(t, errors.Join(sub.SetSubscribe(good), sub.Connect(endpoint), xsub.Connect(endpoint), pub.SetXpubManual(1)))
		for name, err := range map[string]error{
			"SetSubscribe":             sub.SetSubscribe(long),
			"SetUnsubscribe":           sub.SetUnsubscribe(long),
			"SetSubscribe of XPUB":     pub.SetSubscribe(long),
			"a byte too much":          sub.SetSubscribe(good + "x"),
			"SetOption, ZMQ_SUBSCRIBE": errors.Unwrap(sub.SetOption(6, []byte(long))),
		} {
			if err != einval {
				t.Errorf("%s: %v", name, err)
			}
		}
		msg := func(data string) *Msg {
			m, err := NewMsg(len(data))
			must(t, err)
			copy(m.Bytes(), data)
			return m
		}
		var batch Batch
		batch.Append([]byte("\x01" + long))
		for name, sent := range map[string]func(data string) error{
			"Send":        func(data string) error { _, err := xsub.Send(data, 0); return err },
			"Send, parts": func(data string) error { _, err := xsub.Send(data, SNDMORE); return err },
			"SendMessage": func(data string) error { _, err := xsub.SendMessage(data); return err },
			"SendMessage, parts": func(data string) error {
				_, err := xsub.SendMessage("\x01", data)
				return err
			},
			"SendMsg":   func(data string) error { _, err := xsub.SendMsg(msg(data), 0); return err },
			"SendBatch": func(string) error { _, err := xsub.SendBatch(t.Context(), &batch); return errors.Unwrap(err) },
		} {
			for _, first := range []string{"\x00", "\x01"} {
				if err := sent(first + long); err != EMSGSIZE {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		send(t, xsub, "\x01"+good)
		send(t, xsub, "\x00"+good)
		send(t, xsub, "\x02"+long) // is no filter
		must(t, sub.SetUnsubscribe(good))
	})
}

// A filter of any length is either refused or subscribed to.
func TestFilterLengths(t *testing.T) {
	for _, transport := range transports {
		for _, size := range []int{0, 1, 31, 200, 244, 245, 246, 247, 254, 255, 256, 257, 1000, maxFilter} {
			ctx := newContext(t)
			sub, pub := newSocket(t, ctx, SUB), newSocket(t, ctx, XPUB)
			must(t, sub.Connect(bindOn(t, pub, transport)))
			filter := strings.Repeat("x", size)
			if err := sub.SetSubscribe(filter); err == einval && size > 245 && size < 256 {
				continue
			} else if err != nil {
				t.Errorf("%s, %d bytes: %v", transport, size, err)
				continue
			}
			within(t, patience, fmt.Sprint("subscription of ", size), func() {
				if m, err := pub.Recv(0); m != "\x01"+filter || err != nil {
					t.Errorf("%s, %d bytes: %.300q, %v", transport, size, m, err)
				}
				send(t, pub, filter+"!")
				expect(t, sub, filter+"!")
				must(t, sub.SetUnsubscribe(filter))
				if m, err := pub.Recv(0); m != "\x00"+filter || err != nil {
					t.Errorf("%s, %d bytes: %.300q, %v", transport, size, m, err)
				}
			})
		}
	}
}

// A filter that a subscriber sends through a proxy is dropped if it is too long, and
// the proxy goes on.
func TestLongFilterProxy(t *testing.T) {
	inChild(t, func(t *testing.T) {
		ctx := newContext(t)
		xsub, xpub, pub := newSocket(t, ctx, XSUB), newSocket(t, ctx, XPUB), newSocket(t, ctx, XPUB)
		must(t, pub.Connect(bindOn(t, xsub, "tcp")))
		endpoint := bindOn(t, xpub, "tcp")
		done := make(chan error, 1)
		go func() { done <- Proxy(xsub, xpub, nil) }()
		// One that is no longer in this process: libzmq's SUB would abort, too.
		attacker := dialZmtp(t, endpoint, "SUB")
		attacker.send("\x01" + strings.Repeat("x", 200_000))
		attacker.send("\x01good")
		within(t, patience, "subscription", func() {
			if m, err := pub.Recv(0); m != "\x01good" || err != nil {
				t.Errorf("%.20q, %v", m, err)
			}
			attacker.close()
			if m, err := pub.Recv(0); m != "\x00good" || err != nil {
				t.Errorf("%.20q, %v", m, err)
			}
			xsub.Close()
			if err := <-done; err != ErrorSocketClosed {
				t.Error(err)
			}
		})
	})
}

// A proxy does not send messages of several parts by a socket that conflates.
func TestProxyConflate(t *testing.T) {
	for _, capturing := range []bool{false, true} {
		ctx := newContext(t)
		in, source := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		must(t, source.Connect(bindOn(t, in, "inproc")))
		out, capture := newSocket(t, ctx, PUSH), (*Socket)(nil)
		conflates := out
		if capturing {
			capture = newSocket(t, ctx, PUSH)
			conflates = capture
		}
		must(t, conflates.SetConflate(true))
		must(t, conflates.Bind("tcp://127.0.0.1:*"))
		must(t, conflates.SetConflate(false)) // it has such connections all the same
		done := make(chan error, 1)
		go func() { done <- Proxy(in, out, capture) }()
		send(t, source, "one", "two")
		within(t, patience, "Proxy", func() {
			if err := <-done; err != ENOTSUP {
				t.Error(err)
			}
		})
		if _, err := conflates.SendMessageDontwait("one", "two"); err != ENOTSUP {
			t.Error(err)
		}
	}
}
