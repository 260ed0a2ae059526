// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// messages returns the messages of a batch as strings.
func (b *Batch) messages() (all [][]string) {
	for i, m := range b.All() {
		var msg []string
		for j, part := range m.Parts() {
			if string(m.Part(j)) != string(part) || i != len(all) {
				panic("All, Parts and Part do not agree")
			}
			msg = append(msg, string(part))
		}
		all = append(all, msg)
	}
	return all
}

func TestBatchContent(t *testing.T) {
	var b Batch
	if b.Len() != 0 || b.messages() != nil {
		t.Error("the zero Batch is not empty")
	}
	for range 2 { // the second time in the same memory
		b.Reset()
		b.Append()
		b.Append(nil)
		b.Append([]byte("one"))
		b.Append([]byte("a"), nil, []byte("c"))
		want := [][]string{{""}, {"one"}, {"a", "", "c"}}
		if got := b.messages(); b.Len() != 3 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d messages: %q, want %q", b.Len(), got, want)
		}
	}
	// A part must not grow into the next one.
	for _, m := range b.All() {
		_ = append(m.Part(0), "overwritten"...)
		break
	}
	if got := b.messages()[1][0]; got != "one" {
		t.Errorf("the next message is %q", got)
	}
	for _, m := range b.All() {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a part that is not there")
				}
			}()
			m.Part(m.Len())
		}()
	}
}

// What is written in the memory of a batch is the message, in place or not.
func TestBatchAvailableBuffer(t *testing.T) {
	long := strings.Repeat("long ", 10000)
	for _, test := range []struct {
		name   string
		append func(b *Batch)
		want   string
	}{
		{"one part", func(b *Batch) { b.Append(append(b.AvailableBuffer(10), "one"...)) }, `["one"]`},
		{"nothing", func(b *Batch) { b.Append(b.AvailableBuffer(-1)) }, `[""]`},
		{"no parts", func(b *Batch) {
			x := append(b.AvailableBuffer(20), "one"...)
			b.Append()
			b.Append([]byte("0"), x)
		}, `["0" "one"]`},
		{"in a row", func(b *Batch) {
			x := append(b.AvailableBuffer(20), "one"...)
			b.Append(x, append(x[len(x):], "two"...))
		}, `["one" "two"]`},
		{"behind another", func(b *Batch) {
			x := append(b.AvailableBuffer(20), "one"...)
			b.Append([]byte("identity"), nil, x, x)
		}, `["identity" "" "one" "one"]`},
		{"the other way round", func(b *Batch) {
			x := append(b.AvailableBuffer(20), "one"...)
			b.Append(append(x[len(x):], "three"...), x)
		}, `["three" "one"]`},
		{"a piece of it", func(b *Batch) { b.Append(append(b.AvailableBuffer(20), "a piece"...)[2:]) }, `["piece"]`},
		{"more than there is", func(b *Batch) { b.Append(append(b.AvailableBuffer(2), long...)) }, fmt.Sprintf("[%q]", long)},
		{"more than there is, behind another", func(b *Batch) {
			x := append(b.AvailableBuffer(20), "one"...)
			b.Append([]byte(long), x)
		}, fmt.Sprintf("[%q %q]", long, "one")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b Batch
			b.Append([]byte("before"), []byte("0"))
			for range 3 { // in memory that is there, too
				test.append(&b)
			}
			b.Append([]byte("after"))
			want := `[["before" "0"]` + strings.Repeat(" "+test.want, 3) + ` ["after"]]`
			if got := fmt.Sprintf("%q", b.messages()); got != want {
				t.Errorf("got %.200s, want %.200s", got, want)
			}
		})
	}
}

// A part in place is not copied, and no part costs an allocation.
func TestBatchAppendsInPlace(t *testing.T) {
	var b Batch
	b.Append([]byte("before"))
	buf := append(b.AvailableBuffer(100), "in place"...)
	body := append(buf[len(buf):], "here"...)
	b.Append(buf, body)
	for i, m := range b.All() {
		if i == 1 && (&m.Part(0)[0] != &buf[0] || &m.Part(1)[0] != &body[0]) {
			t.Error("copied")
		}
	}
	if raceEnabled || asanEnabled {
		return
	}
	if n := testing.AllocsPerRun(20, func() {
		b.Reset()
		for i := range 100 {
			buf := strconv.AppendInt(b.AvailableBuffer(20), int64(i), 10)
			b.Append(buf, strconv.AppendInt(buf[len(buf):], int64(i), 10))
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBatchSendRecv(t *testing.T) {
	for _, transport := range transports {
		for _, types := range [][2]Type{{PULL, PUSH}, {DEALER, DEALER}, {PAIR, PAIR}} {
			t.Run(fmt.Sprint(transport, " ", types), func(t *testing.T) {
				to, from := socketPair(t, transport, types[0], types[1])
				const n = 5000 // more than fits below the high-water mark
				var sent, got, all Batch
				for i := range n {
					sent.Append(fmt.Append(nil, i), make([]byte, i%300), nil)
					if i%1000 == 0 {
						sent.Append(make([]byte, 100<<10))
					}
				}
				var wg sync.WaitGroup
				wg.Go(func() {
					if n, err := from.SendBatch(context.Background(), &sent); n != sent.Len() || err != nil {
						t.Errorf("SendBatch = %d, %v", n, err)
					}
				})
				wg.Go(func() {
					for max := 1; all.Len() < sent.Len(); max++ {
						got.Reset()
						n, err := to.RecvBatch(context.Background(), &got, max)
						if err != nil || n != got.Len() || n < 1 || n > max {
							t.Errorf("RecvBatch = %d, %v, %d messages of at most %d", n, err, got.Len(), max)
							return
						}
						for _, m := range got.All() {
							var parts [][]byte
							for _, p := range m.Parts() {
								parts = append(parts, p)
							}
							all.Append(parts...)
						}
					}
				})
				within(t, patience, "all messages", wg.Wait)
				if !slices.EqualFunc(sent.messages(), all.messages(), slices.Equal[[]string]) {
					t.Error("what came is not what was sent")
				}
			})
		}
	}
}

// A batch that cannot be sent whole says how much was, exactly.
func TestBatchPartial(t *testing.T) {
	for name, end := range map[string]func(context.CancelFunc, *Socket){
		"cancelled": func(cancel context.CancelFunc, _ *Socket) { cancel() },
		"Close":     func(_ context.CancelFunc, soc *Socket) { soc.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			pull, push := newSocket(t, ctx, PULL), bareSocket(t, ctx, PUSH) // which lingers
			must(t, pull.SetRcvhwm(10))
			must(t, push.SetSndhwm(10))
			must(t, push.Connect(bindOn(t, pull, "inproc")))
			var b Batch
			for i := range 1000 {
				b.Append(fmt.Append(nil, i), []byte("end"))
			}
			cancellable, cancel := context.WithCancel(context.Background())
			defer cancel()
			var n int
			var err error
			done := make(chan struct{})
			go func() {
				defer close(done)
				n, err = push.SendBatch(cancellable, &b)
			}()
			waitParked(t, push, 1)
			end(cancel, push)
			within(t, patience, "SendBatch", func() { <-done })
			if n == 0 || n > 20 || err == nil || name == "cancelled" && !errors.Is(err, context.Canceled) || name == "Close" && !errors.Is(err, ErrorSocketClosed) {
				t.Errorf("SendBatch = %d, %v", n, err)
			}
			must(t, pull.SetRcvtimeo(5*time.Second))
			for i := range n {
				if m, err := pull.RecvMessage(0); err != nil || m[0] != fmt.Sprint(i) || len(m) != 2 {
					t.Fatalf("message %d is %q, %v", i, m, err)
				}
			}
			if name == "cancelled" {
				if m, err := pull.RecvMessage(DONTWAIT); err != eagain {
					t.Errorf("one more: %q, %v", m, err)
				}
			}
		})
	}
}

// Batches and single messages of several goroutines on the same sockets.
func TestBatchShared(t *testing.T) {
	to, from := socketPair(t, "inproc", DEALER, DEALER)
	const workers, n = 4, 2000
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[string]int)
	for w := range workers {
		wg.Go(func() {
			var b Batch
			for i := range n {
				b.Append(fmt.Appendf(nil, "%d-%d", w, i), []byte("x"))
				if w%2 == 0 && i%7 != 6 && i != n-1 {
					continue
				}
				if k, err := from.SendBatch(context.Background(), &b); k != b.Len() || err != nil {
					t.Error(k, err)
				}
				b.Reset()
			}
		})
		wg.Go(func() {
			var b Batch
			for {
				mu.Lock()
				left := workers*n - len(seen)
				mu.Unlock()
				if left == 0 {
					return
				}
				b.Reset()
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
				_, err := to.RecvBatch(ctx, &b, 1+w*20)
				cancel()
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, m := range b.messages() {
					seen[m[0]]++
					if len(m) != 2 || m[1] != "x" {
						t.Errorf("torn: %q", m)
					}
				}
				mu.Unlock()
			}
		})
	}
	within(t, patience, "all messages", wg.Wait)
	for m, k := range seen {
		if k != 1 {
			t.Errorf("%s came %d times", m, k)
		}
	}
}

// A REQ has one answer: RecvBatch tells what guesses that it came, however it came.
func TestBatchOfOneAnswer(t *testing.T) {
	for _, size := range []int{1, 100 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			rep, req := socketPair(t, "inproc", REP, REQ)
			send(t, req, "ask")
			recv(t, rep)
			if _, err := rep.SendBytes(make([]byte, size), 0); err != nil {
				t.Fatal(err)
			}
			var b Batch
			if n, err := req.RecvBatch(t.Context(), &b, 0); n != 1 || err != nil || len(b.messages()[0][0]) != size {
				t.Fatal(n, err)
			}
			if req.s.guess.sentWhole {
				t.Error("a receive would wait for another answer")
			}
			if n, err := req.RecvBatch(t.Context(), &b, 0); n != 0 || AsErrno(err) != EFSM {
				t.Error(n, err)
			}
		})
	}
}

func TestBatchCrossings(t *testing.T) {
	to, from := socketPair(t, "inproc", PULL, PUSH)
	var b, got Batch
	for range 500 {
		b.Append(make([]byte, 20))
	}
	got.Append(make([]byte, 64<<10)) // so that it has memory
	ctx := context.Background()
	for range 2 {
		calls := runtime.NumCgoCall()
		if n, err := from.SendBatch(ctx, &b); n != 500 || err != nil {
			t.Fatal(n, err)
		}
		got.Reset()
		if n, err := to.RecvBatch(ctx, &got, 500); n != 500 || err != nil {
			t.Fatal(n, err)
		}
		if calls = runtime.NumCgoCall() - calls; calls > 4 {
			t.Errorf("%d calls into C for 500 messages there and back", calls)
		}
	}
	if raceEnabled || asanEnabled {
		return
	}
	if n := testing.AllocsPerRun(20, func() {
		got.Reset()
		from.SendBatch(ctx, &b)
		to.RecvBatch(ctx, &got, 500)
		for _, m := range got.All() {
			for _, p := range m.Parts() {
				_ = p
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{8, 64} {
		b.Run(fmt.Sprint(size, " bytes"), func(b *testing.B) {
			to, from := socketPair(b, "inproc", PULL, PUSH)
			ctx := context.Background()
			b.ReportAllocs()
			go func() {
				var batch Batch
				data := make([]byte, size)
				for range 100 {
					batch.Append(data)
				}
				for i := 0; i < b.N; i += 100 {
					from.SendBatch(ctx, &batch)
				}
			}()
			var batch Batch
			for i := 0; i < b.N; i += batch.Len() {
				batch.Reset()
				to.RecvBatch(ctx, &batch, 1000)
			}
		})
	}
}
