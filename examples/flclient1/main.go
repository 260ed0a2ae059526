// SPDX-License-Identifier: BSD-2-Clause

// Flclient1 is a client of the Freelance pattern, model one: without a broker, it
// tries one server after another until one replies.
//
// For each it waits for -timeout. If it knows one server only, it tries that one
// -tries times. A dead server costs every request the time to wait for it: see
// flclient2 and flclient3 for what can be done about that.
//
//	go run ./examples/flserver1 -bind tcp://127.0.0.1:5556
//	go run ./examples/flclient1 tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	timeout := flag.Duration("timeout", time.Second, "how long to wait for a reply")
	tries := flag.Int("tries", 3, "how often to try if there is one server only")
	flag.Parse()
	servers := flag.Args()
	if len(servers) == 0 {
		servers = []string{"tcp://127.0.0.1:5555"}
	}
	if len(servers) == 1 {
		servers = slices.Repeat(servers, max(*tries, 1))
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx, servers, *timeout), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "flclient1:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers []string, timeout time.Duration) error {
	for _, server := range servers {
		log.Printf("trying echo service at %s", server)
		reply, err := try(ctx, server, "Hello world", timeout)
		if err == nil {
			log.Printf("service replied %q", reply)
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		log.Printf("no response from %s", server)
	}
	return errors.New("no server replied")
}

// try sends a request to one server and waits for the reply.
func try(ctx context.Context, server, request string, timeout time.Duration) (reply string, err error) {
	soc, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(100*time.Millisecond), zmq4.Connect(server))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := soc.SendContext(ctx, request, 0); err != nil {
		return "", err
	}
	return soc.RecvContext(ctx, 0)
}
