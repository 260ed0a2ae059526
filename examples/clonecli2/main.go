// SPDX-License-Identifier: BSD-2-Clause

// Clonecli2 is a client of clonesrv2. It has the whole map, whenever it starts:
// it subscribes to the updates, waits until it has received something, which
// shows that the subscription has arrived at the server, and then asks for a
// snapshot. Updates that are in the snapshot already are ignored.
//
//	go run ./examples/clonesrv2
//	go run ./examples/clonecli2
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
	snapshots = flag.String("snapshot", "tcp://127.0.0.1:5556", "where the server answers requests for snapshots")
	updates   = flag.String("publisher", "tcp://127.0.0.1:5557", "where the server publishes updates")
	last      = flag.Uint64("n", 0, "end after the update with this number; 0 is no end")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonecli2: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	subscriber, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""), zmq4.Connect(*updates))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subscriber.Close()) }()
	snapshot, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(*snapshots))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()

	m, err := kvmsg.Recv(ctx, subscriber)
	if err != nil {
		return err
	}
	state, sequence, err := kvmsg.Fetch(ctx, snapshot, "")
	if err != nil {
		return err
	}
	fmt.Printf("snapshot at %d\n", sequence)
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	for *last == 0 || sequence < *last {
		if m.Key != kvmsg.Hugz && m.Sequence > sequence {
			if m.Sequence != sequence+1 {
				return fmt.Errorf("update %d is missing", sequence+1)
			}
			sequence++
			state.Apply(m)
			fmt.Println(m)
			continue
		}
		if m, err = kvmsg.Recv(ctx, subscriber); err != nil {
			return err
		}
	}
	return nil
}
