// SPDX-License-Identifier: BSD-2-Clause

// Lbworker is a worker of the load-balancing broker lbbroker3.
//
// It says READY, and then answers each request. Before the request there is the
// address of the client, which it puts before the answer.
//
//	go run ./examples/lbworker -name anna -work 10ms
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5673", "the broker's backend")
	name := flag.String("name", "worker", "who signs the answers")
	work := flag.Duration("work", 0, "the time that each request takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *name, *work); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lbworker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, name string, work time.Duration) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close(), zmq4.Term()) }()
	if _, err := broker.SendContext(ctx, "READY", 0); err != nil {
		return err
	}
	for msg, err := range broker.Messages(ctx) { // client, "", request
		if err != nil {
			return err
		}
		last := len(msg) - 1
		fmt.Printf("%s: %s\n", name, msg[last])
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		msg[last] = []byte("OK from " + name)
		if _, err := broker.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
