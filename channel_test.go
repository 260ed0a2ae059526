// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
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
			if r.Err() != nil || r.Rest() != nil {
				t.Error("a Receiver that goes on has an error")
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
	for len(r.C) < 3 {
		runtime.Gosched()
	}
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
			s := soc.Sender(ctx, 4)
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
				if rest := s.Rest(); len(rest) != 4 || string(rest[0][0]) != "0" || string(rest[3][0]) != "3" {
					t.Errorf("rest %q", rest)
				}
			})
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
