// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// TestManySubscriptions makes more subscriptions than libzmq queues messages.
func TestManySubscriptions(t *testing.T) {
	const n = 5000
	for _, transport := range transports {
		for _, typ := range []Type{SUB, XSUB} {
			for _, when := range []string{"before", "after", "bound"} {
				t.Run(fmt.Sprint(transport, "/", typ, "/", when), func(t *testing.T) {
					ctx := newContext(t)
					pub, sub := newSocket(t, ctx, XPUB), newSocket(t, ctx, typ)
					must(t, pub.SetRcvtimeo(patience))
					if typ == SUB {
						must(t, sub.SetSndhwm(10)) // is not for subscriptions
					}
					if when == "bound" {
						must(t, pub.Connect(bindOn(t, sub, transport)))
					}
					endpoint := ""
					if when != "bound" {
						endpoint = bindOn(t, pub, transport)
					}
					if when == "after" {
						must(t, sub.Connect(endpoint))
					}
					subscribeTo(t, sub, n)
					switch when {
					case "before":
						must(t, sub.Connect(endpoint))
					case "bound": // it learns of the publisher when it is used
						must(t, sub.SetRcvtimeo(0))
						eventually(t, "a subscription", func() bool {
							sub.Recv(0)
							ev, err := pub.GetEvents()
							return err == nil && ev&POLLIN != 0
						})
					}
					wantSubscriptions(t, pub, n)
				})
			}
		}
	}
}

// TestManySubscriptionsReconnect has the subscriptions made again by libzmq.
func TestManySubscriptionsReconnect(t *testing.T) {
	const n = 5000
	for _, transport := range []string{"ipc", "tcp"} {
		for _, typ := range []Type{SUB, XSUB} {
			t.Run(fmt.Sprint(transport, "/", typ), func(t *testing.T) {
				ctx := newContext(t)
				pub, sub := newSocket(t, ctx, XPUB), newSocket(t, ctx, typ)
				endpoint := bindOn(t, pub, transport)
				must(t, sub.SetReconnectIvl(1e6))
				must(t, sub.Connect(endpoint))
				subscribeTo(t, sub, n)
				for i := range 2 {
					must(t, pub.SetRcvtimeo(patience))
					wantSubscriptions(t, pub, n)
					if i == 0 {
						must(t, pub.Close())
						pub = newSocket(t, ctx, XPUB)
						eventually(t, "bound again", func() bool { return pub.Bind(endpoint) == nil })
						must(t, sub.SetRcvtimeo(0))
						eventually(t, "connected again", func() bool {
							sub.Recv(0) // which has libzmq make the subscriptions
							ev, err := pub.GetEvents()
							return err == nil && ev&POLLIN != 0
						})
					}
				}
			})
		}
	}
}

func subscribeTo(t *testing.T, sub *Socket, n int) {
	typ, err := sub.GetType()
	must(t, err)
	for i := range n {
		filter := string(binary.BigEndian.AppendUint32(nil, uint32(i)))
		if typ == SUB {
			must(t, sub.SetSubscribe(filter))
		} else {
			_, err := sub.Send("\x01"+filter, 0)
			must(t, err)
		}
	}
}

func wantSubscriptions(t *testing.T, pub *Socket, n int) {
	t.Helper()
	seen := make(map[string]bool)
	for len(seen) < n {
		msg, err := pub.Recv(0)
		if err != nil {
			t.Fatalf("%d of %d subscriptions, then %v", len(seen), n, err)
		}
		seen[msg] = true
	}
}

// TestSubscriberSndhwm checks that the high-water mark of a subscriber is what it is with libzmq.
func TestSubscriberSndhwm(t *testing.T) {
	for _, typ := range []Type{SUB, XSUB, PUB} {
		sub := newSocket(t, newContext(t), typ)
		for _, want := range []int{1000, 5, 0, 1000} {
			if got, err := sub.GetSndhwm(); err != nil || got != want {
				t.Errorf("%v: %d, %v; want %d", typ, got, err, want)
			}
			if want == 1000 {
				must(t, sub.SetSndhwm(5))
			} else if want == 5 {
				must(t, sub.SetSndhwm(0))
			} else {
				must(t, sub.SetSndhwm(1000))
			}
		}
	}
}
