// SPDX-License-Identifier: BSD-2-Clause

// Sharedsocket is mtserver with a single socket, which all workers share.
//
// Any goroutine may use any socket, and a message is received and sent whole.
// So the workers take requests straight from the ROUTER socket, each with the
// identity of its client, and send their replies there, in any order: there is
// no second socket and no proxy. A REQ client puts an empty part between the
// identity and the request; it goes back as it came.
//
//	go run ./examples/sharedsocket
//	go run ./examples/hwclient & go run ./examples/hwclient
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5555", "where to listen")
	workers := flag.Int("workers", 5, "how many workers there are")
	work := flag.Duration("work", time.Second, "how long a request takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *workers, *work); err != nil {
		fmt.Fprintln(os.Stderr, "sharedsocket:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, workers int, work time.Duration) (err error) {
	clients, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close(), zmq4.Term()) }()
	fmt.Fprintln(os.Stderr, "sharedsocket: listening on", endpoint)

	ctx, end := context.WithCancel(ctx)
	defer end()
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for i := range workers {
		wg.Go(func() {
			if errs[i] = serve(ctx, clients, i, work); errs[i] != nil {
				end() // the others, too
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// serve answers requests until ctx is done.
func serve(ctx context.Context, clients *zmq4.Socket, id int, work time.Duration) error {
	for msg, err := range clients.Messages(ctx) {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(msg) < 2 {
			continue // not a request
		}
		last := len(msg) - 1
		fmt.Printf("Worker %d received %s\n", id, msg[last])
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return nil
		}
		if _, err := clients.SendMessage(msg[:last], "World"); err != nil {
			return err
		}
	}
	return nil
}
