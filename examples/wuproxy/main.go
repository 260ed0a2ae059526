// SPDX-License-Identifier: BSD-2-Clause

// Wuproxy brings the weather of wuserver to another network: it subscribes at
// the publisher to what its own subscribers want, and passes that on.
//
// XSUB and XPUB are SUB and PUB that show subscriptions as messages: the proxy
// receives them from its subscribers, and sends them to the publisher. If two
// want the same, it still comes once from the publisher.
//
// Run it with wuserver, and subscribers that connect to it:
//
//	go run ./examples/wuserver
//	go run ./examples/wuproxy
//	go run ./examples/wuclient -endpoint tcp://127.0.0.1:8100
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
	publisher := flag.String("publisher", "tcp://127.0.0.1:5556", "where the publisher is")
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:8100", "where to listen for subscribers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *publisher, *endpoint); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "wuproxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, publisher, endpoint string) (err error) {
	upstream, err := zmq4.OpenSocket(zmq4.XSUB, zmq4.Linger(time.Second), zmq4.Connect(publisher))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upstream.Close(), zmq4.Term()) }()
	downstream, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, downstream.Close()) }()
	fmt.Fprintln(os.Stderr, "wuproxy: listening on", endpoint)

	return zmq4.ProxyContext(ctx, upstream, downstream, nil)
}
