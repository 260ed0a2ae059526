// SPDX-License-Identifier: BSD-2-Clause

// Pathosub subscribes to one of the topics of pathopub, directly or by way of a
// cache, see lvcache: only then does it have the last message at once.
//
//	go run ./examples/pathopub
//	go run ./examples/pathosub -topic 42 -endpoint tcp://127.0.0.1:5557
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "tcp://127.0.0.1:5558", "where the publisher, or the cache, is")
	topic    = flag.Int("topic", 42, "the topic to subscribe to")
	count    = flag.Int("n", 0, "how many messages to receive; 0 is no end")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pathosub: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(fmt.Sprintf("%03d", *topic)), zmq4.Connect(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	for n := 0; *count == 0 || n < *count; n++ {
		msg, err := sub.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		if len(msg) != 2 {
			return fmt.Errorf("message of %d parts, not a topic and a text", len(msg))
		}
		fmt.Printf("%s: %s\n", msg[0], msg[1])
	}
	return nil
}
