// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// oneNaps lets one goroutine nap at a time while the test runs.
func oneNaps(t *testing.T) {
	old := runtime.GOMAXPROCS(2)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

// longNaps lets naps last while the test runs.
func longNaps(t *testing.T) {
	old := napLimit
	napLimit = time.Hour
	t.Cleanup(func() { napLimit = old })
}

// drowsy makes the next wait for a socket a nap.
func drowsy(soc *Socket) { soc.s.guess.short.Store(true) }

// napping reports whether a goroutine naps on a socket.
func napping(soc *Socket) bool {
	k := &soc.s.park
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.desc.nap.alarm != nil && len(k.waiters) > 0 && k.waiters[0].parked
}

// registered reports whether the network poller knows a socket's descriptor.
func registered(soc *Socket) bool {
	k := &soc.s.park
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.desc.file != nil
}

// Whatever ends a wait ends a nap.
func TestNapEnds(t *testing.T) {
	needGuesses(t)
	tests := []struct {
		name string
		end  func(t *testing.T, soc, peer *Socket, cancel func())
		want error
	}{
		{"message", func(t *testing.T, _, peer *Socket, _ func()) { send(t, peer, "here") }, nil},
		{"another goroutine", func(t *testing.T, soc, peer *Socket, _ func()) {
			send(t, peer, "here")
			eventually(t, "the message", func() bool { // takes its signal
				_, err := soc.GetEvents()
				return err != nil || !napping(soc)
			})
		}, nil},
		{"cancel", func(_ *testing.T, _, _ *Socket, cancel func()) { cancel() }, context.Canceled},
		{"close", func(t *testing.T, soc, _ *Socket, _ func()) { must(t, soc.Close()) }, ErrorSocketClosed},
		{"shutdown", func(t *testing.T, soc, _ *Socket, _ func()) {
			ctx, err := soc.Context()
			must(t, err)
			must(t, ctx.Shutdown())
		}, ETERM},
		{"timeout", nil, eagain},
		{"alarm", func(t *testing.T, soc, peer *Socket, _ func()) {
			waitParked(t, soc, 1)
			eventually(t, "the nap is over", func() bool { return !napping(soc) })
			waitParked(t, soc, 1) // goes on in the network poller
			send(t, peer, "here")
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			oneNaps(t)
			if tt.name != "alarm" {
				longNaps(t)
			}
			soc, peer := socketPair(t, "tcp", PAIR, PAIR)
			handshake(t, peer, soc)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if tt.end == nil {
				must(t, soc.SetRcvtimeo(5*napTime))
			}
			drowsy(soc)
			soc.s.guess.crowd.Store(0)
			var msg string
			var err error
			start, done := time.Now(), make(chan struct{})
			go func() {
				defer close(done)
				msg, err = soc.RecvContext(ctx, 0)
			}()
			if tt.end != nil {
				if tt.name != "alarm" {
					eventually(t, "a nap", func() bool { return napping(soc) })
				}
				tt.end(t, soc, peer, cancel)
			}
			within(t, patience, tt.name, func() { <-done })
			if !errors.Is(err, tt.want) || err == nil && msg != "here" {
				t.Errorf("%q, %v instead of %v", msg, err, tt.want)
			}
			if d := time.Since(start); tt.end == nil && d < 5*napTime {
				t.Errorf("a timeout of %v took %v", 5*napTime, d)
			}
		})
	}
}

// A socket whose waits are short leaves the network poller, and comes back
// when one is not.
func TestNapRegisters(t *testing.T) {
	needGuesses(t)
	oneNaps(t)
	a, b := socketPair(t, "tcp", PAIR, PAIR)
	handshake(t, b, a)
	go func() {
		for {
			msg, err := b.Recv(0)
			if err != nil {
				return
			}
			b.Send(msg, 0)
		}
	}()
	ask := func() {
		send(t, a, "ping")
		expect(t, a, "ping")
	}
	eventually(t, "the network poller has forgotten it", func() bool {
		drowsy(a) // however slow the machine is
		ask()
		return !registered(a)
	})
	eventually(t, "the network poller has it again", func() bool {
		a.s.guess.short.Store(false)
		ask() // may find the answer there, without a wait
		return registered(a)
	})
}

// What is only passed on in this process is not worth a nap: the goroutine
// that it comes from needs the processor.
func TestNapInproc(t *testing.T) {
	oneNaps(t)
	a, b := socketPair(t, "inproc", PAIR, PAIR)
	handshake(t, b, a)
	drowsy(a)
	done := make(chan struct{})
	go func() {
		defer close(done)
		expect(t, a, "here")
	}()
	waitParked(t, a, 1)
	if napping(a) {
		t.Error("naps")
	}
	send(t, b, "here")
	within(t, patience, "receive", func() { <-done })
}

// A goroutine that naps does not keep its peer in the same process from being woken.
func TestNapWithPeer(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc"} {
		t.Run(transport, func(t *testing.T) {
			a, b := socketPair(t, transport, PAIR, PAIR)
			go func() {
				for {
					m, err := b.RecvBytes(0)
					if err != nil {
						return
					}
					b.SendBytes(m, 0)
				}
			}()
			median := func() time.Duration {
				var took []time.Duration
				for range 300 {
					start := time.Now()
					send(t, a, "m")
					expect(t, a, "m")
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				return took[len(took)/2]
			}
			// On a busy machine a few round trips are slow; with each nap in the way all are, for long.
			fast := 0
			eventually(t, "round trips that are shorter than a nap", func() bool {
				if fast++; median() > napTime {
					fast = 0
				}
				return fast == 5
			})
		})
	}
}

// The descriptor of a thread-safe type, once signalled, would end each nap.
func TestNapThreadSafe(t *testing.T) {
	needDraft(t)
	oneNaps(t)
	a, b := socketPair(t, "tcp", CHANNEL, CHANNEL)
	handshake(t, b, a)
	if a.s.guess.remote.Load() || b.s.guess.remote.Load() {
		t.Error("may nap")
	}
}

// While one goroutine waits and another one uses the socket, nobody naps.
func TestNapCrowd(t *testing.T) {
	oneNaps(t)
	a, b := socketPair(t, "tcp", PAIR, PAIR)
	handshake(t, b, a)
	receive := func() chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			expect(t, a, "here")
		}()
		waitParked(t, a, 1)
		return done
	}
	for i := range 2 {
		drowsy(a)
		done := receive()
		if i > 0 && napping(a) {
			t.Error("naps in a crowd")
		}
		send(t, a, "there") // by another goroutine than the one that waits
		send(t, b, "here")
		within(t, patience, "receive", func() { <-done })
	}
}

// There are never more alarms than can be used at a time. One that has rung does
// not do so for the next nap, and none lets a nap last.
func TestAlarms(t *testing.T) {
	oneNaps(t)
	alarms.mu.Lock()
	idle := len(alarms.idle)
	alarms.mu.Unlock()
	never, _ := newParker(t)
	var all sync.WaitGroup
	var early atomic.Int32 // may be by signals, but these are few
	for range 4 {
		all.Go(func() {
			for taken := 0; taken < 100; {
				now := time.Since(epoch)
				a := takeAlarm(now, now+napTime)
				if a == nil {
					runtime.Gosched()
					continue
				}
				if a.due < now+napTime/4 || a.due > now+napTime {
					t.Errorf("rings in %v", a.due-now)
				}
				taken++
				if taken%2 == 0 {
					a.ring()
				}
				if a.nap(never.desc.fd) {
					t.Error("the pipe can be read")
				}
				if taken%2 != 0 && time.Since(epoch)-now < napTime/4 {
					early.Add(1)
				}
				a.giveBack()
			}
		})
	}
	within(t, patience, "all naps", all.Wait)
	alarms.mu.Lock()
	defer alarms.mu.Unlock()
	if early.Load() > 20 {
		t.Errorf("%d of 200 rang too soon", early.Load())
	}
	if n := len(alarms.idle); n != idle || alarms.busy != 0 {
		t.Errorf("%d alarms instead of %d, %d busy", n, idle, alarms.busy)
	}
}

// collectFiles returns when an os.File that was lost before has been closed.
func collectFiles(t *testing.T) {
	for range 2 {
		r, w, err := os.Pipe()
		must(t, err)
		defer r.Close()
		_ = w // lost
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			r.Read(make([]byte, 1))
		}()
		eventually(t, "a file that was lost is closed", func() bool {
			runtime.GC()
			select {
			case <-closed:
				return true
			default:
				return false
			}
		})
	}
}

// newParker returns a parker for the reading end of a pipe, and the other end.
func newParker(t *testing.T) (*parker, *os.File) {
	var p [2]int
	must(t, syscall.Pipe(p[:]))
	must(t, syscall.SetNonblock(p[0], true))
	k := new(parker)
	k.init(func(bool) State { return 0 }, new(guess))
	must(t, k.desc.open(p[0]))
	w := os.NewFile(uintptr(p[1]), "pipe")
	t.Cleanup(func() { w.Close() })
	return k, w
}

// A parker that is lost closes its descriptor, though the network poller has
// forgotten it.
func TestLostUnregistered(t *testing.T) {
	k, w := newParker(t)
	k.desc.unregister()
	if k.desc.file != nil {
		t.Error("the network poller knows it")
	}
	k = nil
	eventually(t, "no reader", func() bool {
		runtime.GC()
		_, err := w.Write([]byte("x"))
		return errors.Is(err, syscall.EPIPE)
	})
}

// A descriptor that the network poller does not take belongs to the parker
// alone: it is closed once, and no other that gets its number.
func TestNotPollable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(name, nil, 0o600))
	var opened []int
	open := func() int {
		fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(t, err)
		return fd
	}
	k := new(parker)
	k.init(nil, new(guess))
	if err := k.desc.open(open()); err == nil {
		t.Fatal("the network poller takes a regular file")
	}
	for range 4 {
		opened = append(opened, open()) // with the same number
	}
	waits, _ := newParker(t)
	waits.desc.unregister()
	waits.desc.loose.Stop()
	syscall.Close(waits.desc.fd)
	waits.desc.fd = open()
	for range 3 {
		waits.guess.short.Store(true)
		if _, err := waits.wait(context.Background(), POLLIN, limitOf(context.Background(), napTime)); err != eagain {
			t.Error(err)
		}
		collectFiles(t)
	}
	for _, fd := range append(opened, waits.desc.fd) {
		if err := syscall.Fstat(fd, new(syscall.Stat_t)); err != nil {
			t.Errorf("descriptor %d: %v", fd, err)
		}
	}
	waits.close()
	for _, fd := range opened {
		syscall.Close(fd)
	}
}

// With one processor only the goroutine of a program that has no other naps: what would the others do
// meanwhile?
func TestNapAlone(t *testing.T) {
	needGuesses(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	soc, peer := socketPair(t, "tcp", PAIR, PAIR)
	handshake(t, peer, soc)
	defer func(old int) { lone = old }(lone)
	naps := func() bool { // by itself
		for range 2 * napsInRow {
			send(t, peer, "here")
			if msg, err := soc.Recv(0); err != nil || msg != "here" { // in this goroutine
				t.Fatal(msg, err)
			}
		}
		return !registered(soc)
	}
	eventually(t, "it naps", func() bool {
		lone = runtime.NumGoroutine() // those of earlier tests end
		return naps()
	})
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	eventually(t, "it does not nap", func() bool {
		lone = runtime.NumGoroutine() - 1
		return !naps()
	})
}

// Nobody naps in a stream: where many messages were received since the last wait.
func TestNapStream(t *testing.T) {
	tests := []struct {
		name    string
		sockets int // in a Poller, or none
	}{
		{"receive", 0}, {"poll for one socket", 1}, {"poll for two sockets", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			soc, peer := socketPair(t, "tcp", PAIR, PAIR)
			handshake(t, peer, soc)
			p, g := NewPoller(), &soc.s.guess
			if tt.sockets > 0 {
				p.Add(soc, POLLIN)
			}
			if tt.sockets > 1 {
				p.Add(newSocket(t, newContext(t), PAIR), POLLIN)
				must(t, p.keepQueue())
				defer p.RemoveBySocket(soc)
				g = &p.q.guess
			}
			wait := func() {
				if tt.sockets == 0 {
					must(t, soc.SetRcvtimeo(time.Millisecond))
					if msg, err := soc.Recv(0); err != eagain {
						t.Fatal(msg, err)
					}
				} else if polled, err := p.Poll(time.Millisecond); err != nil || len(polled) > 0 {
					t.Fatal(polled, err)
				}
			}
			wait()
			for _, n := range []int{1, enough + 1, 1, 0, 100} {
				for range n {
					send(t, peer, "here")
				}
				for received := 0; received < n; { // without a wait between them
					if _, err := soc.Recv(DONTWAIT); err == nil {
						received++
					} else if err != eagain {
						t.Fatal(err)
					}
				}
				wait()
				if many := g.many.Load(); many != (n > enough) {
					t.Errorf("%d messages: many is %v", n, many)
				}
			}
		})
	}
}
