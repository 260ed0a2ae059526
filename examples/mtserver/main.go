// SPDX-License-Identifier: BSD-2-Clause

// Mtserver is hwserver with several workers, so that a slow request does not
// hold up others.
//
// It is the broker of msgqueue in one program: the workers are goroutines with
// a REP socket each, which connect over inproc, a transport inside the program.
// They could move to other machines with no other change than the endpoint.
// Where that is not wanted sharedsocket does the same with one socket.
//
//	go run ./examples/mtserver
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
	if err := run(ctx, *endpoint, *workers, *work); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mtserver:", err)
		os.Exit(1)
	}
}

const inproc = "inproc://workers"

func run(ctx context.Context, endpoint string, workers int, work time.Duration) (err error) {
	clients, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close(), zmq4.Term()) }()
	backend, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Bind(inproc))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	fmt.Fprintln(os.Stderr, "mtserver: listening on", endpoint)

	ctx, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	for i := range workers {
		wg.Go(func() {
			if err := serve(ctx, i, work); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "mtserver:", err)
			}
		})
	}
	return zmq4.ProxyContext(ctx, clients, backend, nil)
}

func serve(ctx context.Context, id int, work time.Duration) (err error) {
	worker, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(time.Second), zmq4.Connect(inproc))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, worker.Close()) }()
	fmt.Printf("Worker %d is ready\n", id)
	for {
		request, err := worker.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Printf("Worker %d received %s\n", id, request)
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := worker.SendContext(ctx, "World", 0); err != nil {
			return err
		}
	}
}
