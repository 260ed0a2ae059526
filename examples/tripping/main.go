// SPDX-License-Identifier: BSD-2-Clause

// Tripping measures what waiting costs: a client sends the same requests by way
// of a broker to a worker twice, first waiting for each reply before it sends the
// next request, then sending them all while the replies come.
//
// A round trip takes the time of two passages through the broker, in which the
// first client does nothing. That is why mdclient2 is so much faster than mdclient.
//
//	go run ./examples/tripping -n 10000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	front := flag.String("frontend", "tcp://127.0.0.1:5555", "where the client connects to")
	back := flag.String("backend", "tcp://127.0.0.1:5556", "where the worker connects to")
	n := flag.Int("n", 10_000, "how many requests to send each way")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *front, *back, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "tripping:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, front, back string, n int) (err error) {
	// A ROUTER drops what is over its high-water mark.
	frontend, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.HighWaterMarks(0, 0), zmq4.Linger(0), zmq4.Bind(front))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frontend.Close(), zmq4.Term()) }()
	backend, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(0), zmq4.Bind(back))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()

	// The first that ends, by an error or since the client is done, ends all.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var serving sync.WaitGroup
	serving.Go(func() { cancel(zmq4.ProxyContext(ctx, frontend, backend, nil)) })
	serving.Go(func() { cancel(worker(ctx, back)) })
	cancel(client(ctx, front, n))
	serving.Wait()
	return context.Cause(ctx)
}

// worker sends back what it receives. It returns only with an error.
func worker(ctx context.Context, endpoint string) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(0), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	for msg, err := range soc.Messages(ctx) {
		if err != nil {
			return err
		}
		if _, err := soc.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}

func client(ctx context.Context, endpoint string, n int) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(0), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()

	// The first one also waits until all connections are made.
	if err := errors.Join(request(ctx, soc, 0), reply(ctx, soc, 0)); err != nil {
		return err
	}
	start := time.Now()
	for i := range n {
		if err := errors.Join(request(ctx, soc, i), reply(ctx, soc, i)); err != nil {
			return err
		}
	}
	report("one at a time", n, start)

	start = time.Now()
	sent := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < n && err == nil; i++ {
			err = request(ctx, soc, i)
		}
		sent <- err
	}()
	for i := range n {
		if err := reply(ctx, soc, i); err != nil {
			return err
		}
	}
	report("all at once", n, start)
	return <-sent
}

func request(ctx context.Context, soc *zmq4.Socket, i int) error {
	_, err := soc.SendContext(ctx, strconv.Itoa(i), 0)
	return err
}

func reply(ctx context.Context, soc *zmq4.Socket, i int) error {
	text, err := soc.RecvContext(ctx, 0)
	if err == nil && text != strconv.Itoa(i) {
		err = fmt.Errorf("reply %q to request %d", text, i)
	}
	return err
}

func report(how string, n int, start time.Time) {
	fmt.Printf("%s: %d round trips, %.0f per second\n", how, n, float64(n)/time.Since(start).Seconds())
}
