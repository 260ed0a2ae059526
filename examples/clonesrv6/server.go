// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/bstar"
	"github.com/seed45097122/zmq4/examples/internal/clone"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

// memory is how long the passive server remembers updates that it has received
// only from the client, or only from the active server. It is longer than
// clients need to find out that a server is dead.
const memory = time.Minute

// A server is the state that the loop of run works on.
type server struct {
	ctx       context.Context
	publisher *zmq4.Socket
	role      bstar.State

	state    kvmsg.Map
	sequence uint64
	expiry   map[string]time.Time // of the keys that do not live for ever

	// For a server that is not active.
	followed <-chan func()            // brings what the active one publishes
	pending  []pending                // updates of clients that have not been published yet
	early    map[kvmsg.UUID]time.Time // updates that were published before they came from the client
}

// A pending update is made if the server has to take over.
type pending struct {
	kvmsg.Message
	since time.Time
}

// collect takes an update from a client.
func (s *server) collect(m kvmsg.Message) error {
	if _, known := s.early[m.UUID]; known {
		delete(s.early, m.UUID)
		return nil
	}
	if s.role == bstar.StateActive {
		return s.publish(m)
	}
	if m.UUID != (kvmsg.UUID{}) { // else it could not be told apart
		s.pending = append(s.pending, pending{m, time.Now()})
	}
	return nil
}

// publish makes an update, and gives it the next number.
func (s *server) publish(m kvmsg.Message) error {
	m.Sequence = s.sequence + 1
	if err := s.apply(m); err != nil {
		return err
	}
	return m.Send(s.ctx, s.publisher)
}

// apply makes an update that has its number.
func (s *server) apply(m kvmsg.Message) error {
	ttl, err := m.TTL()
	if err != nil {
		return err
	}
	delete(s.expiry, m.Key)
	if ttl > 0 && len(m.Body) > 0 {
		s.expiry[m.Key] = time.Now().Add(ttl)
	}
	s.sequence = m.Sequence
	s.state.Apply(m)
	fmt.Println(m)
	return nil
}

// takeOver makes the updates that the peer has not published.
func (s *server) takeOver() error {
	left := s.pending
	s.pending = nil
	for _, p := range left {
		if err := s.publish(p.Message); err != nil {
			return err
		}
	}
	return nil
}

// flush deletes values whose time is over, or, in a server that is not active,
// forgets updates.
func (s *server) flush(now time.Time) error {
	if s.role == bstar.StateActive {
		for key, end := range s.expiry {
			if now.Before(end) {
				continue
			}
			if err := s.publish(kvmsg.Message{Key: key}); err != nil {
				return err
			}
		}
	}
	old := now.Add(-memory)
	s.pending = slices.DeleteFunc(s.pending, func(p pending) bool { return p.since.Before(old) })
	for id, since := range s.early {
		if since.Before(old) {
			delete(s.early, id)
		}
	}
	return nil
}

// follow hands to the loop what the peer, which is active, publishes.
func (s *server) follow(ctx context.Context, peer clone.Server, loop chan<- func()) error {
	in := func(f func()) {
		select {
		case loop <- f:
		case <-ctx.Done():
		}
	}
	for {
		err := clone.Follow(ctx, peer, "", 5**heartbeat,
			func(state kvmsg.Map, sequence uint64) {
				in(func() { s.replace(state, sequence) })
			},
			func(m kvmsg.Message) {
				in(func() { s.published(m) })
			})
		if !errors.Is(err, clone.ErrSilent) {
			return err
		}
	}
}

// replace takes a snapshot of the peer.
func (s *server) replace(state kvmsg.Map, sequence uint64) {
	fmt.Printf("snapshot at %d\n", sequence)
	s.state = make(kvmsg.Map)
	clear(s.expiry)
	for _, m := range state {
		s.published(m)
	}
	s.sequence = sequence
}

// published takes an update that the peer has published.
func (s *server) published(m kvmsg.Message) {
	if m.UUID != (kvmsg.UUID{}) {
		i := slices.IndexFunc(s.pending, func(p pending) bool { return p.UUID == m.UUID })
		if i >= 0 {
			s.pending = slices.Delete(s.pending, i, i+1)
		} else {
			s.early[m.UUID] = time.Now()
		}
	}
	if err := s.apply(m); err != nil {
		log.Print(err)
	}
}
