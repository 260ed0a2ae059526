// SPDX-License-Identifier: BSD-2-Clause

// Syncsub subscribes to syncpub, tells it when it is ready, and counts the
// updates: all of them have to come, in order.
//
// See syncpub for how to run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5561", "where the publisher is")
	sync := flag.String("sync", "tcp://127.0.0.1:5562", "where to say that this subscriber is ready")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *sync); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "syncsub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, sync string) (err error) {
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(""), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close(), zmq4.Term()) }()

	// Something has come, so the subscription is in force.
	if _, err := sub.RecvContext(ctx, 0); err != nil {
		return err
	}
	if err := report(ctx, sync); err != nil {
		return err
	}

	for next := 0; ; {
		update, err := sub.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		switch update {
		case "HELLO": // meant for others
		case "END":
			fmt.Printf("Received %d updates\n", next)
			return nil
		case strconv.Itoa(next):
			next++
		default:
			return fmt.Errorf("update %q, want %d", update, next)
		}
	}
}

// report tells the publisher that this subscriber is ready.
func report(ctx context.Context, endpoint string) (err error) {
	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if _, err := client.SendContext(ctx, "", 0); err != nil {
		return err
	}
	_, err = client.RecvContext(ctx, 0)
	return err
}
