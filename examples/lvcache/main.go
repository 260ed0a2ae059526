// SPDX-License-Identifier: BSD-2-Clause

// Lvcache is a proxy that keeps the last value of each topic. It subscribes to
// everything that a publisher has, and publishes it again on an XPUB socket, from
// which it receives the subscriptions of its own subscribers: each one is
// answered with the last messages of the topics that it matches. (Those who
// subscribed to such a topic before see that message once more.)
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
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	frontend = flag.String("frontend", "tcp://127.0.0.1:5557", "where the publisher is")
	backend  = flag.String("backend", "tcp://127.0.0.1:5558", "where subscribers connect to")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("lvcache: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.HighWaterMarks(1000, 0), zmq4.Subscribe(""), zmq4.Connect(*frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	pub, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(time.Second), zmq4.Bind(*backend),
		zmq4.Configure("verbose", func(soc *zmq4.Socket) error {
			return soc.SetXpubVerbose(1) // also the second subscription to a topic
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	log.Print("listening on ", *backend)

	cache := make(map[string][][]byte)
	messages, subscriptions := sub.Receiver(ctx, 0), pub.Receiver(ctx, 0)
	for {
		select {
		case msg, ok := <-messages.C:
			if !ok {
				return messages.Err()
			}
			cache[string(msg[0])] = msg
			if _, err := pub.SendMessageContext(ctx, msg); err != nil {
				return err
			}
		case msg, ok := <-subscriptions.C:
			if !ok {
				return subscriptions.Err()
			}
			if len(msg[0]) == 0 || msg[0][0] != 1 {
				continue // the end of a subscription
			}
			filter := string(msg[0][1:])
			found := 0
			for _, topic := range slices.Sorted(maps.Keys(cache)) {
				if !strings.HasPrefix(topic, filter) {
					continue
				}
				if _, err := pub.SendMessageContext(ctx, cache[topic]); err != nil {
					return err
				}
				found++
			}
			fmt.Printf("subscription to %q: %d from the cache of %d\n", filter, found, len(cache))
		}
	}
}
