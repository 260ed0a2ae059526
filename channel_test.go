// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

func TestMessagesIterator(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range 10 {
		send(t, from, i, "part")
	}
	n := 0
	for range 2 { // leaving a loop loses nothing
		for msg, err := range to.Messages(ctx) {
			must(t, err)
			if len(msg) != 2 || string(msg[0]) != fmt.Sprint(n) {
				t.Fatalf("message %d is %q", n, msg)
			}
			if n++; n%5 == 0 {
				break
			}
		}
	}
	cancel()
	calls := 0
	for msg, err := range to.Messages(ctx) {
		if calls++; msg != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%q, %v", msg, err)
		}
	}
	if calls != 1 {
		t.Errorf("the error was yielded %d times", calls)
	}
}

func TestReceiverAndSender(t *testing.T) {
	for _, size := range []int{-1, 0, 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			goroutines := runtime.NumGoroutine()
			to, from := socketPair(t, "inproc", PULL, PUSH)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r, s := to.Receiver(ctx, size), from.Sender(ctx, size)
			select {
			case <-r.Done():
				t.Error("the Receiver has ended:", r.Err())
			case <-s.Done():
				t.Error("the Sender has ended:", s.Err())
			default:
			}
			const n = 3000
			go func() {
				for i := range n {
					s.C <- [][]byte{fmt.Append(nil, i), nil}
				}
				close(s.C)
			}()
			within(t, patience, "all messages", func() {
				for i := range n {
					if msg := <-r.C; len(msg) != 2 || string(msg[0]) != fmt.Sprint(i) {
						t.Errorf("message %d is %q", i, msg)
						return
					}
				}
				if err := s.Err(); err != nil || s.Rest() != nil {
					t.Errorf("Sender: %v, %q", err, s.Rest())
				}
				cancel()
				for msg := range r.C {
					t.Errorf("one more: %q", msg)
				}
			})
			if err := r.Err(); !errors.Is(err, context.Canceled) || r.Rest() != nil {
				t.Errorf("Receiver: %v, %q", err, r.Rest())
			}
			eventually(t, "goroutines ended", func() bool { return runtime.NumGoroutine() <= goroutines })
		})
	}
}

// Whatever is under way when the context is done can be had afterwards.
func TestReceiverRest(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	const n = 10
	for i := range n {
		send(t, from, i)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := to.Receiver(ctx, 3)
	eventually(t, "3 messages", func() bool { return len(r.C) == 3 })
	cancel()
	var got []string
	within(t, patience, "end", func() {
		for msg := range r.C {
			got = append(got, string(msg[0]))
		}
	})
	if rest := r.Rest(); rest != nil {
		got = append(got, string(rest[0]))
	}
	for len(got) < n {
		m, err := to.Recv(DONTWAIT)
		must(t, err)
		got = append(got, m)
	}
	if fmt.Sprint(got) != "[0 1 2 3 4 5 6 7 8 9]" {
		t.Errorf("got %v", got)
	}
}

func TestSenderRest(t *testing.T) {
	for name, want := range map[string]error{"cancelled": context.Canceled, "Close": ErrorSocketClosed} {
		t.Run(name, func(t *testing.T) {
			soc := newSocket(t, newContext(t), PUSH) // nobody is connected
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s := soc.Sender(ctx, 6) // room for all, even if it takes only the first one
			for i := range 4 {
				s.C <- [][]byte{fmt.Append(nil, i)}
			}
			waitParked(t, soc, 1)
			if name == "Close" {
				must(t, soc.Close())
			} else {
				cancel()
			}
			within(t, patience, "end", func() {
				<-s.Done()
				if err := s.Err(); !errors.Is(err, want) {
					t.Error(err)
				}
				for _, late := range []string{"4", "5"} { // nobody takes them any more
					s.C <- [][]byte{[]byte(late)}
				}
				if rest := s.Rest(); fmt.Sprintf("%s", rest) != "[[0] [1] [2] [3] [4] [5]]" {
					t.Errorf("rest %q", rest)
				}
			})
		})
	}
}

// What a loop has received ahead and not come to is received next, whichever way.
func TestMessagesLosesNothing(t *testing.T) {
	for _, hwm := range []int{0, 1, 10, 1000} {
		to, from := socketPair(t, "inproc", PULL, PUSH)
		must(t, to.SetRcvhwm(hwm))
		const n = 500
		for i := range n {
			send(t, from, i, "part")
		}
		r := rand.New(rand.NewPCG(1, uint64(hwm)))
		for i := 0; i < n; {
			if r.IntN(3) == 0 {
				if msg, err := to.RecvMessage(0); err != nil || msg[0] != fmt.Sprint(i) {
					t.Fatalf("message %d is %q, %v", i, msg, err)
				}
				i++
			}
			left := r.IntN(100)
			for msg, err := range to.Messages(t.Context()) {
				if err != nil || string(msg[0]) != fmt.Sprint(i) {
					t.Fatalf("message %d is %q, %v", i, msg, err)
				}
				if want := max(1, min(loopAhead, cmp.Or(hwm, loopAhead))); int(to.s.rx.ahead) != want {
					t.Fatalf("takes %d messages at a time, want %d", to.s.rx.ahead, want)
				}
				if i++; left == 0 || i == n {
					break
				}
				left--
			}
			if to.s.rx.ahead != 1 {
				t.Fatalf("takes %d messages at a time behind a loop", to.s.rx.ahead)
			}
		}
		if ev, err := to.GetEvents(); ev != 0 || err != nil {
			t.Errorf("%v, %v at the end", ev, err)
		}
	}
}

func TestMessagesCrossings(t *testing.T) {
	const count = 1000
	to, from := socketPair(t, "inproc", PULL, PUSH)
	for i := range count {
		send(t, from, i)
	}
	before, n := runtime.NumCgoCall(), 0
	for _, err := range to.Messages(t.Context()) {
		must(t, err)
		if n++; n == count {
			break
		}
	}
	if crossings := runtime.NumCgoCall() - before; crossings > count/20 {
		t.Errorf("%d crossings for %d messages", crossings, count)
	}
}

// One that is large or empty does not disturb the order.
func TestSenderSizes(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	s := from.Sender(t.Context(), 100)
	sizes := []int{0, 1, gather - 1, gather, 100_000, 5}
	const n = 300
	go func() {
		for i := range n {
			if i%7 == 0 {
				s.C <- nil // nothing is sent
			}
			s.C <- [][]byte{fmt.Append(nil, i), make([]byte, sizes[i%len(sizes)])}
		}
		close(s.C)
	}()
	within(t, patience, "all messages", func() {
		for i := range n {
			if msg, err := to.RecvMessageBytes(0); err != nil || len(msg) != 2 || string(msg[0]) != fmt.Sprint(i) || len(msg[1]) != sizes[i%len(sizes)] {
				t.Errorf("message %d: %s, %v", i, short(msg), err)
				return
			}
		}
		must(t, s.Err())
	})
}

func BenchmarkChannels(b *testing.B) {
	for _, transport := range []string{"inproc", "tcp"} {
		for _, size := range []int{0, 1, 16, 256} {
			b.Run(fmt.Sprintf("%s/%d", transport, size), func(b *testing.B) {
				to, from := socketPair(b, transport, PULL, PUSH)
				r, s := to.Receiver(b.Context(), size), from.Sender(b.Context(), size)
				msg := [][]byte{make([]byte, 64)}
				go func() {
					for range b.N {
						s.C <- msg
					}
					close(s.C)
				}()
				for range b.N {
					<-r.C
				}
			})
		}
	}
}

func BenchmarkMessages(b *testing.B) {
	for _, transport := range []string{"inproc", "tcp"} {
		b.Run(transport, func(b *testing.B) {
			to, from := socketPair(b, transport, PULL, PUSH)
			var batch Batch
			for range 500 { // there is room for 2000
				batch.Append(make([]byte, 64))
			}
			for left := b.N; left > 0; {
				b.StopTimer()
				if _, err := from.SendBatch(b.Context(), &batch); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				n := 0
				for range to.Messages(b.Context()) {
					if n++; n == batch.Len() {
						break
					}
				}
				left -= n
			}
		})
	}
}

func ExampleSocket_Messages() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pull, err := NewSocket(PULL)
	if err != nil {
		panic(err)
	}
	defer pull.Close()
	push, err := NewSocket(PUSH)
	if err != nil {
		panic(err)
	}
	defer push.Close()
	if err := errors.Join(pull.Bind("inproc://messages"), push.Connect("inproc://messages")); err != nil {
		panic(err)
	}
	if _, err := push.SendMessage("hello", "world"); err != nil {
		panic(err)
	}
	for msg, err := range pull.Messages(ctx) {
		if err != nil {
			fmt.Println(errors.Is(err, context.Canceled))
			break
		}
		fmt.Printf("%q\n", msg)
		cancel()
	}
	// Output:
	// ["hello" "world"]
	// true
}

// What waits on a socket ends with it, also if it waits for something else, as a
// Sender does that has nothing to send.
func TestChannelsEnd(t *testing.T) {
	for _, size := range []int{0, 2} {
		for name, tt := range map[string]struct {
			end  func(*Socket)
			want error
		}{
			"Close":    {func(soc *Socket) { soc.Close() }, ErrorSocketClosed},
			"Shutdown": {func(soc *Socket) { soc.s.ctx.Shutdown() }, ETERM},
			"Term":     {func(soc *Socket) { go soc.s.ctx.Term() }, ETERM},
		} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				soc := newSocket(t, newContext(t), PAIR)
				s, r := soc.Sender(context.Background(), size), soc.Receiver(context.Background(), size)
				loop := make(chan error)
				go func() {
					for _, err := range soc.Messages(context.Background()) {
						loop <- err
					}
				}()
				tt.end(soc)
				within(t, patience, "end", func() {
					<-s.Done()
					<-r.Done()
					<-r.C
					for what, err := range map[string]error{"Sender": s.Err(), "Receiver": r.Err(), "Messages": <-loop} {
						if !errors.Is(err, tt.want) {
							t.Errorf("%s: %v, want %v", what, err, tt.want)
						}
					}
				})
				must(t, soc.Close())
				within(t, patience, "end on a closed socket", func() {
					for what, err := range map[string]error{
						"Sender":   soc.Sender(context.Background(), size).Err(),
						"Receiver": soc.Receiver(context.Background(), size).Err(),
					} {
						if !errors.Is(err, ErrorSocketClosed) {
							t.Errorf("%s: %v", what, err)
						}
					}
				})
			})
		}
	}
}

// A Receiver that has a message which nobody takes ends with its socket, too.
func TestReceiverEndsWhenFull(t *testing.T) {
	for _, size := range []int{0, 2} {
		for name, tt := range map[string]struct {
			end  func(*Socket, context.CancelFunc)
			want error
		}{
			"Close":    {func(soc *Socket, _ context.CancelFunc) { soc.Close() }, ErrorSocketClosed},
			"Shutdown": {func(soc *Socket, _ context.CancelFunc) { soc.s.ctx.Shutdown() }, ETERM},
			"cancel":   {func(_ *Socket, cancel context.CancelFunc) { cancel() }, context.Canceled},
		} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				to, from := socketPair(t, "inproc", PULL, PUSH)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := to.Receiver(ctx, size)
				for i := range size + 1 {
					send(t, from, i)
				}
				eventually(t, "a message without room", func() bool {
					return len(r.C) == size && to.Stats().MessagesReceived == uint64(size+1)
				})
				tt.end(to, cancel)
				within(t, patience, "end", func() {
					if err := r.Err(); !errors.Is(err, tt.want) {
						t.Errorf("%v, want %v", err, tt.want)
					}
				})
				if rest := r.Rest(); fmt.Sprintf("%s", rest) != fmt.Sprintf("[%d]", size) {
					t.Errorf("rest %q", rest)
				}
				for i := range size {
					if msg := <-r.C; fmt.Sprintf("%s", msg) != fmt.Sprintf("[%d]", i) {
						t.Errorf("message %d is %q", i, msg)
					}
				}
				if msg, ok := <-r.C; ok {
					t.Errorf("one more: %q", msg)
				}
			})
		}
	}
}
