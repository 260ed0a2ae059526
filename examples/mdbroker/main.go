// SPDX-License-Identifier: BSD-2-Clause

// Mdbroker is the broker of the Majordomo Protocol: clients ask it for services
// by name, and it gives their requests to the workers that offer these.
//
// The work is done by package majordomo/mdp, over a single ROUTER socket. A
// worker that is silent for three heartbeats is lost, and its request goes to
// another one. Run it with workers and clients in other terminals:
//
//	go run ./examples/mdbroker
//	go run ./examples/mdworker -service echo
//	go run ./examples/mdclient -service echo
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
	"github.com/seed45097122/zmq4/examples/majordomo/mdp"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	broker := mdp.Broker{Logf: log.Printf}
	flag.StringVar(&broker.Endpoint, "bind", "tcp://127.0.0.1:5555", "where clients and workers connect to")
	flag.DurationVar(&broker.Heartbeat, "heartbeat", 2500*time.Millisecond, "time between heartbeats, the same as the workers'")
	flag.DurationVar(&broker.Expiry, "expiry", time.Minute, "how long a request waits for a worker")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Print("broker at ", broker.Endpoint)
	if err := errors.Join(broker.Run(ctx), zmq4.Term()); err != nil {
		fmt.Fprintln(os.Stderr, "mdbroker:", err)
		os.Exit(1)
	}
}
