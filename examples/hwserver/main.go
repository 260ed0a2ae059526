// SPDX-License-Identifier: BSD-2-Clause

// Hwserver answers each "Hello" with "World": the smallest server there is.
//
// A REP socket takes turns: it receives a request, of whichever client is next,
// and sends the reply, which goes to that client. It serves any number of
// clients, one request at a time.
//
// Run it with one or more clients, in any order:
//
//	go run ./examples/hwserver
//	go run ./examples/hwclient
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5555", "where to listen")
	work := flag.Duration("work", 100*time.Millisecond, "how long a request takes")
	n := flag.Int("n", 0, "how many requests to answer; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *work, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "hwserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, work time.Duration, n int) (err error) {
	// Linger: how long to try to deliver what was sent, after Close.
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	// Term waits for that.
	defer func() { err = errors.Join(err, server.Close(), zmq4.Term()) }()
	fmt.Fprintln(os.Stderr, "hwserver: listening on", endpoint)

	for i := 0; n == 0 || i < n; i++ {
		request, err := server.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Println("Received", request)
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := server.SendContext(ctx, "World", 0); err != nil {
			return err
		}
	}
	return nil
}
