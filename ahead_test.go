// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// aheadPair makes a PULL socket that receives n messages at a time, with count
// numbered messages for it, of one or three parts.
func aheadPair(t *testing.T, n, count, parts int) *Socket {
	t.Helper()
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	must(t, pull.SetReceiveAhead(n))
	for i := range count {
		msg := make([]string, parts)
		for j := range msg {
			msg[j] = strings.Repeat("x", j*50) + fmt.Sprint(i)
		}
		if _, err := push.SendMessage(msg); err != nil {
			t.Fatal(err)
		}
	}
	return pull
}

// Every way to receive gets the same messages, in order.
func TestReceiveAhead(t *testing.T) {
	var m Msg
	defer m.Close()
	var b Batch
	buf := make([]byte, 1000)
	ways := map[string]func(*Socket) (string, error){
		"RecvBytes": func(s *Socket) (string, error) {
			last, err := s.RecvBytes(DONTWAIT)
			for more, _ := s.GetRcvmore(); err == nil && more; more, _ = s.GetRcvmore() {
				last, err = s.RecvBytes(0)
			}
			return string(last), err
		},
		"RecvInto": func(s *Socket) (string, error) {
			n, more, err := s.RecvInto(buf, DONTWAIT)
			for err == nil && more {
				n, more, err = s.RecvInto(buf, 0)
			}
			return string(buf[:n]), err
		},
		"RecvInto a short buffer": func(s *Socket) (string, error) {
			_, _, err := s.RecvInto(nil, DONTWAIT)
			if short := new(ShortBufferError); !errors.As(err, &short) {
				return "", err
			}
			msg, err := s.RecvMessage(DONTWAIT)
			return msg[len(msg)-1], err
		},
		"RecvMsg": func(s *Socket) (string, error) {
			_, err := s.RecvMsg(&m, DONTWAIT)
			for err == nil && m.More() {
				_, err = s.RecvMsg(&m, 0)
			}
			return string(m.Bytes()), err
		},
		"RecvMessage": func(s *Socket) (string, error) {
			msg, err := s.RecvMessage(DONTWAIT)
			if err != nil {
				return "", err
			}
			return msg[len(msg)-1], nil
		},
		"RecvBatch": func(s *Socket) (string, error) {
			if ev, err := s.GetEvents(); err != nil || ev&POLLIN == 0 {
				return "", eagain
			}
			b.Reset()
			n, err := s.RecvBatch(context.Background(), &b, 1)
			for _, msg := range b.All() {
				return string(msg.Part(msg.Len() - 1)), err
			}
			return "", fmt.Errorf("%d messages, %w", n, err)
		},
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range ways {
			if !yield(name) {
				return
			}
		}
	})
	const count = 60
	for _, parts := range []int{1, 3} {
		for _, ahead := range []int{0, 1, 7, 1000} {
			for first := range names {
				t.Run(fmt.Sprintf("%d parts/%d ahead/%s", parts, ahead, names[first]), func(t *testing.T) {
					pull := aheadPair(t, ahead, count, parts)
					for i := range count {
						// The first of the names, and then all of them in turn.
						way := names[first]
						if i >= count/2 {
							way = names[i%len(names)]
						}
						if ev, err := pull.GetEvents(); err != nil || ev&POLLIN == 0 {
							t.Fatalf("GetEvents before message %d: %v, %v", i, ev, err)
						}
						got, err := ways[way](pull)
						if want := strings.Repeat("x", (parts-1)*50) + fmt.Sprint(i); err != nil || got != want {
							t.Fatalf("%s: %q, %v, want %q", way, got, err, want)
						}
					}
					if ev, err := pull.GetEvents(); err != nil || ev != 0 {
						t.Errorf("GetEvents at the end: %v, %v", ev, err)
					}
					if _, err := ways[names[first]](pull); AsErrno(err) != AsErrno(eagain) {
						t.Errorf("one more: %v", err)
					}
				})
			}
		}
	}
}

func TestReceiveAheadCrossings(t *testing.T) {
	const count = 600
	pull := aheadPair(t, 100, count, 1)
	before := runtime.NumCgoCall()
	for range count {
		if _, err := pull.RecvBytes(0); err != nil {
			t.Fatal(err)
		}
	}
	if n := runtime.NumCgoCall() - before; n > count/20 {
		t.Errorf("%d crossings for %d messages", n, count)
	}
}

// A Poller finds messages that were taken ahead, as do goroutines that wait.
func TestReceiveAheadWakes(t *testing.T) {
	const count = 100
	t.Run("Poller", func(t *testing.T) {
		pull := aheadPair(t, 0, count, 1)
		p := NewPoller()
		p.Add(pull, POLLIN)
		within(t, patience, "Poll", func() {
			for i := range count {
				polled, err := p.Poll(-1)
				if err != nil || len(polled) != 1 {
					t.Errorf("Poll %d: %v, %v", i, polled, err)
					return
				}
				if _, err := pull.Recv(DONTWAIT); err != nil {
					t.Errorf("Recv %d: %v", i, err)
				}
			}
		})
		if polled, err := p.Poll(0); err != nil || len(polled) != 0 {
			t.Errorf("Poll at the end: %v, %v", polled, err)
		}
	})
	t.Run("Poll", func(t *testing.T) {
		for _, ahead := range []int{0, 30} { // over tcp: a wait that may be a nap
			pull, push := socketPair(t, "tcp", PULL, PUSH)
			must(t, pull.SetReceiveAhead(ahead))
			for i := range 20 {
				for range 5 {
					send(t, push, i)
				}
				within(t, patience, "Poll", func() {
					for j := range 5 {
						if polled, err := pull.Poll(POLLIN, -1); err != nil || polled != POLLIN {
							t.Errorf("Poll %d.%d: %v, %v", i, j, polled, err)
							return
						}
						if msg, err := pull.Recv(DONTWAIT); err != nil || msg != fmt.Sprint(i) {
							t.Errorf("%q, %v, want %d", msg, err, i)
						}
					}
				})
			}
		}
	})
	t.Run("receivers", func(t *testing.T) {
		pull, push := socketPair(t, "tcp", PULL, PUSH)
		must(t, pull.SetReceiveAhead(count))
		got := make(chan string)
		for range count {
			go func() {
				msg, err := pull.Recv(0)
				if err != nil {
					t.Error(err)
				}
				got <- msg
			}()
		}
		waitParked(t, pull, count)
		var b Batch
		for i := range count {
			b.Append([]byte(fmt.Sprint(i)))
		}
		if _, err := push.SendBatch(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		within(t, patience, "receivers", func() {
			for range count {
				seen[<-got] = true
			}
		})
		if len(seen) != count {
			t.Errorf("%d different messages", len(seen))
		}
	})
}

func TestReceiveAheadProxy(t *testing.T) {
	const count = 50
	for _, way := range []struct{ parts, ahead int }{{1, 20}, {3, 20}, {1, 0}, {3, 0}} {
		parts := way.parts
		ctx := newContext(t)
		front, back := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		push, pull := newSocket(t, ctx, PUSH), newSocket(t, ctx, PULL)
		must(t, push.Connect(bindOn(t, front, "inproc")))
		must(t, pull.Connect(bindOn(t, back, "inproc")))
		must(t, front.SetReceiveAhead(way.ahead))
		for i := range count {
			msg := slices.Repeat([]string{fmt.Sprint(i)}, parts)
			if _, err := push.SendMessage(msg); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := front.RecvMessage(0); err != nil || len(got) != parts || got[0] != "0" {
			t.Fatalf("%q, %v", got, err)
		}
		done := make(chan error)
		stop, cancel := context.WithCancel(context.Background())
		go func() { done <- ProxyContext(stop, front, back, nil) }()
		for i := 1; i < count; i++ {
			if got, err := pull.RecvMessage(0); err != nil || len(got) != parts || got[parts-1] != fmt.Sprint(i) {
				t.Errorf("%q, %v, want %d", got, err, i)
			}
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// What SetUnsubscribe no longer wants does not come from what was taken ahead.
func TestReceiveAheadUnsubscribe(t *testing.T) {
	topics := []string{"a1", "b1", "ab2", "", "c", "b2", "a3"}
	for _, test := range []struct {
		name      string
		invert    int
		subscribe []string
		change    string // to SetUnsubscribe, or to SetSubscribe if it begins with +
		received  int    // before
		want      string
	}{
		{"one of two", 0, []string{"a", "b"}, "a", 1, "b1 b2"},
		{"the other", 0, []string{"a", "b"}, "b", 0, "a1 ab2 a3"},
		{"one that overlaps", 0, []string{"a", "ab"}, "a", 1, "ab2"},
		{"counted twice", 0, []string{"a", "a"}, "a", 1, "ab2 a3"},
		{"all", 0, []string{""}, "", 2, ""},
		{"all but some", 0, []string{"", "b"}, "", 1, "b1 b2"},
		{"the last", 0, []string{"a"}, "a", 2, ""},
		{"inverted", 1, []string{"a", "b"}, "b", 0, " c"},
		{"inverted, one more", 1, []string{"a"}, "+b", 1, " c"},
	} {
		for _, way := range []struct{ parts, ahead int }{{1, 100}, {2, 100}, {1, 0}, {2, 0}} {
			parts := way.parts
			t.Run(fmt.Sprintf("%s, %d parts, %d ahead", test.name, parts, way.ahead), func(t *testing.T) {
				ctx := newContext(t)
				pub, sub := newSocket(t, ctx, XPUB), newSocket(t, ctx, SUB)
				must(t, pub.SetInvertMatching(test.invert))
				must(t, sub.SetInvertMatching(test.invert))
				must(t, sub.SetReceiveAhead(way.ahead))
				must(t, sub.Connect(bindOn(t, pub, "inproc")))
				for i, filter := range test.subscribe {
					must(t, sub.SetSubscribe(filter))
					if !slices.Contains(test.subscribe[:i], filter) {
						if _, err := pub.RecvMessage(0); err != nil {
							t.Fatal(err)
						}
					}
				}
				for _, topic := range append(slices.Clone(topics), "") {
					if _, err := pub.SendMessage(slices.Repeat([]string{topic}, parts)); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := sub.GetEvents(); err != nil {
					t.Fatal(err)
				}
				for range max(test.received, 0) {
					if _, err := sub.RecvMessage(DONTWAIT); err != nil {
						t.Fatal(err)
					}
				}
				if filter, ok := strings.CutPrefix(test.change, "+"); ok {
					must(t, sub.SetSubscribe(filter))
				} else {
					must(t, sub.SetUnsubscribe(test.change))
				}
				var got []string
				for {
					msg, err := sub.RecvMessage(DONTWAIT)
					if err != nil {
						if AsErrno(err) != AsErrno(eagain) {
							t.Error(err)
						}
						break
					}
					if len(msg) != parts {
						t.Errorf("%q", msg)
					}
					got = append(got, msg[0])
				}
				if got := strings.TrimSuffix(strings.Join(got, " "), " "); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		}
	}
}

// The rest of a message that is half received stays.
func TestReceiveAheadUnsubscribeHalfway(t *testing.T) {
	ctx := newContext(t)
	pub, sub := newSocket(t, ctx, XPUB), newSocket(t, ctx, SUB)
	must(t, sub.SetReceiveAhead(100))
	must(t, sub.Connect(bindOn(t, pub, "inproc")))
	must(t, sub.SetSubscribe("a"))
	if _, err := pub.Recv(0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := pub.SendMessage("a", "b", "c"); err != nil {
			t.Fatal(err)
		}
	}
	if part, err := sub.Recv(0); err != nil || part != "a" {
		t.Fatalf("%q, %v", part, err)
	}
	must(t, sub.SetUnsubscribe("a"))
	if rest, err := sub.RecvMessage(0); err != nil || strings.Join(rest, "") != "bc" {
		t.Errorf("%q, %v", rest, err)
	}
	if msg, err := sub.RecvMessage(DONTWAIT); AsErrno(err) != AsErrno(eagain) {
		t.Errorf("%q, %v", msg, err)
	}
}

// unaskedHeld makes a receiver and a sender, sends messages, receives one, and returns how many more
// the receiver has taken.
func unaskedHeld(t *testing.T, receiver, sender Type, size, count int, prepare func(soc *Socket)) (*Socket, int) {
	t.Helper()
	needGuesses(t)
	ctx := newContext(t)
	r, s := newSocket(t, ctx, receiver), newSocket(t, ctx, sender)
	if receiver == SUB {
		must(t, r.SetSubscribe(""))
	}
	if prepare != nil {
		prepare(r)
	}
	must(t, r.Connect(bindOn(t, s, "inproc")))
	if sender == XPUB {
		if _, err := s.Recv(0); err != nil {
			t.Fatal(err)
		}
	}
	if sender == ROUTER {
		must(t, r.SetIdentity("r"))
	}
	for i := range count {
		if _, err := s.SendMessage(fmt.Sprint(i), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.RecvMessage(0); err != nil {
		t.Fatal(err)
	}
	held, _ := r.s.held()
	return r, int(held)
}

// How much a socket takes that nobody has asked for.
func TestUnaskedAhead(t *testing.T) {
	for _, test := range []struct {
		name             string
		receiver, sender Type
		size, want       int
		prepare          func(soc *Socket)
	}{
		{"PULL", PULL, PUSH, 8, unaskedMost - 1, nil},
		{"SUB", SUB, XPUB, 8, unaskedMost - 1, nil},
		{"DEALER", DEALER, DEALER, 8, unaskedMost - 1, nil},
		{"ROUTER", ROUTER, DEALER, 8, unaskedMost - 1, nil},
		{"PAIR", PAIR, PAIR, 8, unaskedMost - 1, nil},
		{"XSUB", XSUB, XPUB, 8, 0, func(soc *Socket) { soc.SendBytes([]byte{1}, 0) }},
		{"large messages", PULL, PUSH, 16 << 10, 3, nil},
		{"very large ones", PULL, PUSH, 1 << 20, 0, nil},
		{"a low mark", PULL, PUSH, 8, 2, func(soc *Socket) { soc.SetRcvhwm(3 * unaskedShare) }},
		{"a lower mark", PULL, PUSH, 8, 0, func(soc *Socket) { soc.SetRcvhwm(2*unaskedShare - 1) }},
		{"no mark", PULL, PUSH, 8, unaskedMost - 1, func(soc *Socket) { soc.SetRcvhwm(0) }},
		{"one by one", PULL, PUSH, 8, 0, func(soc *Socket) { soc.SetReceiveAhead(1) }},
		{"ZMQ_FD", PULL, PUSH, 8, 0, func(soc *Socket) { soc.GetFd() }},
		{"option ZMQ_FD", PULL, PUSH, 8, 0, func(soc *Socket) { var fd int; soc.GetOption(14, &fd) }},
		{"another connection", PULL, PUSH, 8, 0, func(soc *Socket) { soc.Connect("inproc://another") }},
		{"bound", PULL, PUSH, 8, 0, func(soc *Socket) { soc.Bind("inproc://*") }},
		{"unsubscribed", SUB, XPUB, 8, 0, func(soc *Socket) { soc.SetSubscribe("x"); soc.SetUnsubscribe("x") }},
		{"inverted", SUB, XPUB, 8, 0, func(soc *Socket) { soc.SetInvertMatching(0) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, held := unaskedHeld(t, test.receiver, test.sender, test.size, 40, test.prepare); held != test.want {
				t.Errorf("holds %d, want %d", held, test.want)
			}
		})
	}
}

// What was taken unasked ends as what libzmq has.
func TestUnaskedAheadEnds(t *testing.T) {
	t.Run("Close", func(t *testing.T) {
		soc, _ := unaskedHeld(t, PULL, PUSH, 8, 40, nil)
		must(t, soc.Close())
		if _, err := soc.Recv(0); err != ErrorSocketClosed {
			t.Error(err)
		}
		if stats := soc.Stats(); stats.MessagesReceived != 1 {
			t.Error(stats)
		}
	})
	t.Run("Shutdown", func(t *testing.T) {
		soc, _ := unaskedHeld(t, PULL, PUSH, 8, 40, nil)
		if _, err := soc.Recv(0); err != nil { // the rest is still received, and nothing after it
			t.Fatal(err)
		}
		must(t, soc.s.ctx.Shutdown())
		if part, err := soc.RecvBytes(0); err != nil || len(part) != 8 {
			t.Errorf("%q, %v", part, err)
		}
		for range 3 {
			if msg, err := soc.RecvMessage(0); err != ETERM {
				t.Errorf("%q, %v", msg, err)
			}
			if n, err := soc.RecvBatch(t.Context(), new(Batch), 10); n != 0 || AsErrno(err) != ETERM {
				t.Errorf("%d, %v", n, err)
			}
		}
	})
	t.Run("Shutdown, asked for", func(t *testing.T) {
		soc, _ := unaskedHeld(t, PULL, PUSH, 8, 40, func(soc *Socket) { soc.SetReceiveAhead(20) })
		must(t, soc.s.ctx.Shutdown())
		for i := 1; i < 20; i++ {
			if msg, err := soc.RecvMessage(0); err != nil || msg[0] != fmt.Sprint(i) {
				t.Errorf("%q, %v, want %d", msg, err, i)
			}
		}
	})
	t.Run("Stats", func(t *testing.T) {
		soc, _ := unaskedHeld(t, PULL, PUSH, 8, 40, nil)
		for i := 1; i < 20; i++ {
			if stats := soc.Stats(); stats.MessagesReceived != uint64(i) {
				t.Errorf("message %d: %v", i, stats)
			}
			part, err := soc.Recv(0)
			if err != nil || part != fmt.Sprint(i) {
				t.Fatalf("%q, %v, want %d", part, err, i)
			}
			if stats := soc.Stats(); stats.MessagesReceived != uint64(i+1) {
				t.Errorf("half of message %d: %v", i, stats)
			}
			soc.Recv(0)
		}
		if stats := soc.Stats(); stats.BytesReceived != 10*9+10*10 {
			t.Error(stats)
		}
	})
}

// Disconnect drops what it drops from libzmq, and no more.
func TestUnaskedAheadDisconnect(t *testing.T) {
	for _, test := range []struct {
		typ, peer Type
		left      int // of those that were not received
	}{{PULL, PUSH, 0}, {DEALER, DEALER, 0}, {PAIR, PAIR, 0}, {ROUTER, DEALER, 1}, {SUB, XPUB, 1}} {
		for _, ahead := range []int{0, 1} { // 1: all are in libzmq
			for _, later := range []bool{false, true} { // another endpoint comes before the first goes
				t.Run(fmt.Sprintf("%v, %d, %v", test.typ, ahead, later), func(t *testing.T) {
					soc, _ := unaskedHeld(t, test.typ, test.peer, 8, 10, func(soc *Socket) { soc.SetReceiveAhead(ahead) })
					first := soc.s.place.uses[0].given
					second := newSocket(t, soc.s.ctx, test.peer)
					if later {
						must(t, soc.Connect(bindOn(t, second, "inproc")))
					}
					must(t, soc.Disconnect(first))
					left := 0
					for ; ; left++ {
						msg, err := soc.RecvMessage(DONTWAIT)
						if err != nil {
							break
						}
						if test.left == 0 || left == 0 && msg[len(msg)-2] != "1" {
							t.Errorf("%q", msg)
						}
					}
					if left != test.left && !(ahead == 0 && later && left == test.left+1) { // takeHalfRead does not know whose it took
						t.Errorf("%d messages are left, want %d", left, test.left)
					}
				})
			}
		}
	}
}

// Looks for more messages become few where they find none, or few.
func TestGuessMore(t *testing.T) {
	needGuesses(t)
	var g guess
	looks := func(rounds, got int, emptied bool) (n int) {
		for range rounds {
			if g.moreCome() {
				n++
				g.noteMore(got, emptied)
			}
		}
		return n
	}
	for _, test := range []struct {
		rounds, got int
		emptied     bool
		least, most int
	}{
		{1000, unaskedMost, false, 1000, 1000},
		{1000, enough, true, 1000, 1000},
		{1000, 1, false, 1000, 1000}, // a large one
		{100_000, 1, true, 20, 40},
		{10_000, enough - 1, true, 2, 3},
		{2 * mostDoubts, unaskedMost, false, mostDoubts - 1, 2 * mostDoubts}, // there are more again
		{1000, 1, true, 8, 10},
	} {
		if n := looks(test.rounds, test.got, test.emptied); n < test.least || n > test.most {
			t.Errorf("%+v: %d looks", test, n)
		}
	}
}

func TestReceiveAheadRefused(t *testing.T) {
	ctx := newContext(t)
	closed := newSocket(t, ctx, PULL)
	must(t, closed.Close())
	conflate := newSocket(t, ctx, PULL)
	must(t, conflate.SetConflate(true))
	for _, test := range []struct {
		soc  *Socket
		n    int
		want error
	}{
		{newSocket(t, ctx, REQ), 2, ENOTSUP},
		{newSocket(t, ctx, REP), 100, ENOTSUP},
		{newSocket(t, ctx, REP), 1, nil},
		{conflate, 2, ENOTSUP},
		{newSocket(t, ctx, PULL), -1, einval},
		{newSocket(t, ctx, PULL), maxAhead + 1, einval},
		{newSocket(t, ctx, PULL), maxAhead, nil},
		{closed, 2, ErrorSocketClosed},
		{nil, 2, ErrorSocketClosed},
	} {
		err := test.soc.SetReceiveAhead(test.n)
		if !errors.Is(err, test.want) {
			t.Errorf("%v, %d: %v, want %v", test.soc, test.n, err, test.want)
		}
	}
}

// What a DISH has received ahead would still be handed out when it has left the group.
func TestDishReceivesNothingAhead(t *testing.T) {
	needDraft(t)
	dish := newSocket(t, newContext(t), DISH)
	if err := dish.SetReceiveAhead(2); err != ENOTSUP {
		t.Errorf("SetReceiveAhead: %v", err)
	}
	dish.s.beginLoop()
	defer dish.s.endLoop()
	if dish.s.rx.ahead != 1 {
		t.Errorf("a loop receives %d at a time", dish.s.rx.ahead)
	}
}
