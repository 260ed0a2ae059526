// SPDX-License-Identifier: BSD-2-Clause

// Clonesrv6 is the sixth model of the Clone pattern: a pair of servers, by the
// Binary Star pattern, of which the active one does what clonesrv5 does.
//
// The passive one follows the active one as a client does. Clients send their
// updates to both: the passive one keeps them until it sees them published, by
// their UUIDs. If it has to take over, because its peer is dead and a client asks
// it for a snapshot, it makes the updates that are left, so that none is lost.
//
//	go run ./examples/clonesrv6
//	go run ./examples/clonesrv6 -backup
//	go run ./examples/clonecli6
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/bstar"
	"github.com/seed45097122/zmq4/examples/internal/clone"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	backup  = flag.Bool("backup", false, "be the backup, not the primary")
	primary = flag.String("primary", "tcp://127.0.0.1:5556,tcp://127.0.0.1:5557,tcp://127.0.0.1:5558",
		"where the primary serves clients: snapshot,publisher,collector")
	second = flag.String("second", "tcp://127.0.0.1:5566,tcp://127.0.0.1:5567,tcp://127.0.0.1:5568",
		"where the backup serves clients: snapshot,publisher,collector")
	stars     = flag.String("stars", "tcp://127.0.0.1:5003,tcp://127.0.0.1:5004", "where the primary and the backup publish their states")
	heartbeat = flag.Duration("heartbeat", time.Second, "time from one heartbeat to the next, for clients and the other server")
)

// memory is how long the passive server remembers updates that it has received
// only from the client, or only from the active server. It is longer than
// clients need to find out that a server is dead.
const memory = time.Minute

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonesrv6: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	own, err := clone.ParseServer(*primary)
	if err != nil {
		return err
	}
	peer, err := clone.ParseServer(*second)
	if err != nil {
		return err
	}
	local, remote, ok := strings.Cut(*stars, ",")
	if !ok {
		return fmt.Errorf("-stars %q is not two endpoints", *stars)
	}
	if *backup {
		own, peer, local, remote = peer, own, remote, local
	}

	defer func() { err = errors.Join(err, zmq4.Term()) }()
	// No high-water mark: a snapshot has to arrive whole.
	snapshot, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.HighWaterMarks(0, 1000), zmq4.Linger(time.Second), zmq4.Bind(own.Snapshot))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	publisher, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(own.Publisher))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close()) }()
	collector, err := zmq4.OpenSocket(zmq4.SUB, zmq4.HighWaterMarks(0, 0), zmq4.Subscribe(""), zmq4.Bind(own.Collector))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, collector.Close()) }()

	// Everything that runs beside the loop ends with it, before the sockets close.
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	changed := make(chan struct{}, 1)
	wake := func() error {
		select {
		case changed <- struct{}{}:
		default:
		}
		return nil
	}
	star := bstar.New(bstar.Config{Primary: !*backup, Local: local, Remote: remote, Heartbeat: *heartbeat, OnActive: wake, OnPassive: wake})
	failed := make(chan error, 2)
	beside.Go(func() { failed <- star.Run(ctx) })

	s := &server{ctx: ctx, publisher: publisher, role: star.State(), state: make(kvmsg.Map),
		expiry: make(map[string]time.Time), early: make(map[kvmsg.UUID]time.Time)}
	defer func() { fmt.Printf("state at %d: %v\n", s.sequence, s.state) }()
	requests, collected := snapshot.Receiver(ctx, 0), collector.Receiver(ctx, 0)
	hugz, flush := time.NewTicker(*heartbeat), time.NewTicker(100*time.Millisecond)
	defer hugz.Stop()
	defer flush.Stop()
	unfollow := func() {}
	defer func() { unfollow() }()
	// turn makes the server what the star says that it is.
	turn := func() error {
		role := star.State()
		if role == s.role {
			return nil
		}
		s.role = role
		fmt.Println(role)
		unfollow()
		s.followed = nil
		if role == bstar.StateActive {
			return s.takeOver()
		}
		var following context.Context
		following, unfollow = context.WithCancel(ctx)
		followed := make(chan func())
		s.followed = followed
		beside.Go(func() {
			if err := s.follow(following, peer, followed); following.Err() == nil {
				failed <- err
			}
		})
		return nil
	}
	for {
		select {
		case msg, ok := <-requests.C:
			if !ok {
				return requests.Err()
			}
			client, subtree, err := kvmsg.ParseRequest(msg)
			if err != nil {
				log.Print(err)
				continue
			}
			if !star.Vote() {
				continue // the client will ask the other server
			}
			if err := turn(); err != nil {
				return err
			}
			for _, m := range s.state.Snapshot(subtree, s.sequence) {
				if err := m.Send(ctx, snapshot, client); err != nil {
					return err
				}
			}
		case msg, ok := <-collected.C:
			if !ok {
				return collected.Err()
			}
			m, err := kvmsg.ParseUpdate(msg)
			if err != nil {
				log.Print(err)
				continue
			}
			if err := s.collect(m); err != nil {
				return err
			}
		case apply := <-s.followed:
			apply()
		case <-changed:
			if err := turn(); err != nil {
				return err
			}
		case now := <-flush.C:
			if err := s.flush(now); err != nil {
				return err
			}
		case <-hugz.C:
			if s.role != bstar.StateActive {
				continue // or clients would stay here
			}
			if err := (kvmsg.Message{Key: kvmsg.Hugz}).Send(ctx, publisher); err != nil {
				return err
			}
		case err := <-failed:
			return err
		}
	}
}

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
