// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import "time"

// slice is how long a leader sleeps before it looks again. Go's network
// poller on Windows knows completions only, not readiness.
const slice = time.Millisecond

// A descriptor looks again and again. parker.mu guards ready.
type descriptor struct {
	parker *parker
	ready  bool
}

func (d *descriptor) open(int) error {
	d.parker.mu.Lock()
	defer d.parker.mu.Unlock()
	d.ready = true
	return nil
}

func (d *descriptor) opened() bool {
	d.parker.mu.Lock()
	defer d.parker.mu.Unlock()
	return d.ready
}

func (d *descriptor) close() {}

func (d *descriptor) interrupt() { d.parker.leader.signal() }

// wait waits until parker.round returns true, or the deadline is over, or interrupt.
func (d *descriptor) wait(w *waiter, deadline time.Time) {
	for signalled := false; !d.parker.round(w, signalled); signalled = true {
		end := time.Now().Add(slice)
		if !deadline.IsZero() {
			if !time.Now().Before(deadline) {
				return
			}
			if deadline.Before(end) {
				end = deadline
			}
		}
		w.sleep(end)
	}
}

// wakePipe is not needed: NewMsgBytes copies.
func wakePipe() (wait func(), fd int, err error) { return nil, 0, ErrorNotImplementedWindows }
