// SPDX-License-Identifier: BSD-2-Clause

// Msgqueue is the broker of rrbroker, with the package's proxy.
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
	if err := run(ctx, *frontend, *backend); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "msgqueue:", err)
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
	fmt.Fprintf(os.Stderr, "msgqueue: listening on %s for clients, %s for workers\n", frontend, backend)

	return zmq4.ProxyContext(ctx, clients, workers, nil)
}
