// SPDX-License-Identifier: BSD-2-Clause

// Psenvpub publishes messages of two parts: a key, which subscribers choose by,
// and the content. So the key cannot run into the content, and the content may
// be anything.
//
// The parts of a message arrive together or not at all.
//
//	go run ./examples/psenvpub
//	go run ./examples/psenvsub
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5563", "where to publish")
	every := flag.Duration("every", time.Second, "time from one pair of messages to the next")
	n := flag.Int("n", 0, "how many pairs to publish; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *every, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "psenvpub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, every time.Duration, n int) (err error) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close(), zmq4.Term()) }()
	fmt.Fprintln(os.Stderr, "psenvpub: listening on", endpoint)

	for i := 0; n == 0 || i < n; i++ {
		if _, err := pub.SendMessageContext(ctx, "A", "We don't want to see this"); err != nil {
			return err
		}
		if _, err := pub.SendMessageContext(ctx, "B", "We would like to see this"); err != nil {
			return err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
