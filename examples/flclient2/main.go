// SPDX-License-Identifier: BSD-2-Clause

// Flclient2 is a client of the Freelance pattern, model two: it sends each
// request to all servers, and takes the reply that comes first.
//
// Requests and replies have a sequence number, so that it can tell replies to
// earlier requests, which it drops. It notices nothing of servers that die, as
// long as one of them lives; the price is that all do the same work.
//
//	go run ./examples/flserver2 -bind tcp://127.0.0.1:5555
//	go run ./examples/flserver2 -bind tcp://127.0.0.1:5556
//	go run ./examples/flclient2 -n 10000 tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	timeout := flag.Duration("timeout", 2500*time.Millisecond, "how long to wait for a reply")
	n := flag.Int("n", 10_000, "number of requests; 0 is no end")
	flag.Parse()
	servers := flag.Args()
	if len(servers) == 0 {
		servers = []string{"tcp://127.0.0.1:5555"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx, servers, *n, *timeout), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "flclient2:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers []string, n int, timeout time.Duration) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(100*time.Millisecond), zmq4.Connect(servers...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	began := time.Now()
	for sequence := 1; n == 0 || sequence <= n; sequence++ {
		if err := request(ctx, soc, len(servers), sequence, timeout); err != nil {
			return fmt.Errorf("request %d: %w", sequence, err)
		}
		if sequence%1000 == 0 || sequence == n {
			log.Printf("%d replies, one takes %v", sequence, time.Since(began)/time.Duration(sequence))
		}
	}
	return nil
}

func request(ctx context.Context, soc *zmq4.Socket, servers, sequence int, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	number := strconv.Itoa(sequence)
	// A DEALER sends to its peers in turn. The empty part is what REP expects.
	for range servers {
		if _, err := soc.SendMessageContext(ctx, "", number, "random name"); err != nil {
			return err
		}
	}
	for msg, err := range soc.Messages(ctx) {
		if err != nil {
			return err
		}
		if len(msg) == 3 && string(msg[1]) == number && string(msg[2]) == "OK" {
			return nil
		} // else it replies to an earlier request
	}
	return nil
}
