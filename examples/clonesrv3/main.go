// SPDX-License-Identifier: BSD-2-Clause

// Clonesrv3 is the third model of the Clone pattern: the clients change the
// map. They push their updates to the server, a PULL socket, which gives them
// their order: it numbers them, applies them and publishes them to all clients.
//
//	go run ./examples/clonesrv3
//	go run ./examples/clonecli3 -seed 1
//	go run ./examples/clonecli3 -seed 2
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
	log.SetPrefix("clonesrv3: ")
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
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	requests, collected := snapshot.Receiver(ctx, 0), collector.Receiver(ctx, 0)
	hugz := time.NewTicker(*heartbeat)
	defer hugz.Stop()
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
			fmt.Printf("snapshot at %d\n", sequence)
		case msg, ok := <-collected.C:
			if !ok {
				return collected.Err()
			}
			m, err := kvmsg.ParseUpdate(msg)
			if err != nil {
				log.Print(err)
				continue
			}
			sequence++
			m.Sequence = sequence
			state.Apply(m)
			if err := m.Send(ctx, publisher); err != nil {
				return err
			}
			fmt.Println(m)
		case <-hugz.C:
			if err := (kvmsg.Message{Key: kvmsg.Hugz}).Send(ctx, publisher); err != nil {
				return err
			}
		}
	}
}
