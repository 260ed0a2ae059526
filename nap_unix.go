// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

// #include "shim.h"
import "C"

import (
	"runtime"
	"syscall"
	"time"
)

// To be woken from the network poller costs two switches of threads: Go's scheduler wakes another
// one each time that a program has been idle. So a leader whose last wait was short waits in poll(2)
// with its own thread, as a C program does: it naps.
//
// A nap keeps a processor of Go's, with the timers that are on it, until Go's monitor notices, which
// can take 20 ms. So few may nap at a time, and an alarm ends each nap after little more than a
// millisecond: the leader then goes on in the network poller.

const (
	// napTime is how long a wait may be so that the next one is a nap.
	napTime = time.Millisecond

	// napsInRow is after how many naps the network poller is told to forget the
	// descriptor: else each signal wakes a thread of its.
	napsInRow = 16
)

// napLimit is how long a nap may last. Tests change it.
var napLimit = 5 * napTime / 4

// A napper lets the leader of a parker wait in a nap. All but alarm is the leader's; that is
// changed with parker.mu held.
type napper struct {
	alarm  *alarm        // of the leader, while it naps
	awoken time.Duration // when Go's scheduler has run others last, since epoch
	inRow  int           // naps since the last wait in the network poller
}

// An alarm ends a nap: after a time, or when somebody rings it. To set the time
// for each nap costs what a nap saves, so that it is only put off when it is near.
type alarm struct {
	c   C.zmq4_alarm
	due time.Duration // when it rings, since epoch
}

// alarms are those that can be used at once. They are kept for ever, and are as
// many as there have been naps at a time.
var alarms struct {
	mu   alarmsLock
	busy int
	idle []*alarm
}

// lone is how many goroutines a program has that has one. Tests change it.
var lone = 1

// nappers returns how many goroutines may nap at a time. One that naps on the only processor keeps all
// others from running.
func nappers() int {
	procs := runtime.GOMAXPROCS(0)
	if procs == 1 && runtime.NumGoroutine() == lone {
		return 1
	}
	return procs / 2
}

// takeAlarm returns an alarm that rings between napTime/4 and napLimit from now,
// but not after the time last. It returns nil if there are enough who nap.
func takeAlarm(now, last time.Duration) *alarm {
	alarms.mu.Lock()
	defer alarms.mu.Unlock()
	if alarms.busy >= nappers() || len(alarms.idle) == 0 && !addAlarm() {
		return nil
	}
	n := len(alarms.idle) - 1
	a := alarms.idle[n]
	alarms.idle = alarms.idle[:n]
	alarms.busy++
	if a.due-now < napTime/4 || a.due > last {
		a.set(now, min(now+napLimit, last))
	}
	return a
}

// addAlarm makes another alarm. It fails if there are no descriptors left.
func addAlarm() bool {
	a := &alarm{}
	syscall.ForkLock.RLock() // for systems where a pipe is not closed on exec from the beginning
	rc := C.zmq4_alarm_new(&a.c)
	syscall.ForkLock.RUnlock()
	if rc < 0 {
		return false
	}
	alarms.idle = append(alarms.idle, a)
	return true
}

// set makes the alarm ring at a time, and not before.
func (a *alarm) set(now, due time.Duration) {
	a.due = due
	C.zmq4_alarm_set(&a.c, C.int64_t(due-now))
}

// nap waits until the descriptor can be read, or the alarm rings, or a signal comes. It
// reports whether the descriptor can be read.
func (a *alarm) nap(fd int) bool { return C.zmq4_nap(C.int(fd), a.c.fd) != 0 }

// ring ends the nap.
func (a *alarm) ring() { a.set(0, 0) }

// giveBack is called when nobody can ring the alarm any more.
func (a *alarm) giveBack() {
	alarms.mu.Lock()
	defer alarms.mu.Unlock()
	alarms.busy--
	alarms.idle = append(alarms.idle, a)
}

// wait waits with the thread, if that is likely to be short. It reports whether
// the wait is over; else the network poller has to go on.
func (n *napper) wait(d *descriptor, w *waiter, deadline time.Time) bool {
	k := d.parker
	if !k.guess.waitIsShort() {
		return false
	}
	a := n.take(deadline)
	if a == nil {
		return false
	}
	dry := w.want&^pollChanged == POLLIN && k.dry != nil && k.dry()
	k.mu.Lock()
	n.alarm = a
	over := k.over(w)
	if dry {
		w.parked = true
	}
	k.mu.Unlock()
	signalled := false
	if !over && (dry || !k.round(w, false)) {
		if runtime.GOMAXPROCS(0) == 1 {
			signalled = a.napAlone(d.fd)
		} else {
			if n.inRow == 0 {
				// The thread was the one that looked after the network poller, and Go starts no
				// other for that while it naps. It does to run a goroutine.
				go func() {}()
			}
			signalled = a.nap(d.fd)
		}
		k.guess.noteNap(signalled)
	}
	k.mu.Lock()
	n.alarm = nil
	closed := k.closed
	k.mu.Unlock()
	a.giveBack()
	if closed {
		d.close()
		return true
	}
	if signalled {
		over = k.round(w, true)
	} else {
		k.mu.Lock()
		over = k.over(w)
		k.mu.Unlock()
	}
	if n.inRow++; n.inRow == napsInRow {
		d.unregister()
	}
	return over
}

// take returns an alarm for a nap that may last until deadline, or nil if there is to be none.
func (n *napper) take(deadline time.Time) *alarm {
	now := time.Since(epoch)
	if now-n.awoken > napTime {
		runtime.Gosched()
		now = time.Since(epoch)
		n.awoken = now
	}
	last := n.awoken + napLimit + napTime/4
	if !deadline.IsZero() {
		left := time.Until(deadline)
		if left < napTime {
			return nil
		}
		last = min(last, now+left)
	}
	return takeAlarm(now, last)
}

// ended is called after a wait in the network poller.
func (n *napper) ended(g *guess, start time.Duration) {
	n.awoken = time.Since(epoch)
	g.short.Store(n.awoken-start < napTime && nappers() > 0)
	n.inRow = 0
}
