// SPDX-License-Identifier: BSD-2-Clause

// Hwclient says "Hello" to a server and waits for its "World", ten times.
//
// A REQ socket takes turns: it sends a request and receives the reply. The
// server need not be there yet: libzmq connects in the background, and again
// if the connection is lost.
//
// See hwserver:
//
//	go run ./examples/hwserver
//	go run ./examples/hwclient
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5555", "where the server is")
	n := flag.Int("n", 10, "how many requests to send; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "hwclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, n int) (err error) {
	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(), zmq4.Term()) }()

	for i := 0; n == 0 || i < n; i++ {
		fmt.Println("Sending Hello", i)
		if _, err := client.SendContext(ctx, "Hello", 0); err != nil {
			return err
		}
		reply, err := client.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Println("Received", reply, i)
	}
	return nil
}
