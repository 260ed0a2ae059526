// SPDX-License-Identifier: BSD-2-Clause

// Rrclient sends requests to a broker, which has them answered by one of its
// workers. It knows nothing of the workers: these may come and go.
//
// Run it with rrbroker or msgqueue, and one or more workers:
//
//	go run ./examples/rrbroker
//	go run ./examples/rrworker & go run ./examples/rrworker
//	go run ./examples/rrclient
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5559", "where the broker listens for clients")
	n := flag.Int("n", 10, "how many requests to send; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "rrclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, n int) (err error) {
	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(), zmq4.Term()) }()

	for i := 0; n == 0 || i < n; i++ {
		if _, err := client.SendContext(ctx, fmt.Sprintf("Hello %d", i), 0); err != nil {
			return err
		}
		reply, err := client.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Printf("Received reply %d: %s\n", i, reply)
	}
	return nil
}
