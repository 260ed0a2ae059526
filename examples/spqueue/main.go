// SPDX-License-Identifier: BSD-2-Clause

// Spqueue is the queue of the Simple Pirate pattern: it gives the requests of
// clients, such as lpclient, to any number of workers, see spworker.
//
// A worker says by a message "\x01" that it is ready. The queue takes a request
// from the clients only while a worker is ready, and gives it to the one that has
// waited longest. It does not notice when a worker dies: the request is lost
// then, and it is the client that sends it again.
//
//	go run ./examples/spqueue
//	go run ./examples/spworker -id A -crash 3
//	go run ./examples/spworker -id B
//	go run ./examples/lpclient -n 10
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
)

const ready = "\x01"

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	frontend := flag.String("frontend", "tcp://127.0.0.1:5555", "where clients connect to")
	backend := flag.String("backend", "tcp://127.0.0.1:5556", "where workers connect to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx, *frontend, *backend), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "spqueue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, frontend, backend string) (err error) {
	front, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	back, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(backend),
		// A worker that is started again takes the place of its old connection.
		zmq4.Configure("handover", func(soc *zmq4.Socket) error { return soc.SetRouterHandover(true) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, back.Close()) }()
	fmt.Fprintf(os.Stderr, "spqueue: listening on %s for clients, %s for workers\n", frontend, backend)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients, workers := front.Receiver(ctx, 0), back.Receiver(ctx, 0)

	var idle [][]byte // ids of workers, the one that waits longest first
	for {
		requests := clients.C
		if len(idle) == 0 {
			requests = nil // which never has anything
		}
		select {
		case msg, ok := <-requests:
			if !ok {
				return clients.Err()
			}
			if _, err := back.SendMessageContext(ctx, idle[0], "", msg); err != nil {
				return err
			}
			idle = idle[1:]

		// From a worker: id, empty, and then either ready or client, empty, reply.
		case msg, ok := <-workers.C:
			if !ok {
				return workers.Err()
			}
			if len(msg) < 3 || len(msg[1]) != 0 {
				continue
			}
			idle = append(idle, msg[0])
			if len(msg) == 3 && string(msg[2]) == ready {
				log.Printf("worker %s is ready", msg[0])
				continue
			}
			if _, err := front.SendMessageContext(ctx, msg[2:]); err != nil {
				return err
			}
		}
	}
}
