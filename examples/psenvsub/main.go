// SPDX-License-Identifier: BSD-2-Clause

// Psenvsub subscribes to the messages of psenvpub with one key.
//
//	go run ./examples/psenvpub
//	go run ./examples/psenvsub -key B
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5563", "where the publisher is")
	key := flag.String("key", "B", "what to subscribe to")
	n := flag.Int("n", 0, "how many messages to receive; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *key, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "psenvsub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, key string, n int) (err error) {
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(key), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close(), zmq4.Term()) }()

	for i := 0; n == 0 || i < n; i++ {
		msg, err := sub.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		if len(msg) != 2 {
			return fmt.Errorf("message of %d parts", len(msg))
		}
		fmt.Printf("[%s] %s\n", msg[0], msg[1])
	}
	return nil
}
