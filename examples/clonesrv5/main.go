// SPDX-License-Identifier: BSD-2-Clause

// Clonesrv5 is the fifth model of the Clone pattern: values may be ephemeral.
// An update with the property ttl tells for how many seconds its value lives,
// unless it is set again. When that time is over, the server deletes the key, and
// publishes that.
//
//	go run ./examples/clonesrv5
//	go run ./examples/clonecli5 -subtree /client/a/ -ttl 3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	snapshots = flag.String("snapshot", "tcp://127.0.0.1:5556", "where to answer requests for snapshots")
	updates   = flag.String("publisher", "tcp://127.0.0.1:5557", "where to publish updates")
	changes   = flag.String("collector", "tcp://127.0.0.1:5558", "where to collect updates from clients")
	heartbeat = flag.Duration("heartbeat", time.Second, "time from one HUGZ to the next")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonesrv5: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	// No high-water mark: a snapshot has to arrive whole.
	snapshot, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.HighWaterMarks(0, 1000), zmq4.Linger(time.Second), zmq4.Bind(*snapshots))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	publisher, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(*updates))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close()) }()
	collector, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(*changes))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, collector.Close()) }()
	log.Printf("listening on %s for requests of snapshots, %s for subscribers, %s for changes", *snapshots, *updates, *changes)

	state := make(kvmsg.Map)
	sequence := uint64(0)
	expiry := make(map[string]time.Time) // of the keys that do not live for ever
	apply := func(m kvmsg.Message) error {
		ttl, err := m.TTL()
		if err != nil {
			return err
		}
		delete(expiry, m.Key)
		if ttl > 0 && len(m.Body) > 0 {
			expiry[m.Key] = time.Now().Add(ttl)
		}
		sequence++
		m.Sequence = sequence
		state.Apply(m)
		fmt.Println(m)
		return m.Send(ctx, publisher)
	}
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	requests, collected := snapshot.Receiver(ctx, 0), collector.Receiver(ctx, 0)
	hugz, flush := time.NewTicker(*heartbeat), time.NewTicker(100*time.Millisecond)
	defer hugz.Stop()
	defer flush.Stop()
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
			for _, m := range state.Snapshot(subtree, sequence) {
				if err := m.Send(ctx, snapshot, client); err != nil {
					return err
				}
			}
			fmt.Printf("snapshot of %q at %d\n", subtree, sequence)
		case msg, ok := <-collected.C:
			if !ok {
				return collected.Err()
			}
			m, err := kvmsg.ParseUpdate(msg)
			if err != nil {
				log.Print(err)
				continue
			}
			if err := apply(m); err != nil {
				return err
			}
		case now := <-flush.C:
			for key, end := range expiry {
				if now.Before(end) {
					continue
				}
				if err := apply(kvmsg.Message{Key: key}); err != nil {
					return err
				}
			}
		case <-hugz.C:
			if err := (kvmsg.Message{Key: kvmsg.Hugz}).Send(ctx, publisher); err != nil {
				return err
			}
		}
	}
}
