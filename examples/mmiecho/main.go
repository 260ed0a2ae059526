// SPDX-License-Identifier: BSD-2-Clause

// Mmiecho asks the broker of the Majordomo Protocol, see mdbroker, whether there
// is a worker for a service: by the service mmi.service, which the broker gives
// itself. The reply is 200 if there is one, 404 if there is none, and 501 for
// another name that starts with "mmi.".
//
//	go run ./examples/mmiecho echo
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
	ask := flag.String("ask", mdp.ServiceLookup, "the service that is asked")
	flag.Parse()
	services := flag.Args()
	if len(services) == 0 {
		services = []string{"echo"}
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx, client, *ask, services), client.Close(), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mmiecho:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, client *mdp.Client, ask string, services []string) error {
	for _, service := range services {
		reply, err := client.Request(ctx, ask, []byte(service))
		if err != nil {
			return err
		}
		log.Printf("%s %s: %s", ask, service, reply[0])
	}
	return nil
}
