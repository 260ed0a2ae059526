// SPDX-License-Identifier: BSD-2-Clause

// Lbclient is a client of the load-balancing broker lbbroker3: it sends
// requests, one after the other, and prints the answers.
//
//	go run ./examples/lbclient -n 10
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5672", "the broker's frontend")
	n := flag.Int("n", 10, "number of requests; with 0 or less it goes on until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lbclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, n int) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close(), zmq4.Term()) }()
	for i := 1; i <= n || n <= 0; i++ {
		if _, err := broker.SendContext(ctx, fmt.Sprintf("HELLO %d", i), 0); err != nil {
			return err
		}
		answer, err := broker.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Printf("request %d: %s\n", i, answer)
	}
	return nil
}
