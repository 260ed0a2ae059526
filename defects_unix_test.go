// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"path/filepath"
	"testing"
	"time"
)

// A signal does not end Term half-way, while it waits for what is unsent.
func TestTermSignals(t *testing.T) {
	// Defects 21 and 34.
	sendSignals(t)
	ctx := newContext(t)
	ctx.SetRetryAfterEINTR(false)
	soc := bareSocket(t, ctx, PUSH)
	const linger = 200 * time.Millisecond
	must(t, soc.SetLinger(linger))
	must(t, soc.Connect("ipc://"+filepath.Join(t.TempDir(), "nobody")))
	_, err := soc.Send("x", 0)
	must(t, err)
	start := time.Now()
	must(t, soc.Close())
	for range 2 { // the second one finds that all is done
		within(t, patience, "Term", func() {
			if err := ctx.Term(); err != nil {
				t.Error(err)
			}
		})
	}
	if took := time.Since(start); took < linger/2 {
		t.Errorf("Term did not wait for the linger time: %v", took)
	}
	if _, err := ctx.NewSocket(PULL); err != ErrorContextClosed {
		t.Error(err)
	}
}

// A signal neither ends a poll nor makes it start again.
func TestPollSignals(t *testing.T) {
	// Defects 50 and 51.
	sendSignals(t)
	x, _ := socketPair(t, "inproc", PULL, PUSH)
	p := NewPoller()
	p.Add(x, POLLIN)
	for _, d := range []time.Duration{500 * time.Microsecond, 60 * time.Millisecond} {
		timeouts(t, d, func() error {
			if polled, err := p.Poll(d); len(polled) > 0 || err != nil {
				return err
			}
			return eagain
		})
	}
}
