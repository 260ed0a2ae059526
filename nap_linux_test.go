// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Signals that come more often than a nap ends do not make it last.
func TestNapSignals(t *testing.T) {
	oneNaps(t)
	longNaps(t)
	soc, peer := socketPair(t, "tcp", PAIR, PAIR)
	handshake(t, peer, soc)
	must(t, soc.SetRcvtimeo(50*time.Millisecond))
	thread := make(chan int, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- syscall.Gettid()
		drowsy(soc)
		soc.s.guess.crowd.Store(0)
		if _, err := soc.Recv(0); err != eagain {
			t.Error(err)
		}
	}()
	id := <-thread
	tick := time.NewTicker(napTime)
	defer tick.Stop()
	within(t, patience, "receive", func() {
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(id), uintptr(syscall.SIGURG))
			}
		}
	})
}
