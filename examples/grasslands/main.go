// SPDX-License-Identifier: BSD-2-Clause

// Grasslands is the first of five ways to protect a server: not at all.
//
// The server takes every client, from anywhere, whatever it says about itself,
// and what they say crosses the network in clear text. That is what sockets do
// by default. It is right for inproc, for ipc in a private directory, and for
// networks where nobody else is.
//
//	go run ./examples/grasslands
//
// It ends by itself. The next one is strawhouse.
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
	"github.com/seed45097122/zmq4/examples/internal/houses"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:9000", "where the server binds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "grasslands:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()

	server, err := zctx.OpenSocket(zmq4.REP, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(), zmq4.Term()) }()
	house, err := houses.Open(ctx, zctx, server, "User-Id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()

	answer, err := house.Ask()
	if err != nil {
		return err
	}
	fmt.Println("Anybody:", answer)
	return nil
}
