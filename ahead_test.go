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
		pull := aheadPair(t, 30, count, 1)
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
	for _, parts := range []int{1, 3} {
		ctx := newContext(t)
		front, back := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		push, pull := newSocket(t, ctx, PUSH), newSocket(t, ctx, PULL)
		must(t, push.Connect(bindOn(t, front, "inproc")))
		must(t, pull.Connect(bindOn(t, back, "inproc")))
		must(t, front.SetReceiveAhead(20))
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
		for _, parts := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d parts", test.name, parts), func(t *testing.T) {
				ctx := newContext(t)
				pub, sub := newSocket(t, ctx, XPUB), newSocket(t, ctx, SUB)
				must(t, pub.SetInvertMatching(test.invert))
				must(t, sub.SetInvertMatching(test.invert))
				must(t, sub.SetReceiveAhead(100))
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
