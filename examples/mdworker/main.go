// SPDX-License-Identifier: BSD-2-Clause

// Mdworker offers a service that replies with the request. It is a worker of the
// Majordomo Protocol: see mdbroker, without which it does nothing.
//
// It sends heartbeats to the broker also while it works, and connects again if
// it hears none of the broker's. To see the broker give a request to another
// worker, start one with -work 1h, send a request, and kill it:
//
//	go run ./examples/mdworker -service echo -work 1h
package main

import (
	"bytes"
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
	worker := mdp.Worker{Logf: log.Printf}
	flag.StringVar(&worker.Broker, "broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	flag.StringVar(&worker.Service, "service", "echo", "name of the service")
	flag.DurationVar(&worker.Heartbeat, "heartbeat", 2500*time.Millisecond, "time between heartbeats, the same as the broker's")
	flag.DurationVar(&worker.Reconnect, "reconnect", 2500*time.Millisecond, "how long to wait before connecting again")
	work := flag.Duration("work", 0, "how long a request takes")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Print("worker for ", worker.Service)
	handled := 0
	err := worker.Run(ctx, func(ctx context.Context, request [][]byte) [][]byte {
		handled++
		log.Printf("request %d: %s", handled, bytes.Join(request, []byte(" ")))
		select {
		case <-time.After(*work):
		case <-ctx.Done():
		}
		return request
	})
	if err := errors.Join(err, zmq4.Term()); err != nil {
		fmt.Fprintln(os.Stderr, "mdworker:", err)
		os.Exit(1)
	}
	log.Printf("%d requests done", handled)
}
