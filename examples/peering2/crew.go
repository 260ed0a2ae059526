// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
)

// client counts who has answered its requests.
func (s *settings) client(ctx context.Context, here, byPeers *atomic.Int64) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localfe")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	for range s.n {
		if _, err := broker.SendContext(ctx, "HELLO", 0); err != nil {
			return err
		}
		answer, err := broker.RecvContext(ctx, 0)
		switch {
		case err != nil:
			return err
		case answer == "OK from "+s.self:
			here.Add(1)
		default:
			byPeers.Add(1)
		}
	}
	return nil
}

// worker returns only with an error.
func (s *settings) worker(ctx context.Context) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localbe")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	if _, err := broker.SendContext(ctx, "READY", 0); err != nil {
		return err
	}
	for msg, err := range broker.Messages(ctx) { // [peer], client, "", request
		if err != nil {
			return err
		}
		msg[len(msg)-1] = []byte("OK from " + s.self)
		if _, err := broker.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
