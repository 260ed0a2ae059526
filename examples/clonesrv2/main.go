// SPDX-License-Identifier: BSD-2-Clause

// Clonesrv2 is the second model of the Clone pattern: a client may join at any
// time, because the server sends the whole map, a snapshot, to whoever asks for
// it, on a ROUTER socket, besides publishing each update on a PUB socket.
//
// The number of the last update that is in a snapshot comes with it: so a client
// that has subscribed before it asked knows which updates to apply to it. The
// server also publishes a heartbeat, HUGZ, from which a client learns that its
// subscription has arrived: only then is a snapshot of use.
//
// A server that starts again counts from 1 again, which a client that is still
// there does not notice: model 6 is for servers that fail.
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
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	snapshots = flag.String("snapshot", "tcp://127.0.0.1:5556", "where to answer requests for snapshots")
	updates   = flag.String("publisher", "tcp://127.0.0.1:5557", "where to publish updates")
	heartbeat = flag.Duration("heartbeat", time.Second, "time from one HUGZ to the next")
	count     = flag.Uint64("n", 0, "how many updates to publish; 0 is no end. Snapshots are there until Ctrl-C")
	every     = flag.Duration("every", 10*time.Millisecond, "time from one update to the next")
	keys      = flag.Int("keys", 100, "how many different keys there are")
	seed      = flag.Uint64("seed", 1, "of the random keys and values")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonesrv2: ")
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
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	// A ROUTER socket drops what exceeds the high-water mark, 1000 by default: a
	// snapshot has to arrive whole.
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
	log.Printf("listening on %s for requests of snapshots, %s for subscribers", *snapshots, *updates)

	state := make(kvmsg.Map)
	sequence := uint64(0)
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	requests := snapshot.Receiver(ctx, 0)
	random := rand.New(rand.NewPCG(*seed, 0))
	update, hugz := time.NewTicker(*every), time.NewTicker(*heartbeat)
	defer update.Stop()
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
		case <-update.C:
			if *count > 0 && sequence == *count {
				update.Stop()
				continue
			}
			sequence++
			m := kvmsg.Message{
				Key:      strconv.Itoa(random.IntN(*keys)),
				Sequence: sequence,
				Body:     strconv.AppendInt(nil, random.Int64N(1e6), 10),
			}
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
