// SPDX-License-Identifier: BSD-2-Clause

// Clonecli1 is a client of clonesrv1: it builds a map of keys and values from
// the updates that it receives. What was published before it had subscribed is
// missing.
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
	"os"
	"os/signal"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

var (
	endpoint = flag.String("publisher", "tcp://127.0.0.1:5556", "where the server publishes updates")
	last     = flag.Uint64("n", 0, "end after the update with this number; 0 is no end")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("clonecli1: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	subscriber, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""), zmq4.Connect(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subscriber.Close()) }()

	state := make(kvmsg.Map)
	sequence := uint64(0)
	defer func() { fmt.Printf("state at %d: %v\n", sequence, state) }()
	for msg, err := range subscriber.Messages(ctx) {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		m, err := kvmsg.Parse(msg)
		if err != nil {
			return err
		}
		state.Apply(m)
		sequence = m.Sequence
		fmt.Println(m)
		if *last > 0 && sequence >= *last {
			return nil
		}
	}
	return nil
}
