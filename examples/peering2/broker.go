// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/seed45097122/zmq4"
)

// A broker connects clients, workers and peers. What changes in it belongs to
// route while that runs.
type broker struct {
	settings
	localfe, localbe, cloudfe, cloudbe *zmq4.Socket

	free             [][]byte // identities of workers here, longest free first
	dice             *rand.Rand
	worked, forPeers int
}

// connect connects to the peers and waits until they are all there.
func (b *broker) connect(ctx context.Context) error {
	missing := make(map[string]bool)
	events := b.cloudbe.Events(ctx, zmq4.EVENT_CONNECTED)
	for _, peer := range b.peers {
		endpoint := b.endpoint(peer, "cloud")
		missing[endpoint] = true
		if err := b.cloudbe.Connect(endpoint); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	fmt.Printf("%s: waiting for %d peers\n", b.self, len(missing))
	for ev, err := range events {
		if err != nil {
			return err
		}
		if delete(missing, ev.Endpoint); len(missing) == 0 {
			return nil
		}
	}
	return zmq4.ErrorSocketClosed
}

// route passes requests and answers on. It returns only with an error.
func (b *broker) route(ctx context.Context) error {
	localfe, localbe := b.localfe.Receiver(ctx, 0), b.localbe.Receiver(ctx, 0)
	cloudfe, cloudbe := b.cloudfe.Receiver(ctx, 0), b.cloudbe.Receiver(ctx, 0)
	for {
		local, cloud := localfe.C, cloudfe.C
		if len(b.free) == 0 {
			local, cloud = nil, nil // requests wait where they are
		}
		var msg [][]byte
		var from *zmq4.Receiver
		var err error
		select {
		case msg = <-localbe.C: // worker, "", READY, or worker, "", [peer], client, "", answer
			from = localbe
			if len(msg) > 0 {
				b.free = append(b.free, msg[0])
			}
			if len(msg) > 3 {
				err = b.answer(ctx, msg[2:])
			}
		case msg = <-cloudbe.C: // peer, client, "", answer
			from = cloudbe
			if len(msg) > 1 {
				err = b.answer(ctx, msg[1:])
			}
		case msg = <-cloud: // peer, client, "", request
			from = cloudfe
			if msg != nil {
				b.forPeers++
				err = b.work(ctx, msg)
			}
		case msg = <-local: // client, "", request
			from = localfe
			if msg != nil {
				err = b.request(ctx, msg)
			}
		}
		if err != nil {
			return err
		}
		if msg == nil { // the channel is closed
			if err := ctx.Err(); err != nil {
				return err
			}
			return from.Err()
		}
	}
}

// request decides where to work on a request of a client here.
func (b *broker) request(ctx context.Context, msg [][]byte) error {
	if len(b.peers) > 0 && b.dice.IntN(5) == 0 {
		_, err := b.cloudbe.SendMessageContext(ctx, b.peers[b.dice.IntN(len(b.peers))], msg)
		if !errors.Is(err, zmq4.EHOSTUNREACH) {
			return err
		}
		// The peer is gone: do it ourselves.
	}
	return b.work(ctx, msg)
}

// work gives a request to a worker here.
func (b *broker) work(ctx context.Context, msg [][]byte) error {
	b.worked++
	worker := b.free[0]
	b.free = b.free[1:]
	_, err := b.localbe.SendMessageContext(ctx, worker, "", msg)
	return err
}

// answer sends an answer to whoever its first part says, a peer or a client here.
func (b *broker) answer(ctx context.Context, msg [][]byte) error {
	to := b.localfe
	if slices.Contains(b.peers, string(msg[0])) {
		to = b.cloudfe
	}
	_, err := to.SendMessageContext(ctx, msg)
	return err
}
