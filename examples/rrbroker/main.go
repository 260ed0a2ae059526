// SPDX-License-Identifier: BSD-2-Clause

// Rrbroker is a queue between clients and workers: it shares out requests to
// the workers, and brings each reply back to the client that asked.
//
// A ROUTER socket puts the client's identity before each request, and takes it
// off a reply to find the client again; the worker's REP socket keeps it
// meanwhile. A DEALER socket gives requests to its workers in turn. So the
// broker only passes on whole messages, whatever is in them.
//
// The Guide polls both sockets; here a goroutine for each direction waits, for
// one may receive from a socket while another one sends to it. A program has
// that ready as ProxyContext: msgqueue is the same broker.
//
// See rrclient for how to run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	frontend := flag.String("frontend", "tcp://127.0.0.1:5559", "where to listen for clients")
	backend := flag.String("backend", "tcp://127.0.0.1:5560", "where to listen for workers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *frontend, *backend); err != nil {
		fmt.Fprintln(os.Stderr, "rrbroker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, frontend, backend string) (err error) {
	clients, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close(), zmq4.Term()) }()
	workers, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Bind(backend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, workers.Close()) }()
	fmt.Fprintf(os.Stderr, "rrbroker: listening on %s for clients, %s for workers\n", frontend, backend)

	ctx, end := context.WithCancel(ctx)
	defer end()
	replies := make(chan error, 1)
	go func() {
		replies <- pass(ctx, workers, clients)
		end()
	}()
	requests := pass(ctx, clients, workers)
	end()
	return errors.Join(requests, <-replies)
}

// pass sends what it receives, until ctx is done.
func pass(ctx context.Context, from, to *zmq4.Socket) error {
	for msg, err := range from.Messages(ctx) {
		if err == nil {
			_, err = to.SendMessageContext(ctx, msg)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
