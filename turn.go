// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"slices"
	"time"
)

// A turn lets one goroutine at a time wait for a message, or for room, in the parker of a socket. The
// others sleep until it is theirs, so that a signal wakes one of them and not all, and the socket need
// not be looked at for their sake.
//
// Whoever has the turn is waiting in the parker, or about to try. So each signal is seen by it or by
// the next one, which tries as soon as it has the turn.
type turn struct {
	mu    turnLock
	taken bool
	queue []*waiter
	ended uint64 // the last interrupt, by its number
}

// take takes the turn if it is free. Otherwise it returns a waiter in the queue, to be given to wait.
func (t *turn) take(l limit) *waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.taken {
		t.taken = true
		return nil
	}
	w := waiterPool.Get().(*waiter)
	w.ready, w.ended, w.born = false, nil, l.born
	t.queue = append(t.queue, w)
	t.interrupt(w)
	return w
}

// wait returns nil once w has the turn, EAGAIN when the limit is over, ctx.Err() when ctx is done,
// and EINTR when it was interrupted.
func (t *turn) wait(ctx context.Context, w *waiter, l limit) error {
	var expired <-chan time.Time
	if !l.at.IsZero() {
		timer := time.NewTimer(time.Until(l.at))
		defer timer.Stop()
		expired = timer.C
	}
	err := error(eagain)
	select {
	case <-w.ch:
	case <-expired:
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case w.ready:
		err = nil
	case w.ended != nil:
		err = w.ended
	}
	if err != nil {
		t.queue = slices.DeleteFunc(t.queue, func(other *waiter) bool { return other == w })
	}
	select { // the pool wants it as it was
	case <-w.ch:
	default:
	}
	waiterPool.Put(w)
	return err
}

// pass gives the turn to the next one.
func (t *turn) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken = len(t.queue) > 0; t.taken {
		w := t.queue[0]
		t.queue = slices.Delete(t.queue, 0, 1)
		w.ready = true
		w.signal()
	}
}

// cancelBefore ends the waits of calls that began before the interrupt with this number.
func (t *turn) cancelBefore(number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = max(t.ended, number)
	for _, w := range t.queue {
		t.interrupt(w)
	}
}

// interrupt ends the wait of w if its call began before the last interrupt.
func (t *turn) interrupt(w *waiter) {
	if w.born < t.ended {
		w.ended = eintr
		w.signal()
	}
}

// turn returns the turn to wait for one of the events in want, or nil: one that waits for anyEvent
// waits for its own peer.
func (s *socket) turn(want State) *turn {
	switch want {
	case POLLIN:
		return &s.rx.turn
	case POLLOUT:
		return &s.tx.turn
	}
	return nil
}

// queue waits for the turn with the socket unlocked, and locks it again, unless it returns an
// error other than EAGAIN. tried says whether the caller has called libzmq.
func (s *socket) queue(ctx context.Context, t *turn, w *waiter, want State, l limit, tried bool) (mine bool, err error) {
	s.guess.noteCrowd()
	s.suspended++
	if tried {
		s.unlockAfter(0)
	} else {
		s.mu.Unlock()
	}
	waits := s.waits(want)
	start := waits.begin()
	err = t.wait(ctx, w, l)
	waits.end(true, start)
	mine = err == nil
	s.mu.Lock()
	s.resume()
	if s.c == nil {
		err = ErrorSocketClosed
	}
	if err != nil && err != eagain {
		s.mu.Unlock()
		return mine, err
	}
	s.guess.uses++
	return mine, err
}
