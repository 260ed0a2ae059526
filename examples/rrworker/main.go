// SPDX-License-Identifier: BSD-2-Clause

// Rrworker answers requests that a broker hands to it. It is a server like
// hwserver, but connects to the broker: so there can be many, anywhere, and
// clients need not know where.
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5560", "where the broker listens for workers")
	name := flag.String("name", "World", "what to answer")
	work := flag.Duration("work", 100*time.Millisecond, "how long a request takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *name, *work); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "rrworker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, name string, work time.Duration) (err error) {
	worker, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, worker.Close(), zmq4.Term()) }()

	for {
		request, err := worker.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Println("Received request:", request)
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := worker.SendContext(ctx, name, 0); err != nil {
			return err
		}
	}
}
