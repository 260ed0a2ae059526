// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"runtime"
	"testing"
)

// What a message costs in allocations: nothing but what is handed out.
func TestAllocations(t *testing.T) {
	if raceEnabled || asanEnabled {
		t.Skip("these builds allocate more")
	}
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	small, text := make([]byte, 64), "a string"
	parts := [][]byte{small, small[:5], small[:20]}
	args := []any{small, text, parts} // the caller's own
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	drain := func() {
		for {
			if _, err := pull.RecvMessageBytes(DONTWAIT); err != nil {
				return
			}
		}
	}
	const runs = 200 // fewer than the high-water marks
	sends := map[string]func(){
		"Send":           func() { _, err := push.Send(text, 0); check(err) },
		"SendBytes":      func() { _, err := push.SendBytes(small, 0); check(err) },
		"SendMessage":    func() { _, err := push.SendMessage(args...); check(err) },
		"SendBytes full": func() { push.SendBytes(small, DONTWAIT) },
	}
	for name, send := range sends {
		t.Run(name, func(t *testing.T) {
			send()
			if n := testing.AllocsPerRun(runs, send); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
			drain()
		})
	}
	receives := []struct {
		name   string
		allocs float64
		recv   func() error
	}{
		{"Recv", 1, func() error { _, err := pull.Recv(0); return err }},
		{"RecvBytes", 1, func() error { _, err := pull.RecvBytes(0); return err }},
		{"RecvMessage", 2, func() error { _, err := pull.RecvMessage(0); return err }},
		{"RecvMessageBytes", 2, func() error { _, err := pull.RecvMessageBytes(0); return err }},
	}
	for _, r := range receives {
		whole := r.allocs == 2
		send := func() {
			if whole {
				_, err := push.SendMessage(args...)
				check(err)
			} else {
				_, err := push.SendBytes(small, 0)
				check(err)
			}
		}
		t.Run(r.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(runs, func() { send(); check(r.recv()) }); n != r.allocs {
				t.Errorf("%v allocations, want %v", n, r.allocs)
			}
		})
		t.Run(r.name+" waiting", func(t *testing.T) {
			// Another goroutine receives, and always has to wait.
			next, done := make(chan bool), make(chan error)
			go func() {
				for range next {
					done <- r.recv()
				}
			}()
			defer close(next)
			n := testing.AllocsPerRun(runs, func() {
				next <- true
				for parked(pull) == 0 {
					runtime.Gosched()
				}
				send()
				check(<-done)
			})
			if n != r.allocs {
				t.Errorf("%v allocations, want %v", n, r.allocs)
			}
		})
	}
}
