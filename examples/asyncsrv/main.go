// SPDX-License-Identifier: BSD-2-Clause

// Asyncsrv is a server that answers each request with any number of replies, at
// any time, and clients that do not wait for one before they send the next.
//
// DEALER clients talk to the ROUTER socket of the server. A proxy deals what
// comes there out to the workers, DEALER sockets too, and passes back what
// they reply: the client's identity before each message says whose it is. In
// this demonstration a request says how many replies it wants, 0 to 4, so that
// a client knows when it has all of them.
//
// A client sends in one goroutine and receives in another, on one socket.
//
//	go run ./examples/asyncsrv -clients 3 -workers 5 -n 10
//
// It ends when all clients have had their replies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
)

const (
	workersEndpoint = "inproc://workers"
	maxReplies      = 4
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5570", "where the clients connect to")
	clients := flag.Int("clients", 3, "number of clients")
	workers := flag.Int("workers", 5, "number of workers, at least 1")
	n := flag.Int("n", 10, "number of requests of each client")
	interval := flag.Duration("interval", 100*time.Millisecond, "time between two requests of a client")
	work := flag.Duration("work", 100*time.Millisecond, "the longest time that a reply takes")
	seed := flag.Uint64("seed", 1, "for the numbers of replies")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *clients, max(*workers, 1), *n, *interval, *work, *seed); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "asyncsrv:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, clients, workers, n int, interval, work time.Duration, seed uint64) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	// The first that fails ends all, and so do clients that are all content.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var asking, serving sync.WaitGroup
	serving.Go(func() { cancel(serve(ctx, endpoint, workers, work)) })
	for i := range clients {
		asking.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(i)))
			if err := client(ctx, endpoint, fmt.Sprintf("client-%d", i+1), n, interval, dice); err != nil {
				cancel(err)
			}
		})
	}
	asking.Wait()
	cancel(nil)
	serving.Wait()
	return context.Cause(ctx)
}

func client(ctx context.Context, endpoint, name string, n int, interval time.Duration, dice *rand.Rand) (err error) {
	server, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Identity(name), zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	wanted := make([]int, max(n, 0)) // number of replies to each request
	total := 0
	for i := range wanted {
		wanted[i] = dice.IntN(maxReplies + 1)
		total += wanted[i]
	}

	sent := make(chan error, 1)
	go func() {
		for i, replies := range wanted {
			if i > 0 {
				select {
				case <-time.After(interval):
				case <-ctx.Done(): // which the next call tells
				}
			}
			if _, err := server.SendMessageContext(ctx, i, replies); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	left := slices.Clone(wanted) // what of them has not come yet
	for range total {
		msg, err := server.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		i, err := strconv.Atoi(string(msg[0]))
		if err != nil || i < 0 || i >= len(left) || left[i] == 0 {
			return fmt.Errorf("%s: a reply that nobody wants: %q", name, msg)
		}
		left[i]--
		fmt.Printf("%s: request %d: %s\n", name, i, msg[len(msg)-1])
	}
	if err := <-sent; err != nil {
		return err
	}
	fmt.Printf("%s: %d requests, %d replies\n", name, len(wanted), total)
	return nil
}

func serve(ctx context.Context, endpoint string, workers int, work time.Duration) (err error) {
	frontend, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frontend.Close()) }()
	backend, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Bind(workersEndpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var crew sync.WaitGroup
	var replies atomic.Int64
	for range workers {
		crew.Go(func() { cancel(worker(ctx, work, &replies)) })
	}
	cancel(zmq4.ProxyContext(ctx, frontend, backend, nil))
	crew.Wait()
	fmt.Printf("server: %d replies\n", replies.Load())
	return context.Cause(ctx)
}

// worker returns only with an error.
func worker(ctx context.Context, work time.Duration, replies *atomic.Int64) (err error) {
	proxy, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(workersEndpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	for msg, err := range proxy.Messages(ctx) { // client, number of the request, number of replies
		if err != nil {
			return err
		}
		if len(msg) != 3 {
			continue // not a request of ours
		}
		n, err := strconv.Atoi(string(msg[2]))
		if err != nil || n > maxReplies {
			continue
		}
		for i := range n {
			select {
			case <-time.After(rand.N(max(work, 1))):
			case <-ctx.Done():
				return ctx.Err()
			}
			replies.Add(1)
			if _, err := proxy.SendMessageContext(ctx, msg[:2], fmt.Sprintf("reply %d of %d", i+1, n)); err != nil {
				return err
			}
		}
	}
	return nil
}
