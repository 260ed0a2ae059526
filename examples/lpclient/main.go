// SPDX-License-Identifier: BSD-2-Clause

// Lpclient is the Lazy Pirate pattern: a client that makes request-reply
// reliable by itself.
//
// It waits for each reply for a limited time. If none comes, the REQ socket is of
// no use any more, because it insists on the reply: the client closes it, opens
// another one, and sends the request again. After -retries it gives up, with
// status 1. Run it with a server that is slow and crashes:
//
//	go run ./examples/lpserver -slow 3 -crash 5
//	go run ./examples/lpclient -n 10
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
	c := &client{}
	flag.StringVar(&c.server, "server", "tcp://127.0.0.1:5555", "endpoint of the server")
	flag.DurationVar(&c.timeout, "timeout", 2500*time.Millisecond, "how long to wait for a reply")
	flag.IntVar(&c.retries, "retries", 3, "how often a request is sent again")
	n := flag.Int("n", 0, "number of requests; 0 is no end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(c.run(ctx, *n), c.disconnect(), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lpclient:", err)
		os.Exit(1)
	}
}

type client struct {
	server  string
	timeout time.Duration
	retries int

	soc *zmq4.Socket // nil if there is no connection
}

func (c *client) run(ctx context.Context, n int) error {
	for sequence := 1; n == 0 || sequence <= n; sequence++ {
		request := strconv.Itoa(sequence)
		reply, err := c.request(ctx, request)
		if err != nil {
			return err
		}
		if reply != request {
			return fmt.Errorf("reply %q to request %q", reply, request)
		}
		log.Printf("server replied OK (%s)", reply)
	}
	return nil
}

// request sends a request until there is a reply.
func (c *client) request(ctx context.Context, request string) (string, error) {
	for try := 0; ; try++ {
		reply, err := c.try(ctx, request)
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return reply, err
		}
		if err := c.disconnect(); err != nil {
			return "", err
		}
		if try == c.retries {
			return "", fmt.Errorf("server seems to be offline, abandoning request %s", request)
		}
		log.Printf("no response from server, retrying request %s", request)
	}
}

func (c *client) try(ctx context.Context, request string) (string, error) {
	if c.soc == nil {
		var err error
		if c.soc, err = zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(c.server)); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if _, err := c.soc.SendContext(ctx, request, 0); err != nil {
		return "", err
	}
	return c.soc.RecvContext(ctx, 0)
}

func (c *client) disconnect() error {
	if c.soc == nil {
		return nil
	}
	soc := c.soc
	c.soc = nil
	return soc.Close()
}
