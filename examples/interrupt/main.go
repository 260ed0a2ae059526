// SPDX-License-Identifier: BSD-2-Clause

// Interrupt waits for a request and, on Ctrl-C, ends as a program should: what
// it waits for ends, it cleans up, and what it has sent is still delivered.
//
// In C a signal ends the call that waits, with EINTR. Here no signal does: Go
// turns it into the end of a context, which ends the call. A second Ctrl-C ends
// the program at once, should cleaning up take too long.
//
//	go run ./examples/interrupt
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5555", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // signals do again what they did before
	if err := run(ctx, *endpoint); err != nil {
		fmt.Fprintln(os.Stderr, "interrupt:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(), zmq4.Term()) }()

	fmt.Println("Waiting for requests on", endpoint)
	for n := 0; ; n++ {
		request, err := server.RecvContext(ctx, 0)
		if errors.Is(err, context.Canceled) {
			fmt.Printf("Interrupted after %d requests, cleaning up\n", n)
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println("Received", request)
		// A request that was taken is answered, whatever ctx says.
		if _, err := server.Send("World", 0); err != nil {
			return err
		}
	}
}
