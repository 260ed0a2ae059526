// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// A call that waits when Close begins still receives a message that is there then.
func TestCloseReceives(t *testing.T) {
	receive := func(soc *Socket) (string, error) {
		msg, err := soc.RecvMessage(0)
		if err != nil {
			return "", err
		}
		return msg[len(msg)-1], nil
	}
	ahead := func(soc *Socket) (string, error) {
		if err := soc.SetReceiveAhead(8); err != nil {
			return "", err
		}
		return receive(soc)
	}
	tests := []struct {
		name      string
		typ, peer Type
		receive   func(*Socket) (string, error)
		waiters   int
		messages  int
	}{
		{"REQ", REQ, REP, receive, 1, 1},
		{"REP", REP, REQ, receive, 1, 1},
		{"PULL", PULL, PUSH, receive, 1, 1},
		{"SUB", SUB, XPUB, receive, 1, 1},
		{"XSUB", XSUB, XPUB, receive, 1, 1},
		{"XPUB", XPUB, XSUB, receive, 1, 1},
		{"DEALER", DEALER, DEALER, receive, 1, 1},
		{"ROUTER", ROUTER, DEALER, receive, 1, 1},
		{"PAIR", PAIR, PAIR, receive, 1, 1},
		{"RecvBytes", PULL, PUSH, func(soc *Socket) (string, error) { b, err := soc.RecvBytes(0); return string(b), err }, 1, 1},
		{"RecvMsg", PULL, PUSH, func(soc *Socket) (string, error) {
			m := &Msg{}
			defer m.Close()
			_, err := soc.RecvMsg(m, 0)
			return string(m.Bytes()), err
		}, 1, 1},
		{"RecvContext", PULL, PUSH, func(soc *Socket) (string, error) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			return soc.RecvContext(ctx, 0)
		}, 1, 1},
		{"RecvBatch", PULL, PUSH, func(soc *Socket) (string, error) {
			var b Batch
			_, err := soc.RecvBatch(context.Background(), &b, 1)
			for _, msg := range b.All() {
				return string(msg.Part(0)), err
			}
			return "", err
		}, 1, 1},
		{"more waiters", PULL, PUSH, receive, 6, 3},
		{"more messages", PULL, PUSH, receive, 3, 6},
		{"ahead", DEALER, DEALER, ahead, 3, 3},
	}
	for _, tt := range tests {
		for _, transport := range transports {
			t.Run(tt.name+"/"+transport, func(t *testing.T) {
				soc, peer := socketPair(t, transport, tt.typ, tt.peer)
				content := "here"
				switch tt.typ {
				case REQ:
					send(t, soc, "question")
					expect(t, peer, "question")
				case SUB:
					must(t, soc.SetSubscribe(""))
					must(t, subscribed(soc, peer))
				case XSUB:
					send(t, soc, "\x01")
					must(t, subscribed(soc, peer))
				case XPUB:
					content = "\x01topic"
				}
				var received, closed int
				var mu sync.Mutex
				var all sync.WaitGroup
				for range tt.waiters {
					all.Go(func() {
						msg, err := tt.receive(soc)
						mu.Lock()
						defer mu.Unlock()
						switch {
						case err == nil && msg == content:
							received++
						case AsErrno(err) == 0 && err != nil:
							closed++
						default:
							t.Errorf("%q, %v", msg, err)
						}
					})
				}
				waitParked(t, soc, tt.waiters)
				soc.s.mu.Lock() // nobody receives
				for range tt.messages {
					send(t, peer, content)
				}
				eventually(t, "a message is there", func() bool { return soc.s.events()&POLLIN != 0 })
				soc.s.mu.Unlock()
				within(t, patience, "Close", func() { must(t, soc.Close()) })
				within(t, patience, "all receives", all.Wait)
				if received == 0 || transport == "inproc" && received != min(tt.waiters, tt.messages) || received+closed != tt.waiters {
					t.Errorf("%d received and %d were closed", received, closed)
				}
			})
		}
	}
}

// Several calls of Close, of calls that wait and of those that come later do not hold up each other.
func TestCloseTogether(t *testing.T) {
	for range 20 {
		soc, peer := socketPair(t, "inproc", PULL, PUSH)
		var all sync.WaitGroup
		var received atomic.Int32
		for range 4 {
			all.Go(func() {
				for ; ; received.Add(1) {
					if _, err := soc.Recv(0); err != nil {
						if err != ErrorSocketClosed {
							t.Error(err)
						}
						return
					}
				}
			})
			all.Go(func() {
				for {
					if _, err := peer.SendMessage("x"); err != nil {
						if err != ErrorSocketClosed {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		eventually(t, "messages", func() bool { return received.Load() > 0 })
		for range 3 {
			all.Go(func() {
				if err := cmp.Or(soc.Close(), peer.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		within(t, patience, "all calls", all.Wait)
		if _, err := soc.Recv(0); err != ErrorSocketClosed {
			t.Error(err)
		}
	}
}
