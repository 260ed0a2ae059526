// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Goroutines that wait cost no threads.
func TestParkedThreads(t *testing.T) {
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	more := syscall.Rlimit{Cur: max(limit.Cur, 32<<10), Max: max(limit.Max, 32<<10)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) == nil { // root may
		limit = more
	}
	// A socket has a descriptor of its own and a duplicate to wait on.
	allowed := (int(min(limit.Cur, 1<<20)) - procCount(t, "fd") - 50) / 2
	for _, n := range []int{2000, 10000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if n > 2000 && testing.Short() {
				t.Skip("short")
			}
			if n = min(n, allowed); n < 1000 {
				t.Skipf("only %d file descriptors allowed", limit.Cur)
			}
			ctx := newContext(t)
			must(t, ctx.SetMaxSockets(n+10))
			socs := make([]*Socket, n)
			errs := make(chan error, n)
			for i := range socs {
				soc := newSocket(t, ctx, PULL)
				socs[i] = soc
				go func() { _, err := soc.RecvBytes(0); errs <- err }()
				// One at a time: Go makes threads for calls into C that are
				// slow because the machine is busy.
				waitParked(t, soc, 1)
			}
			threads := procCount(t, "task")
			t.Logf("%d goroutines wait: %d threads, %d file descriptors", n, threads, procCount(t, "fd"))
			if threads >= 50 {
				t.Errorf("%d threads", threads)
			}
			start := time.Now()
			for i, soc := range socs {
				if i < n/2 {
					must(t, soc.Close())
				}
			}
			go ctx.Term()
			within(t, patience, "end of all calls", func() {
				count := map[error]int{}
				for range n {
					count[<-errs]++
				}
				if count[ErrorSocketClosed] != n/2 || count[ETERM] != n-n/2 {
					t.Error(count)
				}
			})
			t.Logf("ended in %v", time.Since(start))
		})
	}
}

// Nothing is left behind by sockets that were waited on and closed.
func TestLeaks(t *testing.T) {
	const n = 1000
	runtime.GC()
	descriptors, goroutines := procCount(t, "fd"), runtime.NumGoroutine()
	ctx, err := NewContext()
	must(t, err)
	for i := range n {
		soc, err := ctx.NewSocket(DEALER)
		must(t, err)
		must(t, soc.SetLinger(0))
		var waiting sync.WaitGroup
		for range 1 + i%3 {
			waiting.Go(func() {
				if _, err := soc.RecvMessage(0); err != ErrorSocketClosed {
					t.Error(err)
				}
			})
		}
		waitParked(t, soc, 1+i%3)
		must(t, soc.Close())
		within(t, patience, "Recv", waiting.Wait)
	}
	within(t, patience, "Term", func() { must(t, ctx.Term()) })
	eventually(t, "everything given back", func() bool {
		return procCount(t, "fd") <= descriptors+2 && runtime.NumGoroutine() <= goroutines+2
	})
}

// A goroutine that cannot wait for want of a file descriptor gets an error. It
// must not try again and again.
func TestNoDescriptorToWait(t *testing.T) {
	ctx := newContext(t)
	calls := map[string]*Socket{}
	for _, name := range []string{"receive", "send", "route"} {
		calls[name] = newSocket(t, ctx, map[string]Type{"receive": PULL, "send": PUSH, "route": ROUTER}[name])
	}
	router, peers := calls["route"], [2]*Socket{newSocket(t, ctx, DEALER), newSocket(t, ctx, DEALER)}
	must(t, router.SetRouterMandatory(1))
	must(t, router.SetSndhwm(1))
	endpoint := bindOn(t, router, "inproc")
	for i, peer := range peers {
		must(t, peer.SetRcvhwm(1))
		must(t, peer.SetIdentity([]string{"full", "idle"}[i]))
		must(t, peer.Connect(endpoint))
		_, err := peer.Send("hello", 0)
		must(t, err)
		_, err = router.RecvMessage(DONTWAIT)
		must(t, err)
	}
	for err := error(nil); err != eagain; {
		_, err = router.SendMessageDontwait("full", "x")
	}

	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1, Max: limit.Max}))
	errs := map[string]error{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, errs["receive"] = calls["receive"].RecvBytes(0)
		_, errs["send"] = calls["send"].Send("x", 0)
		_, errs["route"] = router.SendMessage("full", "x")
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	within(t, patience, "calls", func() { <-done })
	for name := range calls {
		if AsErrno(errs[name]) != Errno(syscall.EMFILE) {
			t.Errorf("%s: %v, want EMFILE", name, errs[name])
		}
	}
}
