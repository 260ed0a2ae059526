// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sendSignals sends this process signals until the test ends.
func sendSignals(t *testing.T) {
	t.Helper()
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGURG)
	stop := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-c:
			case <-tick.C:
				syscall.Kill(syscall.Getpid(), []syscall.Signal{syscall.SIGUSR1, syscall.SIGURG}[i%2])
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		sending.Wait()
		signal.Stop(c)
	})
}

// Signals neither surface as EINTR nor start a timeout again.
func TestSignals(t *testing.T) {
	sendSignals(t)
	t.Run("timeouts", testTimeouts)
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			a, b := socketPair(t, transport, DEALER, DEALER)
			const n = 3000
			var working sync.WaitGroup
			for _, soc := range []*Socket{a, b} {
				working.Go(func() {
					for range n {
						if _, err := soc.SendMessage("a", "b"); err != nil {
							t.Error("send:", err)
							return
						}
					}
				})
				working.Go(func() {
					for range n {
						if _, err := soc.RecvMessage(0); err != nil {
							t.Error("receive:", err)
							return
						}
						if _, err := soc.GetEvents(); err != nil {
							t.Error("events:", err)
						}
					}
				})
			}
			within(t, 2*patience, "exchange", working.Wait)
		})
	}
}

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
