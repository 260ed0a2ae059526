// SPDX-License-Identifier: BSD-2-Clause

// Flclient3 is a client of the Freelance pattern, model three: it knows by pings
// which servers live, and sends each request to the first of them. If that one
// dies, the request goes to the next.
//
// The work is done by package internal/flcliapi. The program ends with status 1 if
// a request was not replied to in -timeout.
//
//	go run ./examples/flserver3 -bind tcp://127.0.0.1:5555
//	go run ./examples/flserver3 -bind tcp://127.0.0.1:5556
//	go run ./examples/flclient3 -n 1000 tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
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
	"github.com/seed45097122/zmq4/examples/internal/flcliapi"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	timeout := flag.Duration("timeout", 10*time.Second, "how long to wait for a reply of any server")
	ping := flag.Duration("ping", 2*time.Second, "time between pings; a server is dead after three")
	n := flag.Int("n", 1000, "number of requests; 0 is no end")
	flag.Parse()
	servers := flag.Args()
	if len(servers) == 0 {
		servers = []string{"tcp://127.0.0.1:5555", "tcp://127.0.0.1:5556", "tcp://127.0.0.1:5557"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx, servers, *n, *ping, *timeout), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "flclient3:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers []string, n int, ping, timeout time.Duration) (err error) {
	client, err := flcliapi.New(ping)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, server := range servers {
		if err := client.Connect(server); err != nil {
			return err
		}
	}
	last := ""
	for i := 1; n == 0 || i <= n; i++ {
		server, err := request(ctx, client, timeout)
		if err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		if server != last {
			log.Printf("request %d is served by %s", i, server)
			last = server
		}
	}
	log.Printf("%d requests, %d replies", n, n)
	return nil
}

// request returns which server has replied.
func request(ctx context.Context, client *flcliapi.Client, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	reply, err := client.Request(ctx, []byte("random name"))
	if err != nil {
		return "", err
	}
	if len(reply) != 2 || string(reply[0]) != "OK" {
		return "", fmt.Errorf("reply %q", reply)
	}
	return string(reply[1]), nil
}
