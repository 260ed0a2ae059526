// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

// freed counts calls of a free function, which has to be called once.
func freed(t *testing.T, wg *sync.WaitGroup) func() {
	wg.Add(1)
	called := false
	return func() {
		if called {
			t.Error("free was called twice")
		}
		called = true
		wg.Done()
	}
}

func TestNewMsgBytes(t *testing.T) {
	for _, transport := range transports {
		for _, size := range []int{0, 1, 33, 1000, 1 << 20} {
			t.Run(fmt.Sprint(transport, size), func(t *testing.T) {
				pull, push := socketPair(t, transport, PULL, PUSH)
				data := pattern(size)
				var wg sync.WaitGroup
				m, err := NewMsgBytes(data, freed(t, &wg))
				must(t, err)
				if !bytes.Equal(m.Bytes(), data) || m.Size() != size {
					t.Errorf("%d bytes", m.Size())
				}
				if size > 0 && runtime.GOOS != "windows" && unsafe.SliceData(m.Bytes()) != unsafe.SliceData(data) {
					t.Error("it is a copy")
				}
				if n, err := push.SendMsg(m, 0); n != size || err != nil {
					t.Fatal(n, err)
				}
				if _, err := push.SendMsg(m, 0); err != ErrMsgClosed {
					t.Error("sent twice:", err)
				}
				var got Msg
				if n, err := pull.RecvMsg(&got, 0); n != size || err != nil {
					t.Fatal(n, err)
				}
				if !bytes.Equal(got.Bytes(), data) {
					t.Error("received something else")
				}
				if transport == "inproc" && size > 0 && runtime.GOOS != "windows" && unsafe.SliceData(got.Bytes()) != unsafe.SliceData(data) {
					t.Error("received a copy")
				}
				must(t, got.Close())
				within(t, patience, "free", wg.Wait)
			})
		}
	}
}

// A part that is not sent is given back when it is closed, received into, or lost.
func TestNewMsgBytesUnsent(t *testing.T) {
	var wg sync.WaitGroup
	m, err := NewMsgBytes(make([]byte, 100), freed(t, &wg))
	must(t, err)
	must(t, m.Close())
	within(t, patience, "free after Close", wg.Wait)

	pull, push := socketPair(t, "inproc", PULL, PUSH)
	m, err = NewMsgBytes(make([]byte, 100), freed(t, &wg))
	must(t, err)
	if _, err := push.Send("x", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := pull.RecvMsg(m, 0); err != nil || string(m.Bytes()) != "x" {
		t.Fatalf("%q, %v", m.Bytes(), err)
	}
	within(t, patience, "free after RecvMsg", wg.Wait)

	m, err = NewMsgBytes(make([]byte, 100), freed(t, &wg))
	must(t, err)
	must(t, push.SetSndhwm(1))
	if _, err := bareSocket(t, newContext(t), PUSH).SendMsg(m, DONTWAIT); err != eagain {
		t.Fatal(err)
	}
	if m.Size() != 100 {
		t.Error("a send that failed took the part")
	}
	m = nil
	eventually(t, "free after the garbage collector", func() bool {
		runtime.GC()
		leases.mu.Lock()
		defer leases.mu.Unlock()
		return leases.out == 0
	})
	within(t, patience, "free after the garbage collector", wg.Wait)

	m, err = NewMsgBytes(make([]byte, 100), nil)
	must(t, err)
	must(t, m.Close())
}

// One piece of memory is given back when the last of several peers has it.
func TestNewMsgBytesFanOut(t *testing.T) {
	ctx := newContext(t)
	pub := newSocket(t, ctx, XPUB)
	endpoint := bindOn(t, pub, "tcp")
	subs := make([]*Socket, 3)
	for i := range subs {
		subs[i] = newSocket(t, ctx, SUB)
		must(t, subs[i].SetSubscribe(""))
		must(t, subs[i].Connect(endpoint))
		if i == 0 {
			if _, err := pub.Recv(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range subs { // until all have subscribed
		for {
			if _, err := pub.Send("hello", 0); err != nil {
				t.Fatal(err)
			}
			must(t, subs[i].SetRcvtimeo(20e6))
			if _, err := subs[i].Recv(0); err == nil {
				break
			}
		}
		must(t, subs[i].SetRcvtimeo(-1))
	}
	data := pattern(100_000)
	var wg sync.WaitGroup
	for range 10 {
		m, err := NewMsgBytes(data, freed(t, &wg))
		must(t, err)
		if _, err := pub.SendMsg(m, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range subs {
		for n := 0; n < 10; {
			b, err := sub.RecvBytes(0)
			must(t, err)
			if len(b) == len(data) {
				n++
			}
		}
	}
	within(t, patience, "free", wg.Wait)
}

func TestNewMsgBytesMany(t *testing.T) {
	const senders, count = 4, 2000
	pull, push := socketPair(t, "tcp", PULL, PUSH)
	var wg, sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			free := make(chan []byte, 20) // buffers to use again
			for i := range cap(free) {
				free <- bytes.Repeat([]byte{byte(i)}, 5000)
			}
			for i := range count {
				buf := <-free
				for j := range buf {
					buf[j] = byte(i)
				}
				done := freed(t, &wg)
				m, err := NewMsgBytes(buf, func() { done(); free <- buf })
				if err == nil {
					_, err = push.SendMsg(m, 0)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var b Batch
	within(t, 2*patience, "receive", func() {
		for n := 0; n < senders*count; n += b.Len() {
			b.Reset()
			if _, err := pull.RecvBatch(context.Background(), &b, 0); err != nil {
				t.Error(err)
				return
			}
			for _, msg := range b.All() {
				if part := msg.Part(0); len(part) != 5000 || bytes.Count(part, part[:1]) != len(part) {
					t.Errorf("a message was changed while it was sent")
				}
			}
		}
	})
	sending.Wait()
	within(t, patience, "free", wg.Wait)
	eventually(t, "no lease left", func() bool { // they are counted when their free functions have returned
		leases.mu.Lock()
		defer leases.mu.Unlock()
		return leases.out == 0
	})
}

// BenchmarkSendLarge compares the ways to send and receive a large part. That
// from which NewMsgBytes pays is in its comment.
func BenchmarkSendLarge(b *testing.B) {
	for _, transport := range []string{"inproc", "tcp"} {
		for _, size := range []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20} {
			for _, way := range []string{"SendBytes", "NewMsg", "NewMsgBytes"} {
				b.Run(fmt.Sprintf("%s/%dKiB/%s", transport, size>>10, way), func(b *testing.B) {
					pull, push := newSocket(b, newContext(b), PULL), (*Socket)(nil)
					ctx, err := pull.Context()
					must(b, err)
					push = newSocket(b, ctx, PUSH)
					must(b, push.Connect(bindOn(b, pull, transport)))
					free := make(chan []byte, 64)
					for range cap(free) {
						free <- make([]byte, size)
					}
					done := make(chan error, 1)
					go func() {
						var m Msg
						defer m.Close()
						for {
							if _, err := pull.RecvMsg(&m, 0); err != nil {
								done <- err
								return
							}
						}
					}()
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						buf := <-free
						buf[0]++
						switch way {
						case "SendBytes":
							_, err = push.SendBytes(buf, 0)
							free <- buf
						case "NewMsg":
							var m *Msg
							if m, err = NewMsg(size); err == nil {
								copy(m.Bytes(), buf)
								_, err = push.SendMsg(m, 0)
							}
							free <- buf
						case "NewMsgBytes":
							var m *Msg
							if m, err = NewMsgBytes(buf, func() { free <- buf }); err == nil {
								_, err = push.SendMsg(m, 0)
							}
						}
						if err != nil {
							b.Fatal(err)
						}
					}
					pull.Close()
					if err := <-done; !errors.Is(err, ErrorSocketClosed) {
						b.Error(err)
					}
				})
			}
		}
	}
}
