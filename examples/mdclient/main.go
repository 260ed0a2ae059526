// SPDX-License-Identifier: BSD-2-Clause

// Mdclient sends requests to a service, one after another, and waits for each
// reply. It is a client of the Majordomo Protocol: see mdbroker.
//
// If no reply comes in time, it sends the request again over a new connection;
// after -tries it gives up, with status 1.
//
//	go run ./examples/mdclient -service echo -n 1000
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
	client := &mdp.Client{Logf: log.Printf}
	flag.StringVar(&client.Broker, "broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	flag.DurationVar(&client.Timeout, "timeout", 2500*time.Millisecond, "how long to wait for a reply before trying again")
	flag.IntVar(&client.Tries, "tries", 3, "how often a request is sent")
	service := flag.String("service", "echo", "name of the service")
	n := flag.Int("n", 1000, "number of requests")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx, client, *service, *n), client.Close(), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mdclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, client *mdp.Client, service string, n int) error {
	for i := range n {
		request := fmt.Sprint("Hello ", i)
		reply, err := client.Request(ctx, service, []byte(request))
		if err != nil {
			return err
		}
		if string(reply[0]) != request {
			return fmt.Errorf("reply %q to %q", reply, request)
		}
	}
	log.Printf("%d requests, %d replies", n, n)
	return nil
}
