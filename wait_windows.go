// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import "time"

// slice is how long a leader sleeps before it looks again. Go's network
// poller on Windows knows completions only, not readiness.
const slice = time.Millisecond

// A descriptor looks again and again. All but lead is called with parker.mu held.
type descriptor struct{ ready bool }

func (k *parker) open(int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.descriptor.ready = true
	return nil
}

func (k *parker) opened() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.descriptor.ready
}

func (k *parker) shut() {}

func (k *parker) interrupt() { k.leader.signal() }

// lead waits until round returns true, or the deadline is over, or interrupt.
func (k *parker) lead(w *waiter, deadline time.Time) {
	for signalled := false; !k.round(w, signalled); signalled = true {
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
