// SPDX-License-Identifier: BSD-2-Clause

// Mdclient2 sends all its requests to a service without waiting, and then
// collects the replies. It is an asynchronous client of the Majordomo
// Protocol, see mdbroker: many times as fast as mdclient, but it does not send a
// request again.
//
//	go run ./examples/mdclient2 -service echo -n 100000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/majordomo/mdp"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	broker := flag.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	service := flag.String("service", "echo", "name of the service")
	n := flag.Int("n", 100_000, "number of requests")
	timeout := flag.Duration("timeout", time.Minute, "how long to wait for all replies")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx, *broker, *service, *n, *timeout), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mdclient2:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker, service string, n int, timeout time.Duration) (err error) {
	client, err := mdp.NewAsyncClient(broker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// One goroutine sends while this one receives: neither queue fills up.
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			if err := client.Send(ctx, service, fmt.Append(nil, i)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	replies := make(map[string]bool, n)
	for range n {
		_, reply, err := client.Recv(ctx)
		if err != nil {
			return fmt.Errorf("after %d replies: %w", len(replies), err)
		}
		replies[string(reply[0])] = true
	}
	log.Printf("%d requests, %d different replies", n, len(replies))
	return <-sent
}
