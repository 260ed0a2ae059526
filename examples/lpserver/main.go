// SPDX-License-Identifier: BSD-2-Clause

// Lpserver is a server for the Lazy Pirate pattern, see lpclient: it replies
// with the request, but can be made slow, and crash.
//
// At request -slow it waits for -delay before it replies, and at request -crash
// it ends at once, with status 1 and without a reply:
//
//	go run ./examples/lpserver -slow 3 -crash 5
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

var (
	endpoint = flag.String("bind", "tcp://127.0.0.1:5555", "where clients connect to")
	slow     = flag.Int("slow", 0, "number of the request that takes long; 0 is none")
	delay    = flag.Duration("delay", 4*time.Second, "how long it takes")
	crash    = flag.Int("crash", 0, "number of the request at which to crash; 0 is none")
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lpserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(time.Second), zmq4.Bind(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintln(os.Stderr, "lpserver: listening on", *endpoint)
	for cycle := 1; ; cycle++ {
		request, err := server.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		log.Printf("request (%s)", request)
		switch cycle {
		case *crash:
			log.Print("simulating a crash")
			os.Exit(1)
		case *slow:
			log.Print("simulating CPU overload")
			select {
			case <-time.After(*delay):
			case <-ctx.Done():
				return nil
			}
		}
		if _, err := server.SendContext(ctx, request, 0); err != nil {
			return err
		}
	}
}
