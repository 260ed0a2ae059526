// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"sync/atomic"
)

// ticket is how many messages a goroutine sends or receives before it asks for more: few, so that
// all goroutines work until the end.
const ticket = 16

// tickets shares a number of messages among goroutines.
type tickets struct {
	total int
	taken atomic.Int64
}

// take returns how many messages to move, and how many were given away before. n is 0 at the end.
func (t *tickets) take() (before, n int) {
	before = int(t.taken.Add(ticket)) - ticket
	return before, max(min(t.total-before, ticket), 0)
}

// shared sends by many goroutines on one socket, and receives by many on another. On a PAIR that sends
// another goroutine waits to receive.
func (w *worker) shared() error {
	s, peer, err := w.both(true)
	if err != nil {
		return err
	}
	if w.peer == "PAIR" {
		go peer.receive(message{w.parts, w.size}, 1)
	}
	failed := make(chan error, w.senders+w.receivers)
	toSend, toReceive := &tickets{total: w.warmup + w.count}, &tickets{total: w.warmup + w.count}
	for range w.senders {
		go func() {
			payload := w.payload()
			failed <- toSend.each(func(_, n int) error { return peer.send(payload, n) })
		}()
	}
	for range w.receivers {
		go func() {
			failed <- toReceive.each(func(before, n int) error {
				if before <= w.warmup && w.warmup < before+n {
					w.from = takeMark()
				}
				return s.receive(message{w.parts, w.size}, n)
			})
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			return err
		}
	}
	w.result(w.from, takeMark())
	return nil
}

// each calls f with one ticket after the other.
func (t *tickets) each(f func(before, n int) error) error {
	for {
		before, n := t.take()
		if n == 0 {
			return nil
		}
		if err := f(before, n); err != nil {
			return err
		}
	}
}

// serve answers requests until the measurement is over.
func (w *worker) serve() error {
	w.bind = true
	s, err := w.attach()
	if err != nil {
		return err
	}
	w.measureUntilLine()
	if err := w.library.serve(s, w.senders); err != nil {
		return err
	}
	return errors.New("the server ended")
}
