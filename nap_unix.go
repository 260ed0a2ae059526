// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

// #include "shim.h"
import "C"

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// To be woken from the network poller costs two switches of threads: Go's
// scheduler wakes another one each time that a program has been idle. So a leader whose last wait was
// short waits in poll(2) with its own thread, as a C program does: it naps. Few may
// do so at a time, and whoever has napped for long has to make room.

const (
	// napTime is how long a wait may be so that the next one is a nap, and how
	// long goroutines may have to wait for one that naps again and again.
	napTime = time.Millisecond

	// napsInRow is after how many naps the network poller is told to forget the
	// descriptor: else each signal wakes a thread of its.
	napsInRow = 16
)

// A napper is what a parker knows of naps. All but alarm is the leader's.
type napper struct {
	alarm  *alarm        // of the leader, while it naps
	short  bool          // the last wait was
	awoken time.Duration // when Go's scheduler has run others last, since epoch
	inRow  int           // naps since the last wait in the network poller
}

// An alarm is a pipe that wakes one that naps.
type alarm struct {
	r, w  *os.File
	fd    C.int // of r
	rung  atomic.Bool
	since time.Duration // when the nap began
}

// alarms are those of all who nap, and those that are left.
var alarms struct {
	mu         sync.Mutex
	busy, idle []*alarm
}

// takeAlarm returns nil if there are enough who nap.
func takeAlarm() *alarm {
	alarms.mu.Lock()
	defer alarms.mu.Unlock()
	now := time.Since(epoch)
	if len(alarms.busy) >= runtime.GOMAXPROCS(0)/2 {
		for _, a := range alarms.busy {
			if now-a.since > napTime {
				a.ring() // it will wait elsewhere
			}
		}
		return nil
	}
	a := newAlarm()
	if a != nil {
		a.since = now
		alarms.busy = append(alarms.busy, a)
	}
	return a
}

// newAlarm returns an idle alarm, or nil if there are no descriptors left.
func newAlarm() *alarm {
	if n := len(alarms.idle); n > 0 {
		a := alarms.idle[n-1]
		alarms.idle = alarms.idle[:n-1]
		return a
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil
	}
	a := &alarm{r: r, w: w}
	conn, err := r.SyscallConn() // File.Fd would make the pipe block
	if err == nil {
		err = conn.Control(func(fd uintptr) { a.fd = C.int(fd) })
	}
	if err != nil {
		r.Close()
		w.Close()
		return nil
	}
	return a
}

// giveBack is called when nobody can ring the alarm any more, but takeAlarm.
func (a *alarm) giveBack() {
	alarms.mu.Lock()
	defer alarms.mu.Unlock()
	alarms.busy = slices.DeleteFunc(alarms.busy, func(b *alarm) bool { return a == b })
	if a.rung.Load() {
		a.r.Read(make([]byte, 1)) // it is there
		a.rung.Store(false)
	}
	alarms.idle = append(alarms.idle, a)
}

func (a *alarm) ring() {
	if a.rung.CompareAndSwap(false, true) {
		a.w.Write([]byte{0})
	}
}

// nap waits with the thread, if that is likely to be short. It reports whether
// lead has to return; else the network poller has to go on.
func (k *parker) nap(w *waiter, deadline time.Time) bool {
	if !k.short || !k.naps.Load() {
		return false
	}
	if k.crowd.Load() > 0 {
		k.crowd.Add(-1)
		return false
	}
	timeout := C.int(-1)
	if !deadline.IsZero() {
		left := time.Until(deadline)
		if left < napTime || left > time.Hour {
			return false
		}
		timeout = C.int((left + time.Millisecond - 1) / time.Millisecond)
	}
	start := time.Since(epoch)
	if start-k.awoken > napTime {
		runtime.Gosched()
		start = time.Since(epoch)
		k.awoken = start
	}
	a := takeAlarm()
	if a == nil {
		return false
	}
	dry := w.want&^pollChanged == POLLIN && k.dry != nil && k.dry()
	k.mu.Lock()
	k.alarm = a
	over := k.over(w)
	if dry {
		w.parked = true
	}
	k.mu.Unlock()
	signalled := false
	if !over && (dry || !k.round(w, false)) {
		signalled = C.zmq4_nap(C.int(k.fd), a.fd, timeout) != 0
		k.short = time.Since(epoch)-start < napTime
	}
	k.mu.Lock()
	k.alarm = nil
	closed := k.closed
	k.mu.Unlock()
	a.giveBack()
	if closed {
		k.shut()
		return true
	}
	if signalled {
		over = k.alone(w) || k.round(w, true)
	} else {
		k.mu.Lock()
		over = k.over(w) || !deadline.IsZero()
		k.mu.Unlock()
	}
	if k.inRow++; k.inRow == napsInRow {
		k.unregister()
	}
	return over
}

// alone ends the wait of w if nobody else waits: w looks for itself.
func (k *parker) alone(w *waiter) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiters) != 1 || k.waiters[0] != w {
		return false
	}
	k.wakeLocked(everyone, w)
	return true
}

// awake is called after a wait in the network poller.
func (k *parker) awake(start time.Duration) {
	k.awoken = time.Since(epoch)
	k.short = k.awoken-start < napTime
	k.inRow = 0
}

// unregister makes the network poller forget the descriptor. That takes a
// duplicate: if there can be none, it stays.
func (k *parker) unregister() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil || k.closed || k.shared {
		return
	}
	if fd := C.zmq4_dup(C.int(k.fd)); fd >= 0 {
		k.release(k.file, int(fd))
	}
}
