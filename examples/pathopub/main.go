// SPDX-License-Identifier: BSD-2-Clause

// Pathopub is the pathological publisher: it sends one message for each of a
// thousand topics, and from then on one for a random topic now and then. Whoever
// subscribes late may wait very long for the first message of a topic: unless
// there is a cache between, see lvcache.
//
//	go run ./examples/pathopub -subscribers 1
//	go run ./examples/lvcache
//	go run ./examples/pathosub -topic 42
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
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint    = flag.String("endpoint", "tcp://127.0.0.1:5557", "where to publish")
	subscribers = flag.Int("subscribers", 0, "how many subscriptions to wait for before the first message")
	topics      = flag.Int("topics", 1000, "how many topics there are")
	count       = flag.Int("n", 0, "how many random messages to send after the first ones; 0 is no end")
	every       = flag.Duration("every", time.Second, "time from one random message to the next")
	seed        = flag.Uint64("seed", 1, "of the random topics")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pathopub: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	if *topics < 1 {
		return fmt.Errorf("-topics %d is less than 1", *topics)
	}
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	// An XPUB socket is a PUB socket that receives subscriptions. The first
	// messages come at once: a limit would make it drop some.
	pub, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.HighWaterMarks(0, 1000), zmq4.Linger(time.Second), zmq4.Bind(*endpoint),
		zmq4.Configure("verbose", func(soc *zmq4.Socket) error { return soc.SetXpubVerbose(1) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	log.Print("listening on ", *endpoint)
	for joined := 0; joined < *subscribers; {
		msg, err := pub.RecvBytesContext(ctx, 0)
		if err != nil {
			return err
		}
		if len(msg) > 0 && msg[0] == 1 {
			joined++
		}
	}

	send := func(topic int, text string) error {
		_, err := pub.SendMessageContext(ctx, fmt.Sprintf("%03d", topic), text)
		return err
	}
	for topic := range *topics {
		if err := send(topic, "Save Roger"); err != nil {
			return err
		}
	}
	fmt.Printf("published %d topics\n", *topics)
	random := rand.New(rand.NewPCG(*seed, 0))
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for n := 0; *count == 0 || n < *count; n++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if err := send(random.IntN(*topics), "Off with his head!"); err != nil {
			return err
		}
	}
	return nil
}
