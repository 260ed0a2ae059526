// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pipe makes a pipe of bare descriptors, which end with the test.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	var p [2]int
	must(t, syscall.Pipe(p[:]))
	t.Cleanup(func() { syscall.Close(p[0]); syscall.Close(p[1]) })
	return p[0], p[1]
}

// unixPair makes two connected sockets of the system, which end with the test.
func unixPair(t testing.TB) (x, y int) {
	t.Helper()
	p, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(p[0]); syscall.Close(p[1]) })
	return p[0], p[1]
}

func writeByte(t testing.TB, fd int) {
	t.Helper()
	_, err := syscall.Write(fd, []byte("x"))
	must(t, err)
}

func readByte(t testing.TB, fd int) {
	t.Helper()
	_, err := syscall.Read(fd, make([]byte, 1))
	must(t, err)
}

// pollData polls and checks the data and events that were found.
func pollData(t *testing.T, p *Poller, timeout time.Duration, want string) {
	t.Helper()
	var got []string
	within(t, patience, t.Name(), func() {
		polled, err := p.Poll(timeout)
		if err != nil {
			got = append(got, err.Error())
		}
		for _, item := range polled {
			got = append(got, fmt.Sprint(item.Data, ":", item.Events))
		}
	})
	if s := strings.Join(got, " "); s != want {
		t.Errorf("Poll(%v) = %q, want %q", timeout, s, want)
	}
}

// eachUse runs a test with a new Poller and with one that has a queue already.
func eachUse(t *testing.T, f func(t *testing.T, p *Poller)) {
	t.Run("new", func(t *testing.T) { f(t, NewPoller()) })
	t.Run("kept", func(t *testing.T) {
		p := NewPoller()
		for range keepAfter + 1 {
			p.Poll(0)
		}
		f(t, p)
	})
}

func TestPollerData(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r, w := pipe(t)
	p := NewPoller()
	p.AddData(x, POLLIN, "socket")
	p.Add(x, POLLOUT)
	p.AddFD(uintptr(r), POLLIN, "pipe")
	writeByte(t, w)
	send(t, y, "m")
	eventually(t, "message", func() bool { ev, _ := x.GetEvents(); return ev&POLLIN != 0 })
	polled, err := p.Poll(-1)
	want := []Polled{{Socket: x, Events: POLLIN, Data: "socket"}, {Socket: x, Events: POLLOUT}, {FD: uintptr(r), Events: POLLIN, Data: "pipe"}}
	if err != nil || !slices.Equal(polled, want) {
		t.Errorf("Poll = %v, %v, want %v", polled, err, want)
	}
	readByte(t, r)
	x.Recv(0)
	want[0].Events, want[2].Events = 0, 0
	if all, err := p.PollAll(0); err != nil || !slices.Equal(all, want) {
		t.Errorf("PollAll = %v, %v, want %v", all, err, want)
	}
	if s := p.String(); !strings.Contains(s, fmt.Sprintf("fd(%d)POLLIN", r)) {
		t.Error(s)
	}
}

func TestPollerFDLevels(t *testing.T) {
	eachUse(t, func(t *testing.T, p *Poller) {
		x, y := unixPair(t)
		id := p.AddFD(uintptr(x), POLLIN, "x")
		pollData(t, p, 0, "")
		writeByte(t, y)
		writeByte(t, y)
		pollData(t, p, -1, "x:POLLIN")
		pollData(t, p, 0, "x:POLLIN") // still there
		readByte(t, x)
		pollData(t, p, -1, "x:POLLIN")
		readByte(t, x)
		pollData(t, p, time.Millisecond, "")
		if prev, err := p.Update(id, POLLIN|POLLOUT); prev != POLLIN || err != nil {
			t.Errorf("Update = %v, %v", prev, err)
		}
		pollData(t, p, -1, "x:POLLOUT")
		p.Update(id, 0)
		pollData(t, p, 0, "")
		syscall.Close(y)
		pollData(t, p, 5*time.Millisecond, "") // 0 is not waited for, whatever happens
		p.Update(id, POLLIN)
		pollData(t, p, -1, "x:POLLIN|POLLERR")
		must(t, p.Remove(id))
		pollData(t, p, 0, "")
		if err := p.Remove(id); err != ErrorNoSocket {
			t.Error(err)
		}
		if err := p.RemoveBySocket(nil); err != ErrorNoSocket {
			t.Error(err)
		}
	})
}

// A poll that waits is woken by a descriptor, an update, an addition.
func TestPollerFDWhileWaiting(t *testing.T) {
	eachUse(t, func(t *testing.T, p *Poller) {
		soc := newSocket(t, newContext(t), PULL)
		p.Add(soc, POLLIN)
		x, y := unixPair(t)
		id := -1
		for _, step := range []struct {
			name string
			do   func()
			want State
		}{
			{"AddFD", func() { writeByte(t, y); id = p.AddFD(uintptr(x), POLLIN, nil) }, POLLIN},
			{"write", func() { writeByte(t, y) }, POLLIN},
			{"write again", func() { writeByte(t, y) }, POLLIN},
			{"Update", func() { p.Update(id, POLLOUT) }, POLLOUT},
		} {
			done := make(chan []Polled, 1)
			go func() {
				polled, err := p.Poll(-1)
				if err != nil {
					t.Error(err)
				}
				done <- polled
			}()
			eventually(t, "poll waits", func() bool {
				k := p.waitsIn()
				if k == nil {
					return false
				}
				k.mu.Lock()
				defer k.mu.Unlock()
				return len(k.waiters) > 0 && (fdInterval > 0 || k.waiters[0].parked)
			})
			step.do()
			within(t, patience, step.name, func() {
				if polled := <-done; len(polled) != 1 || polled[0] != (Polled{FD: uintptr(x), Events: step.want}) {
					t.Errorf("%s: %v", step.name, polled)
				}
			})
			if step.want == POLLIN {
				readByte(t, x)
			}
		}
	})
}

// A poll that waits for nothing any more returns, as it does when the last
// socket is removed.
func TestPollerFDRemovedWhileWaiting(t *testing.T) {
	eachUse(t, func(t *testing.T, p *Poller) {
		r, _ := pipe(t)
		id := p.AddFD(uintptr(r), POLLIN, nil)
		done := make(chan error, 1)
		go func() { _, err := p.Poll(-1); done <- err }()
		eventually(t, "poll waits", p.queueWaiting)
		must(t, p.Remove(id))
		within(t, patience, t.Name(), func() { must(t, <-done) })
	})
}

// Descriptors come and go, and are closed, while others poll: each byte is
// seen, and nothing of one that is not there.
func TestPollerFDChanges(t *testing.T) {
	p := NewPoller()
	keep, keeper := unixPair(t)
	must(t, syscall.SetNonblock(keep, true))
	p.AddFD(uintptr(keep), POLLIN, "keep")
	const n = 300
	ctx, cancel := context.WithCancel(context.Background())
	var pollers, changers sync.WaitGroup
	seen := make(chan struct{}, n)
	for range 2 {
		pollers.Add(1)
		go func() {
			defer pollers.Done()
			for ctx.Err() == nil {
				polled, err := p.PollContext(ctx)
				if err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
				for _, item := range polled {
					if item.Data != "keep" {
						continue // POLLOUT of one that may have gone since
					}
					if k, _ := syscall.Read(keep, make([]byte, 1)); k == 1 {
						seen <- struct{}{}
					}
				}
			}
		}()
	}
	for range 2 {
		changers.Add(1)
		go func() {
			defer changers.Done()
			for i := range n {
				var fds [2]int
				if err := syscall.Pipe(fds[:]); err != nil {
					t.Error(err)
					return
				}
				id := p.AddFD(uintptr(fds[i%2]), POLLIN|POLLOUT, i)
				p.Update(id, POLLIN)
				if err := p.Remove(id); err != nil {
					t.Error(err)
				}
				syscall.Close(fds[0])
				syscall.Close(fds[1])
			}
		}()
	}
	for range n {
		writeByte(t, keeper)
		within(t, patience, "byte", func() { <-seen })
	}
	within(t, patience, "changes", changers.Wait)
	cancel()
	within(t, patience, "polls", pollers.Wait)
}

func TestPollerFDErrors(t *testing.T) {
	r, w := pipe(t)
	gone, gonePeer := pipe(t)
	closed, _ := pipe(t)
	syscall.Close(gonePeer)
	file, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	defer file.Close()
	conn, err := file.SyscallConn()
	must(t, err)
	var regular uintptr
	must(t, conn.Control(func(fd uintptr) { regular = fd }))
	for _, test := range []struct {
		name   string
		fd     int
		events State
		want   State
	}{
		{"hung up", gone, POLLIN, POLLERR},
		{"hung up, only errors asked for", gone, POLLERR, POLLERR},
		{"reader not ready", r, POLLIN, 0},
		{"writer", w, POLLIN | POLLOUT, POLLOUT},
		{"negative", -1, POLLIN, POLLERR},
		{"not open", 1 << 20, POLLIN, POLLERR},
		{"beyond int", 1 << 40, POLLIN, POLLERR},
		{"regular file", int(regular), POLLIN | POLLOUT, POLLIN | POLLOUT},
		{"regular file, urgent data", int(regular), POLLPRI, 0},
		{"nothing asked for", gone, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachUse(t, func(t *testing.T, p *Poller) {
				p.AddFD(uintptr(test.fd), test.events, "fd")
				for _, timeout := range []time.Duration{0, 5 * time.Millisecond} {
					want := ""
					if test.want != 0 {
						want = fmt.Sprint("fd:", test.want)
					}
					pollData(t, p, timeout, want)
				}
			})
		})
	}
	t.Run("closed between polls", func(t *testing.T) {
		eachUse(t, func(t *testing.T, p *Poller) {
			fd, err := syscall.Dup(closed)
			must(t, err)
			p.AddFD(uintptr(fd), POLLIN, "fd")
			pollData(t, p, time.Millisecond, "")
			syscall.Close(fd)
			pollData(t, p, -1, "fd:POLLERR")
		})
	})
}

// A number that is used again is a new file: also while the old one lives on.
func TestPollerFDReused(t *testing.T) {
	eachUse(t, func(t *testing.T, p *Poller) {
		r1, w1 := pipe(t)
		r2, w2 := pipe(t)
		fd, err := syscall.Dup(r1)
		must(t, err)
		defer syscall.Close(fd)
		p.AddFD(uintptr(fd), POLLIN, "fd")
		pollData(t, p, time.Millisecond, "")
		must(t, syscall.Dup3(r2, fd, 0))
		writeByte(t, w1)
		from := cpuTime(t)
		pollData(t, p, 50*time.Millisecond, "")
		if used := cpuTime(t) - from; used > slack(40*time.Millisecond) {
			t.Errorf("%v of CPU time for a wait of 50 ms", used)
		}
		writeByte(t, w2)
		pollData(t, p, -1, "fd:POLLIN")
	})
}

// ZMQ_FD of a socket may be added beside the socket, in any order.
func TestPollerFDOfSocket(t *testing.T) {
	for _, order := range []string{"socket first", "descriptor first"} {
		t.Run(order, func(t *testing.T) {
			eachUse(t, func(t *testing.T, p *Poller) {
				x, y := socketPair(t, "inproc", PAIR, PAIR)
				handshake(t, x, y)
				fd, err := y.GetFd()
				must(t, err)
				add := []func(){
					func() { p.AddData(y, POLLIN, "socket") },
					func() { p.AddFD(uintptr(fd), POLLIN, "fd") },
				}
				if order == "descriptor first" {
					slices.Reverse(add)
				}
				for _, f := range add {
					f()
					pollData(t, p, time.Millisecond, "") // armed
				}
				for range 3 {
					go x.Send("m", 0)
					within(t, patience, t.Name(), func() {
						for {
							polled, err := p.Poll(-1)
							if err != nil {
								t.Error(err)
								return
							}
							if slices.ContainsFunc(polled, func(item Polled) bool { return item.Socket == y }) {
								return
							}
						}
					})
					if _, err := y.Recv(0); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// Several goroutines poll for one descriptor: one that looks in vain does not
// take the signal from those that wait.
func TestPollerFDShared(t *testing.T) {
	p := NewPoller()
	x, y := unixPair(t)
	must(t, syscall.SetNonblock(x, true))
	p.AddFD(uintptr(x), POLLIN, nil)
	const n = 500
	var mu sync.Mutex
	got := 0
	all := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				var polled []Polled
				if i == 0 {
					polled, _ = p.Poll(0)
				} else {
					polled, _ = p.PollContext(ctx)
				}
				if len(polled) == 0 {
					continue
				}
				if k, _ := syscall.Read(x, make([]byte, 1)); k == 1 {
					mu.Lock()
					if got++; got == n {
						close(all)
					}
					mu.Unlock()
				}
			}
		}()
	}
	for i := range n {
		writeByte(t, y)
		if i%10 == 0 { // let them wait
			eventually(t, "all read", func() bool { mu.Lock(); defer mu.Unlock(); return got == i+1 })
		}
	}
	within(t, patience, t.Name(), func() { <-all })
	cancel()
	within(t, patience, t.Name(), wg.Wait)
}

// Urgent data of TCP has an event of its own.
func TestPollerFDUrgent(t *testing.T) {
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	defer syscall.Close(listener)
	must(t, syscall.Bind(listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(listener, 1))
	addr, err := syscall.Getsockname(listener)
	must(t, err)
	x, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	defer syscall.Close(x)
	must(t, syscall.Connect(x, addr))
	y, _, err := syscall.Accept(listener)
	must(t, err)
	defer syscall.Close(y)
	eachUse(t, func(t *testing.T, p *Poller) {
		p.AddFD(uintptr(y), POLLPRI, "urgent")
		pollData(t, p, 0, "")
		must(t, syscall.Sendto(x, []byte("!"), syscall.MSG_OOB, nil))
		pollData(t, p, -1, "urgent:POLLPRI")
		_, _, err := syscall.Recvfrom(y, make([]byte, 1), syscall.MSG_OOB)
		must(t, err)
		pollData(t, p, 0, "")
	})
}

// A Poller never closes what it was given, and leaves nothing behind.
func TestPollerFDLeavesNothing(t *testing.T) {
	r, w := pipe(t)
	use := func(remove bool) {
		p := NewPoller()
		id := p.AddFD(uintptr(r), POLLIN, nil)
		p.Poll(time.Microsecond)
		if remove {
			must(t, p.Remove(id))
		}
		writeByte(t, w)
		if polled, err := p.Poll(0); err != nil || len(polled) > 1 {
			t.Errorf("Poll = %v, %v", polled, err)
		}
		readByte(t, r)
	}
	use(false)
	before := procCount(t, "fd")
	for i := range 200 {
		use(i%2 == 0)
	}
	// Queues that the pool drops are closed by the garbage collector.
	eventually(t, "descriptors closed", func() bool { runtime.GC(); return procCount(t, "fd") <= before+2 })
	writeByte(t, w)
	readByte(t, r)
}

func ExamplePoller_AddFD() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	pull, err := ctx.OpenSocket(PULL, Bind("inproc://work"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()

	poller := NewPoller()
	poller.AddData(pull, POLLIN, "the socket")
	poller.AddFD(r.Fd(), POLLIN, "the pipe")

	fmt.Fprint(w, "hello")
	polled, err := poller.Poll(-1)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range polled {
		fmt.Println(item.Data, "has", item.Events)
	}

	w.Close()
	r.Read(make([]byte, 5)) // now there is only the end of it left
	polled, err = poller.Poll(-1)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range polled {
		fmt.Println(item.Data, "has", item.Events)
	}
	// Output:
	// the pipe has POLLIN
	// the pipe has POLLERR
}

// Any number of Pollers may wait for a file descriptor, too.
func TestPollerFDMany(t *testing.T) {
	r, w := pipe(t)
	must(t, syscall.SetNonblock(r, true))
	pollers := make([]*Poller, manyPollers)
	for i := range pollers {
		pollers[i] = NewPoller()
		pollers[i].AddFD(uintptr(r), POLLIN, nil)
		for range keepAfter + 2 {
			if polled, err := pollers[i].Poll(time.Microsecond); len(polled) != 0 || err != nil {
				t.Fatalf("poller %d: %v, %v", i, polled, err)
			}
		}
	}
	for range 2 {
		got := make(chan error, len(pollers))
		for _, p := range pollers {
			go func() {
				polled, err := p.Poll(-1)
				if err == nil && (len(polled) != 1 || polled[0].Events != POLLIN) {
					err = fmt.Errorf("polled %v", polled)
				}
				got <- err
			}()
		}
		eventually(t, "polls wait", func() bool {
			return !slices.ContainsFunc(pollers, func(p *Poller) bool { return !p.queueWaiting() })
		})
		writeByte(t, w)
		within(t, patience, t.Name(), func() {
			for range pollers {
				if err := <-got; err != nil {
					t.Error(err)
				}
			}
		})
		readByte(t, r)
	}
	for _, p := range pollers {
		must(t, p.Remove(0))
	}
}

// A Poller works again once there are file descriptors again.
func TestPollerNoDescriptors(t *testing.T) {
	for _, test := range []struct {
		name    string
		sockets int
		polls   int // before
		many    bool
	}{
		{"one socket", 1, 0, false},
		{"two sockets", 2, 0, false},
		{"two sockets, kept", 2, keepAfter, false},
		{"watched sockets", 2, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, y := socketPair(t, "inproc", PAIR, PAIR)
			p := NewPoller()
			if test.many {
				for range manyPollers {
					other := NewPoller()
					other.Add(x, POLLIN)
					must(t, other.keepQueue())
					defer runtime.KeepAlive(other)
				}
			}
			for range test.polls {
				p.Poll(0)
			}
			p.Add(x, POLLIN)
			for range test.sockets - 1 {
				p.Add(newSocket(t, newContext(t), PULL), POLLIN)
			}
			var files syscall.Rlimit
			must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
			restore := func() { must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files)) }
			defer restore()
			none := files
			none.Cur = 3
			runtime.GC() // a queue that is left would do
			runtime.GC()
			must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
			for range 3 {
				polled, err := p.Poll(time.Millisecond)
				if err != nil && err != Errno(syscall.EMFILE) || len(polled) != 0 {
					t.Errorf("Poll = %v, %v", polled, err)
				}
				if err == nil && !test.many {
					t.Error("there were descriptors")
				}
			}
			restore()
			poll(t, p, time.Millisecond, []*Socket{x}, "")
			send(t, y, "m")
			poll(t, p, -1, []*Socket{x}, "0:POLLIN ")
		})
	}
}
