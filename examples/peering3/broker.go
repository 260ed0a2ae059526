// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

// A broker connects clients, workers and peers. What changes in it belongs to
// route while that runs.
type broker struct {
	settings
	localfe, localbe, cloudfe, cloudbe *zmq4.Socket
	statefe, statebe                   *zmq4.Socket

	free      [][]byte       // identities of workers here, longest free first
	published int            // how many were free when that was last published
	peerFree  map[string]int // how many workers each peer has free, as far as we know
	held      [][]byte       // a request that nobody has taken yet

	worked, forPeers int
}

// route passes requests and answers on, and tells the peers how many workers
// are free. It returns only with an error.
func (b *broker) route(ctx context.Context) error {
	localfe, localbe := b.localfe.Receiver(ctx, 0), b.localbe.Receiver(ctx, 0)
	cloudfe, cloudbe := b.cloudfe.Receiver(ctx, 0), b.cloudbe.Receiver(ctx, 0)
	states := b.statefe.Receiver(ctx, 0)
	tick := time.NewTicker(b.state)
	defer tick.Stop()
	for {
		if b.held != nil {
			if err := b.request(ctx, b.held); err != nil {
				return err
			}
		}
		local, cloud := localfe.C, cloudfe.C
		if len(b.free) == 0 {
			cloud = nil // requests wait where they are
		}
		if b.held != nil || len(b.free) == 0 && b.bestPeer() == "" {
			local = nil
		}
		var msg [][]byte
		var from *zmq4.Receiver
		var handle func(context.Context, [][]byte) error
		select {
		case <-tick.C:
			if err := b.publish(ctx); err != nil {
				return err
			}
			continue
		case msg = <-states.C:
			from, handle = states, b.peerState
		case msg = <-localbe.C:
			from, handle = localbe, b.fromWorker
		case msg = <-cloudbe.C:
			from, handle = cloudbe, b.fromPeer
		case msg = <-cloud:
			from, handle = cloudfe, b.work
		case msg = <-local:
			from, handle = localfe, b.request
		}
		if msg == nil { // the channel is closed
			if err := ctx.Err(); err != nil {
				return err
			}
			return from.Err()
		}
		if err := handle(ctx, msg); err != nil {
			return err
		}
		if len(b.free) != b.published {
			if err := b.publish(ctx); err != nil {
				return err
			}
		}
	}
}

func (b *broker) publish(ctx context.Context) error {
	b.published = len(b.free)
	_, err := b.statebe.SendMessageContext(ctx, b.self, b.published)
	return err
}

// bestPeer returns the peer that has most workers free, or "" if none has any.
func (b *broker) bestPeer() string {
	best := ""
	for _, peer := range b.peers {
		if b.peerFree[peer] > b.peerFree[best] {
			best = peer
		}
	}
	return best
}

// peerState takes a state: the name of a peer, and how many workers it has free.
func (b *broker) peerState(_ context.Context, msg [][]byte) error {
	if n, err := strconv.Atoi(string(msg[len(msg)-1])); err == nil && slices.Contains(b.peers, string(msg[0])) {
		b.peerFree[string(msg[0])] = n
	}
	return nil
}

// fromWorker takes what a worker here sends: worker, "", READY, or worker, "",
// [peer], client, "", answer.
func (b *broker) fromWorker(ctx context.Context, msg [][]byte) error {
	b.free = append(b.free, msg[0])
	if len(msg) <= 3 {
		return nil
	}
	return b.answer(ctx, msg[2:])
}

// fromPeer takes the answer of a peer: peer, client, "", answer.
func (b *broker) fromPeer(ctx context.Context, msg [][]byte) error {
	if len(msg) == 1 {
		return nil
	}
	return b.answer(ctx, msg[1:])
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

// request takes a request of a client here: client, "", task. It goes to a
// worker here, or else to a peer; if nobody can take it, it is held.
func (b *broker) request(ctx context.Context, msg [][]byte) error {
	b.held = nil
	if len(b.free) > 0 {
		return b.work(ctx, msg)
	}
	for peer := b.bestPeer(); peer != ""; peer = b.bestPeer() {
		_, err := b.cloudbe.SendMessageContext(ctx, peer, msg)
		if err == nil {
			b.peerFree[peer]-- // until the peer says so itself
			return nil
		}
		if !errors.Is(err, zmq4.EHOSTUNREACH) {
			return err
		}
		delete(b.peerFree, peer) // it is gone, or not connected yet
	}
	b.held = msg
	return nil
}

// work gives a request, [peer], client, "", task, to a worker here, of whom at
// least one must be free.
func (b *broker) work(ctx context.Context, msg [][]byte) error {
	b.worked++
	if slices.Contains(b.peers, string(msg[0])) {
		b.forPeers++
	}
	worker := b.free[0]
	b.free = b.free[1:]
	_, err := b.localbe.SendMessageContext(ctx, worker, "", msg)
	return err
}
