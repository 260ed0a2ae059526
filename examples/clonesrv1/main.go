// SPDX-License-Identifier: BSD-2-Clause

// Clonesrv1 is the first model of the Clone pattern: a server that owns a map
// of keys and values and publishes each change of it.
//
// A client that subscribes late does not know of what came before: the models 2
// to 6 add snapshots, updates by clients, subtrees, values that expire, and a
// second server. With -clients, this one waits until that many have subscribed;
// it has an XPUB socket, which is a PUB socket that also receives subscriptions.
//
//	go run ./examples/clonesrv1
//	go run ./examples/clonecli1
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
	endpoint = flag.String("publisher", "tcp://127.0.0.1:5556", "where to publish updates")
	clients  = flag.Int("clients", 0, "how many clients to wait for")
	count    = flag.Uint64("n", 0, "how many updates to publish; 0 is no end")
	every    = flag.Duration("every", 10*time.Millisecond, "time from one update to the next")
	keys     = flag.Int("keys", 100, "how many different keys there are")
	seed     = flag.Uint64("seed", 1, "of the random keys and values")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonesrv1: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	if *keys < 1 {
		return fmt.Errorf("-keys %d is less than 1", *keys)
	}
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	publisher, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(time.Second), zmq4.Bind(*endpoint),
		zmq4.Configure("verbose", func(soc *zmq4.Socket) error {
			return soc.SetXpubVerbose(1) // each subscription, not only the first
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close()) }()
	log.Print("listening on ", *endpoint)

	state := make(kvmsg.Map)
	sequence := uint64(0)
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	for joined := 0; joined < *clients; {
		subscription, err := publisher.RecvBytesContext(ctx, 0)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(subscription) > 0 && subscription[0] == 1 {
			joined++
		}
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for *count == 0 || sequence < *count {
		sequence++
		m := kvmsg.Message{
			Key:      strconv.Itoa(random.IntN(*keys)),
			Sequence: sequence,
			Body:     strconv.AppendInt(nil, random.Int64N(1e6), 10),
		}
		if err := m.Send(ctx, publisher); err != nil {
			return err
		}
		state.Apply(m)
		fmt.Println(m)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
