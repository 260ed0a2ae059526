// SPDX-License-Identifier: BSD-2-Clause

// Flserver3 is a server of the Freelance pattern, model three, which is the
// Freelance Protocol, https://rfc.zeromq.org/spec/10. See flclient3.
//
// It has a ROUTER socket whose identity is the endpoint that clients connect to.
// It answers "PING" with "PONG", and any other request by its first part,
// "OK" and its own endpoint.
//
//	go run ./examples/flserver3 -bind tcp://127.0.0.1:5555
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
	endpoint := flag.String("bind", "tcp://127.0.0.1:5555", "where to listen")
	public := flag.String("public", "", "where clients connect to, if that is something else")
	flag.Parse()
	if *public == "" {
		*public = *endpoint
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx, *endpoint, *public), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "flserver3:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, public string) (err error) {
	server, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Identity(public), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	log.Print("service is ready at ", endpoint)
	for msg, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		switch client, frames := msg[0], msg[1:]; {
		case len(frames) == 1 && string(frames[0]) == "PING":
			_, err = server.SendMessageContext(ctx, client, "PONG")
		case len(frames) >= 2:
			_, err = server.SendMessageContext(ctx, client, frames[0], "OK", public)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
