// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A ROUTER with mandatory routing is writable while one of its peers is. A
// send to another one must wait all the same, without using the processor.
func TestRouterWaitsForPeer(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			ctx := newContext(t)
			router, full, idle := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER), newSocket(t, ctx, DEALER)
			must(t, router.SetRouterMandatory(1))
			must(t, router.SetSndhwm(1))
			endpoint := bindOn(t, router, transport)
			for soc, name := range map[*Socket]string{full: "full", idle: "idle"} {
				must(t, soc.SetRcvhwm(1))
				must(t, soc.SetIdentity(name))
				must(t, soc.Connect(endpoint))
				handshake(t, soc, router)
			}
			// A large message, so that little of it is in the buffers of the system.
			large := make([]byte, 1<<20)
			must(t, router.SetSndtimeo(slack(20*time.Millisecond)))
			sent := 0
			for {
				start := time.Now()
				_, err := router.SendMessage("full", large)
				if err == eagain {
					if d := time.Since(start); d < slack(20*time.Millisecond) || d > slack(200*time.Millisecond) {
						t.Errorf("SNDTIMEO of %v took %v", slack(20*time.Millisecond), d)
					}
					break
				}
				must(t, err)
				sent++
			}
			must(t, router.SetSndtimeo(-1))

			var sending sync.WaitGroup
			var through atomic.Int32
			const senders = 4
			last := 0
			eventually(t, fmt.Sprintf("%d sends wait", senders), func() bool {
				// One gets through if the system has moved on after all.
				for ; last < int(through.Load())+senders; last++ {
					sending.Go(func() {
						if _, err := router.SendMessage("full", "last"); err != nil {
							t.Error(err)
						}
						through.Add(1)
					})
				}
				return parked(router) >= senders
			})
			cpu := cpuTime(t)
			meanwhile(200 * time.Millisecond)
			if d := cpuTime(t) - cpu; d > 100*time.Millisecond {
				t.Errorf("%d sends that waited for 200 ms used the processor for %v", senders, d)
			}
			within(t, patience, "exchange with the idle peer", func() {
				for i := range 1000 {
					if _, err := router.SendMessage("idle", fmt.Sprint(i)); err != nil {
						t.Error(err)
						return
					}
					if m, err := idle.RecvMessage(0); err != nil || m[0] != fmt.Sprint(i) {
						t.Error(m, err)
						return
					}
				}
			})
			within(t, patience, "messages to the full peer", func() {
				for i := range sent + last {
					m, err := full.RecvMessageBytes(0)
					if err != nil || len(m) != 1 || i < sent != (len(m[0]) == len(large)) {
						t.Errorf("message %d of %d: %d parts, %v", i, sent+last, len(m), err)
						return
					}
				}
				sending.Wait()
			})

			if _, err := router.SendMessage("nobody", "x"); err != EHOSTUNREACH {
				t.Errorf("to nobody: %v", err)
			}
		})
	}
}
