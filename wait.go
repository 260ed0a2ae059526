// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// anyEvent is what a waiter asks for that cannot tell from ZMQ_EVENTS whether
// to try again, and is woken by whatever happens.
const anyEvent State = 1 << 30

// everyone is an event that ends all waits: the socket is closed or its
// context terminated.
const everyone State = 1 << 29

// interrupts counts the calls of SetRetryAfterEINTR that end others.
var interrupts atomic.Uint64

// An interruptibleContext is that of calls that are not given one: SetRetryAfterEINTR ends those that
// began before it. A call that has no number begins when it first waits.
type interruptibleContext struct {
	context.Context
	numbered bool
	born     uint64 // interrupts when it began
}

var interruptible context.Context = interruptibleContext{Context: context.Background()}

// begin makes interruptible the context of one call that consists of many.
func begin(ctx context.Context) context.Context {
	if ctx == interruptible {
		return interruptibleContext{ctx, true, interrupts.Load()}
	}
	return ctx
}

// A limit says when a wait is over. The zero value of at is never.
type limit struct {
	at   time.Time
	born uint64 // interrupts when the call began, or the highest number if they do not end it
}

// limitOf returns the limit of a call with a timeout, which starts now.
func limitOf(ctx context.Context, timeout time.Duration) limit {
	l := limit{deadline(timeout), math.MaxUint64}
	if i, ok := ctx.(interruptibleContext); ok {
		if l.born = i.born; !i.numbered {
			l.born = interrupts.Load()
		}
	}
	return l
}

// sooner returns the limit, or one that is after d from now if that is earlier.
func (l limit) sooner(d time.Duration) limit {
	if next := time.Now().Add(d); l.at.IsZero() || next.Before(l.at) {
		l.at = next
	}
	return l
}

// A parker lets any number of goroutines wait for events behind one file
// descriptor, without a thread.
//
// Only one goroutine can wait for a descriptor in Go's network poller. That
// one is the leader; it wakes the others, and the next one becomes leader when
// it goes. The leader stays in one wait for as long as nothing ends it, since
// each new wait forgets what has been signalled before: therefore scan runs
// once the new wait has been armed, and after each signal while others wait.
type parker struct {
	n     atomic.Int32 // len(waiters)
	guess *guess

	// scan returns the events that are there now. signalled is false when it
	// runs because a wait begins, and true when the descriptor was signalled.
	scan func(signalled bool) State

	// dry, if there is one, reports whether no scan can find POLLIN now: the
	// descriptor will be signalled first. See guess.empty.
	dry func() bool

	mu      parkerLock
	waiters []*waiter
	leader  *waiter // one of waiters, or one that is ready but has not left yet
	closed  bool
	ended   uint64 // the last interrupt, by its number

	desc descriptor // how the leader waits
}

// init makes a parker ready.
func (k *parker) init(scan func(signalled bool) State, g *guess) {
	k.scan, k.guess, k.desc.parker = scan, g, k
}

// A waiter is one goroutine that waits. parker.mu guards it.
type waiter struct {
	want   State
	ready  bool          // what it wants is there: it is no longer in waiters
	parked bool          // it had to wait
	ended  error         // why it has to stop, if what it wants is not there
	born   uint64        // see limit
	ch     chan struct{} // signalled when ready or ended is set, or when it has to lead
}

var waiterPool = sync.Pool{New: func() any { return &waiter{ch: make(chan struct{}, 1)} }}

// waiting reports whether anybody waits.
func (k *parker) waiting() bool { return k.n.Load() != 0 }

// wait returns nil once one of the events in want may be there or the parker
// is closed, EAGAIN when the limit is over, ctx.Err() when ctx is done, and EINTR
// when it was interrupted. parked says whether it really had to wait.
func (k *parker) wait(ctx context.Context, want State, l limit) (parked bool, err error) {
	return k.waitUnlocking(ctx, want, l, nil)
}

// waitUnlocking is wait that unlocks a lock, if it is given one, as soon as wake can
// end the wait.
func (k *parker) waitUnlocking(ctx context.Context, want State, l limit, lock *pollerLock) (parked bool, err error) {
	w := waiterPool.Get().(*waiter)
	w.want, w.ready, w.parked, w.ended, w.born = want, false, false, nil, l.born
	stop := alwaysStopped
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { k.cancel(w, ctx.Err()) })
	}

	k.mu.Lock()
	if w.born < k.ended {
		w.ended = eintr
	}
	k.waiters = append(k.waiters, w)
	k.n.Store(int32(len(k.waiters)))
	if lock != nil {
		lock.Unlock()
	}
	if k.leader == nil {
		k.leader = w
	} else {
		// The leader may be parked already: look for what came before w did.
		k.mu.Unlock()
		ev := k.scan(false)
		k.mu.Lock()
		k.wakeLocked(ev, w)
		w.parked = !k.over(w)
	}
	for expired := false; !k.over(w) && !expired; {
		if k.leader == w {
			k.mu.Unlock()
			k.desc.wait(w, l.at)
			k.mu.Lock()
		} else {
			k.mu.Unlock()
			w.sleep(l.at)
			k.mu.Lock()
		}
		expired = !l.at.IsZero() && !time.Now().Before(l.at)
	}
	switch {
	case w.ready || k.closed:
	case w.ended != nil:
		err = w.ended
	default:
		err = eagain
	}
	parked = w.parked
	k.leave(w)
	k.mu.Unlock()
	if stop() {
		waiterPool.Put(w) // else cancel has it, or may get it yet
	}
	return parked, err
}

func alwaysStopped() bool { return true }

// cancel ends the wait of w.
func (k *parker) cancel(w *waiter, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cancelLocked(w, err)
}

func (k *parker) cancelLocked(w *waiter, err error) {
	w.ended = err
	if k.leader == w {
		k.desc.interrupt()
	}
	w.signal()
}

// cancelBefore ends the waits of calls that began before the interrupt with this number.
func (k *parker) cancelBefore(number uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = max(k.ended, number)
	for _, w := range k.waiters {
		if w.born < number {
			k.cancelLocked(w, eintr)
		}
	}
}

// interrupted returns the number of the last interrupt, or 0.
func (k *parker) interrupted() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ended
}

// leave forgets w and makes another waiter the leader if w was it.
func (k *parker) leave(w *waiter) {
	if !w.ready {
		for i, other := range k.waiters {
			if other == w {
				k.waiters = append(k.waiters[:i], k.waiters[i+1:]...)
				break
			}
		}
		k.n.Store(int32(len(k.waiters)))
	}
	if k.leader == w {
		k.leader = nil
		if len(k.waiters) > 0 {
			k.leader = k.waiters[0]
			k.leader.signal()
		}
	}
	select { // the pool wants it as it was
	case <-w.ch:
	default:
	}
}

// round is what the leader does each time that it has armed its wait or was
// signalled. It reports whether to stop waiting. A leader that waits alone stops
// at each signal, and looks for itself.
func (k *parker) round(w *waiter, signalled bool) bool {
	if signalled && k.alone(w) {
		return true
	}
	ev := k.scan(signalled)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wakeLocked(ev, w)
	if k.over(w) {
		return true
	}
	w.parked = true
	return false
}

// alone ends the wait of w if nobody else waits. One that wants no event waits for the sake of scan.
func (k *parker) alone(w *waiter) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiters) != 1 || k.waiters[0] != w || w.want == 0 {
		return false
	}
	k.wakeLocked(everyone, w)
	return true
}

// over reports whether w has nothing more to wait for.
func (k *parker) over(w *waiter) bool { return w.ready || k.closed || w.ended != nil }

// wake ends the wait of those that want one of the events.
func (k *parker) wake(ev State) {
	k.mu.Lock()
	k.wakeLocked(ev, nil)
	k.mu.Unlock()
}

// wakeLocked is wake with k.mu held, called by the goroutine of the waiter self.
func (k *parker) wakeLocked(ev State, self *waiter) {
	if ev == 0 || len(k.waiters) == 0 {
		return
	}
	rest := k.waiters[:0]
	for _, w := range k.waiters {
		if (w.want|everyone)&ev == 0 {
			rest = append(rest, w)
			continue
		}
		// One message is for one receiver. Each operation looks again
		// before it ends, so that the next waiter gets the next message.
		ev &^= w.want & (POLLIN | POLLOUT)
		w.ready = true
		if w == self {
			continue
		}
		if w == k.leader {
			k.desc.interrupt()
		}
		w.signal()
	}
	clear(k.waiters[len(rest):])
	k.waiters = rest
	k.n.Store(int32(len(rest)))
}

// close ends all waits, for ever. No lock that scan takes may be held.
func (k *parker) close() {
	k.mu.Lock()
	k.closed = true
	if k.leader != nil {
		k.desc.interrupt()
	}
	for _, w := range k.waiters {
		w.signal()
	}
	k.mu.Unlock()
	k.desc.close()
}

func (w *waiter) signal() {
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

// sleep waits to be signalled.
func (w *waiter) sleep(deadline time.Time) {
	if deadline.IsZero() {
		<-w.ch
		return
	}
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case <-w.ch:
	case <-t.C:
	}
}

// again waits and tries by turns until try is done or wait returns an error. EAGAIN from wait
// says that the time is over: then try is called once more. Each call that can wait comes here.
func again(ctx context.Context, timeout time.Duration, wait func(l limit) error, try func() (done bool)) error {
	l := limitOf(ctx, timeout)
	for {
		err := wait(l)
		if err != nil && err != eagain {
			return err
		}
		if try() || err != nil {
			return nil
		}
	}
}

// deadline is when a timeout that starts now is over. A negative one has no
// limit, which is the zero time. An option that changes while a call waits is
// for the calls after it.
func deadline(timeout time.Duration) time.Time {
	if timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// retryAny is how long a send waits for a signal that may not come.
const retryAny = 5 * time.Millisecond

// await gives the socket away until one of the events in *want may be there, and calls try with the
// socket locked again, until that returns something else than EAGAIN or the time is over. It returns
// what try did, with the socket locked, or an error, with the socket unlocked. tried says whether the
// caller has tried already.
func (s *socket) await(ctx context.Context, want *State, tried bool, timeout time.Duration, try func(parked bool) C.int) (rc C.int, err error) {
	var parked bool
	var mine *turn
	err = again(ctx, timeout, func(l limit) (err error) {
		t := s.turn(*want)
		if mine != nil && mine != t {
			mine.pass()
			mine = nil
		}
		if mine == nil && t != nil && s.closing == nil {
			if w := t.take(l); w != nil {
				parked = false
				var got bool
				if got, err = s.queue(ctx, t, w, *want, l, tried); got {
					mine = t
				}
				return err
			}
			mine = t
			s.guess.noteTurn(*want)
		}
		until := l
		if *want == anyEvent {
			until = l.sooner(retryAny) // what would wake it may have been taken by another sender's try
		}
		if parked, err = s.suspend(ctx, *want, until); err != nil && err != eagain {
			return err
		}
		if _, closed := s.lock(); closed != nil {
			return closed
		}
		s.resume()
		if until != l {
			return nil
		}
		return err
	}, func() bool {
		rc, tried = try(parked), true
		return rc != -C.EAGAIN
	})
	if mine != nil {
		mine.pass()
	}
	return rc, err
}

// wait parks the goroutine until one of the events in want may be there, or
// the socket is closed. Else it returns the error of parker.wait.
func (s *socket) wait(ctx context.Context, want State, l limit) (parked bool, err error) {
	if !s.park.desc.opened() {
		if err := s.openPark(); err != nil {
			return false, err
		}
	}
	w := s.waits(want)
	start := w.begin()
	parked, err = s.park.wait(ctx, want, l)
	w.end(parked, start)
	return parked, err
}

// suspend unlocks the socket and waits. Unless there is an error other than EAGAIN, the caller has to
// lock the socket again, and call resume.
func (s *socket) suspend(ctx context.Context, want State, l limit) (parked bool, err error) {
	if s.closing != nil {
		s.unlockAfter(0)
		return false, ErrorSocketClosed
	}
	s.suspended++
	s.guess.noteWait(s.moved())
	s.unlockAfter(0)
	parked, err = s.wait(ctx, want, l)
	if err != nil && err != eagain {
		s.mu.Lock()
		s.resume()
		s.mu.Unlock()
	}
	return parked, err
}

// moved returns how many messages have gone in and out.
func (s *socket) moved() uint64 { return uint64(s.c.received.messages + s.c.sent.messages) }

// resume undoes what suspend has counted, with the socket locked.
func (s *socket) resume() {
	s.suspended--
	if s.closing != nil && s.suspended == 0 {
		s.closing.Broadcast()
	}
}

// hurry lets calls that wait receive what is there before the socket is closed. They have begun
// before, and nobody else can receive it after that. The socket is locked, but not all the time.
func (s *socket) hurry() {
	if s.closing == nil {
		if s.suspended == 0 || s.events()&(POLLIN|everyone) != POLLIN {
			return
		}
		s.closing = sync.NewCond(&s.mu)
		s.park.wake(everyone)
	}
	for s.c != nil && s.suspended > 0 {
		s.closing.Wait()
	}
}

func (s *socket) openPark() error {
	if _, err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.openLockedPark()
}

func (s *socket) openLockedPark() error {
	if s.park.desc.opened() {
		return nil
	}
	fd := C.zmq4_fd(s.h())
	if fd < 0 {
		return check(fd)
	}
	return s.park.desc.open(int(fd))
}

// isEmpty is what the parker asks before a nap.
func (s *socket) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.guess.empty() && (s.c == nil || s.c.in_next == s.c.in_len)
}
