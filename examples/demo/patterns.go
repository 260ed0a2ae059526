// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed45097122/zmq4"
)

// Numbers that tell other messages from the first, second, third ... one.
const (
	reply  = 1 << 40 // the answer to a message has its number plus this
	marker = 1 << 41 // sent until somebody listens
)

// sendAll sends the messages from first to first+n-1, each behind the parts
// of a head.
func (x *exchange) sendAll(soc *zmq4.Socket, first int, head ...string) error {
	var buf []byte
	for i := first; i < first+x.n; i++ {
		buf = x.message(buf, i)
		if _, err := soc.SendMessage(head, buf); err != nil {
			return fmt.Errorf("send %d: %w", i, err)
		}
	}
	return nil
}

// receive receives a message of so many parts, and checks that the last one
// is message number i. It returns the first part.
func (x *exchange) receive(soc *zmq4.Socket, i, parts int) (head []byte, err error) {
	msg, err := soc.RecvMessageBytes(0)
	if err != nil {
		return nil, fmt.Errorf("receive %d: %w", i, err)
	}
	if len(msg) != parts {
		return nil, fmt.Errorf("message %d has %d parts, not %d", i, len(msg), parts)
	}
	return msg[0], x.check(msg[parts-1], i)
}

// receiveAll receives the messages from first to first+n-1.
func (x *exchange) receiveAll(soc *zmq4.Socket, first, parts int) error {
	for i := first; i < first+x.n; i++ {
		if _, err := x.receive(soc, i, parts); err != nil {
			return err
		}
	}
	return nil
}

// reqRep asks and answers in turn.
func reqRep(x *exchange) error {
	rep, req, err := x.pair(zmq4.REP, zmq4.REQ)
	if err != nil {
		return err
	}
	x.begin(func() error {
		var buf []byte
		for i := range x.n {
			if _, err := x.receive(rep, i, 1); err != nil {
				return err
			}
			buf = x.message(buf, reply+i)
			if _, err := rep.SendBytes(buf, 0); err != nil {
				return err
			}
		}
		return nil
	})
	x.begin(func() error {
		var buf []byte
		for i := range x.n {
			buf = x.message(buf, i)
			if _, err := req.SendBytes(buf, 0); err != nil {
				return err
			}
			if _, err := x.receive(req, reply+i, 1); err != nil {
				return err
			}
		}
		return nil
	})
	x.wg.Wait()
	return nil
}

// topic is what the messages of pubSub and multicast begin with.
const topic = "demo"

// publish makes a publisher and a subscriber. The publisher waits for a
// subscriber that is slow, where a socket of type PUB drops messages.
func (x *exchange) publish() (pub, sub *zmq4.Socket, err error) {
	if pub, err = x.socket(zmq4.XPUB); err != nil {
		return nil, nil, err
	}
	if sub, err = x.socket(zmq4.SUB); err != nil {
		return nil, nil, err
	}
	return pub, sub, errors.Join(pub.SetXpubNodrop(true), sub.SetSubscribe(topic))
}

// pubSub publishes once the publisher has seen the subscription.
func pubSub(x *exchange) error {
	pub, sub, err := x.publish()
	if err != nil {
		return err
	}
	if err := x.connect(pub, sub); err != nil {
		return err
	}
	switch got, err := pub.Recv(0); {
	case err != nil:
		return fmt.Errorf("subscription: %w", err)
	case got != "\x01"+topic:
		return fmt.Errorf("subscription: %q came", got)
	}
	x.begin(func() error { return x.receiveAll(sub, 0, 2) })
	x.begin(func() error { return x.sendAll(pub, 0, topic) })
	x.wg.Wait()
	return nil
}

// multicast is pubSub where the publisher does not get to know who listens:
// it sends markers until one of them has arrived.
func multicast(x *exchange) error {
	pub, sub, err := x.publish()
	if err != nil {
		return err
	}
	// Kilobits per second; the default is 100.
	if err := errors.Join(pub.SetRate(multicastRate), sub.SetRate(multicastRate)); err != nil {
		return err
	}
	// The subscriber comes first: NORM is slow to begin with one that joins late.
	if err := x.connect(sub, pub); err != nil {
		return err
	}
	joined := make(chan struct{})
	x.begin(func() error {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for waiting := true; waiting; {
			if _, err := pub.SendMessage(topic, x.message(nil, marker)); err != nil {
				return fmt.Errorf("send marker: %w", err)
			}
			select {
			case <-tick.C:
			case <-joined:
				waiting = false
			}
		}
		x.begun = time.Now()
		return x.sendAll(pub, 0, topic)
	})
	x.begin(func() error {
		for first := true; ; first = false {
			msg, err := sub.RecvMessageBytes(0)
			if err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			if len(msg) != 2 || len(msg[1]) != x.size {
				return fmt.Errorf("a message of %d parts came, not of 2", len(msg))
			}
			if first {
				close(joined)
			}
			if number(msg[1]) == marker {
				continue
			}
			if err := x.check(msg[1], 0); err != nil {
				return err
			}
			break
		}
		for i := 1; i < x.n; i++ {
			if _, err := x.receive(sub, i, 2); err != nil {
				return err
			}
		}
		return nil
	})
	x.wg.Wait()
	return nil
}

// pushPull sends in one direction.
func pushPull(x *exchange) error {
	pull, push, err := x.pair(zmq4.PULL, zmq4.PUSH)
	if err != nil {
		return err
	}
	x.begin(func() error { return x.receiveAll(pull, 0, 1) })
	x.begin(func() error { return x.sendAll(push, 0) })
	x.wg.Wait()
	return nil
}

// routerDealer sends requests without waiting for the answers, which another
// goroutine receives on the same socket.
func routerDealer(x *exchange) error {
	router, dealer, err := x.pair(zmq4.ROUTER, zmq4.DEALER)
	if err != nil {
		return err
	}
	// Wait for a peer that is slow, and do not drop the answer.
	if err := router.SetRouterMandatory(1); err != nil {
		return err
	}
	x.begin(func() error {
		var buf []byte
		for i := range x.n {
			peer, err := x.receive(router, i, 2)
			if err != nil {
				return err
			}
			buf = x.message(buf, reply+i)
			if _, err := router.SendMessage(peer, buf); err != nil {
				return fmt.Errorf("answer %d: %w", i, err)
			}
		}
		return nil
	})
	x.begin(func() error { return x.sendAll(dealer, 0) })
	x.begin(func() error { return x.receiveAll(dealer, reply, 1) })
	x.wg.Wait()
	return nil
}

// pair sends in both directions at once.
func pair(x *exchange) error {
	a, b, err := x.pair(zmq4.PAIR, zmq4.PAIR)
	if err != nil {
		return err
	}
	x.begin(func() error { return x.sendAll(a, 0) })
	x.begin(func() error { return x.receiveAll(a, reply, 1) })
	x.begin(func() error { return x.sendAll(b, reply) })
	x.begin(func() error { return x.receiveAll(b, 0, 1) })
	x.wg.Wait()
	return nil
}
