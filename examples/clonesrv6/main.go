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
	log.Printf("listening on %s for requests of snapshots, %s for subscribers, %s for changes", own.Snapshot, own.Publisher, own.Collector)

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
