// SPDX-License-Identifier: BSD-2-Clause

// Clonecli4 is a client of clonesrv4: it follows a subtree of the map, and sends
// updates of keys in it. It cannot tell from the numbers of the updates whether
// one is missing, since it does not receive those of other subtrees.
//
// It also subscribes to the server's heartbeats. libzmq sends subscriptions in the
// order of their bytes, in which "/" is before "HUGZ": so when anything arrives,
// the subscription of the subtree is in effect.
//
//	go run ./examples/clonesrv4
//	go run ./examples/clonecli4 -subtree /client/a/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	snapshots = flag.String("snapshot", "tcp://127.0.0.1:5556", "where the server answers requests for snapshots")
	updates   = flag.String("publisher", "tcp://127.0.0.1:5557", "where the server publishes updates")
	changes   = flag.String("collector", "tcp://127.0.0.1:5558", "where the server collects updates")
	subtree   = flag.String("subtree", "/client/", "the part of the map to work with, with a slash at both ends")
	count     = flag.Int("n", -1, "how many updates to send; ends when the last one has come back. 0 is none, negative is no end")
	every     = flag.Duration("every", 100*time.Millisecond, "time from one update to the next")
	keys      = flag.Int("keys", 100, "how many different keys there are")
	seed      = flag.Uint64("seed", 1, "of the random keys and values")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonecli4: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	if *keys < 1 {
		return fmt.Errorf("-keys %d is less than 1", *keys)
	}
	if err := kvmsg.CheckSubtree(*subtree); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	subscriber, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(*subtree, kvmsg.Hugz), zmq4.Connect(*updates))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subscriber.Close()) }()
	snapshot, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(*snapshots))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	publisher, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(time.Second), zmq4.Connect(*changes))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close()) }()

	// What arrives first shows that the subscription is in effect.
	first, err := kvmsg.Recv(ctx, subscriber)
	if err != nil {
		return err
	}
	state, sequence, err := kvmsg.Fetch(ctx, snapshot, *subtree)
	if err != nil {
		return err
	}
	fmt.Printf("snapshot at %d\n", sequence)
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	var awaited kvmsg.UUID // of the last update
	// receive applies an update and reports whether it was the last.
	receive := func(m kvmsg.Message) bool {
		if m.Key == kvmsg.Hugz || m.Sequence <= sequence {
			return false
		}
		sequence = m.Sequence
		state.Apply(m)
		fmt.Println(m)
		return awaited != kvmsg.UUID{} && m.UUID == awaited
	}
	receive(first)
	received := subscriber.Receiver(ctx, 0)
	random := rand.New(rand.NewPCG(*seed, 0))
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for sent := 0; ; {
		select {
		case msg, ok := <-received.C:
			if !ok {
				return received.Err()
			}
			m, err := kvmsg.Parse(msg)
			if err != nil {
				return err
			}
			if receive(m) {
				return nil
			}
		case <-ticker.C:
			if sent == *count {
				ticker.Stop()
				continue
			}
			m := kvmsg.Message{
				Key:  *subtree + strconv.Itoa(random.IntN(*keys)),
				UUID: kvmsg.NewUUID(),
				Body: strconv.AppendInt(nil, random.Int64N(1e6), 10),
			}
			if err := m.Send(ctx, publisher); err != nil {
				return err
			}
			if sent++; sent == *count {
				awaited = m.UUID
			}
		}
	}
}
