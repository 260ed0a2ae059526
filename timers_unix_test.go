// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// late returns how late nine of ten timers of the program are, while send is called at each.
func late(t *testing.T, wait func(time.Duration), send func()) time.Duration {
	const period, timers = time.Millisecond, 100
	all := make([]time.Duration, timers)
	for i := range all {
		start := time.Now()
		wait(period)
		all[i] = time.Since(start) - period
		send()
	}
	slices.Sort(all)
	return all[timers*9/10]
}

// Goroutines that wait for messages do not make the timers of the program late.
func TestTimersBesideWaits(t *testing.T) {
	receive := func(t *testing.T, soc *Socket) {
		for {
			if _, err := soc.RecvBytes(0); err != nil {
				return
			}
		}
	}
	waiters := []struct {
		name string
		typ  Type
		run  func(t *testing.T, soc *Socket) // until soc is closed
	}{
		{"receive", PULL, receive},
		{"poll", PULL, func(t *testing.T, soc *Socket) {
			p := NewPoller()
			p.Add(soc, POLLIN)
			for {
				if _, err := p.Poll(-1); err != nil {
					return
				}
				soc.RecvBytes(DONTWAIT)
			}
		}},
		{"proxy", PULL, func(t *testing.T, soc *Socket) {
			out, in := socketPair(t, "tcp", PUSH, PULL)
			done := make(chan struct{})
			go func() {
				defer close(done)
				receive(t, in)
			}()
			Proxy(soc, out, nil)
			must(t, in.Close())
			<-done
		}},
		{"reply", REP, func(t *testing.T, soc *Socket) {
			for {
				msg, err := soc.RecvBytes(0)
				if err != nil {
					return
				}
				soc.SendBytes(msg, 0)
			}
		}},
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	kinds := map[string]func(time.Duration){
		"Ticker": func(time.Duration) { <-tick.C },
		"After":  func(d time.Duration) { <-time.After(d) },
		"AfterFunc": func(d time.Duration) {
			done := make(chan struct{})
			time.AfterFunc(d, func() { close(done) })
			<-done
		},
	}
	peers := map[Type]Type{PULL: PUSH, REP: REQ}
	for _, tt := range waiters {
		t.Run(tt.name, func(t *testing.T) {
			if old := runtime.GOMAXPROCS(0); old < 2 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
			}
			soc, peer := socketPair(t, "tcp", tt.typ, peers[tt.typ])
			done := make(chan struct{})
			go func() {
				defer close(done)
				tt.run(t, soc)
			}()
			defer func() {
				must(t, soc.Close())
				within(t, patience, "the waiter ends", func() { <-done })
			}()
			burst := func() {
				for range 10 {
					send(t, peer, "here")
					if tt.typ == REP {
						expect(t, peer, "here")
					}
				}
			}
			for kind, wait := range kinds {
				var alone, beside time.Duration
				for range 5 { // the machine may be busy with other things
					alone, beside = late(t, wait, func() {}), late(t, wait, burst)
					if beside < alone+slack(2*time.Millisecond) {
						break
					}
				}
				t.Logf("%s: %v, alone %v", kind, beside, alone)
				if beside >= alone+slack(2*time.Millisecond) {
					t.Errorf("%s: %v late, and %v where nobody waits", kind, beside, alone)
				}
			}
		})
	}
}
