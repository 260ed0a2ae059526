// SPDX-License-Identifier: BSD-2-Clause

// Flserver1 is a server of the Freelance pattern, model one: it sends back what
// clients, see flclient1, send it. It knows nothing of other servers.
//
//	go run ./examples/flserver1 -bind tcp://127.0.0.1:5555
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
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	endpoint := flag.String("bind", "tcp://127.0.0.1:5555", "where clients connect to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx, *endpoint), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "flserver1:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	log.Print("echo service is ready at ", endpoint)
	for msg, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		if _, err := server.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
