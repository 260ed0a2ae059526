// SPDX-License-Identifier: BSD-2-Clause

// Syncpub publishes numbered updates that none of its subscribers misses: it
// begins when all of them are there.
//
// That a subscriber has connected does not mean that its subscription has
// arrived. So the publisher repeats "HELLO" until each subscriber has got one,
// and has said so to a REP socket. From then on a PUB socket would still drop
// what a slow subscriber has no room for; with XPUB_NODROP it waits. Use tcp:
// over ipc libzmq may lose the last ones of these, see docs/troubleshooting.md.
//
// Run it with as many subscribers as it waits for:
//
//	go run ./examples/syncpub -subscribers 2
//	go run ./examples/syncsub & go run ./examples/syncsub
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5561", "where to publish")
	sync := flag.String("sync", "tcp://127.0.0.1:5562", "where subscribers say that they are ready")
	subscribers := flag.Int("subscribers", 1, "how many subscribers to wait for")
	n := flag.Int("n", 100_000, "how many updates to publish")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *sync, *subscribers, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "syncpub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, sync string, subscribers, n int) (err error) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint),
		zmq4.Configure("no drop", func(soc *zmq4.Socket) error { return soc.SetXpubNodrop(true) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close(), zmq4.Term()) }()

	// The port, if it was given as *.
	if endpoint, err = pub.GetLastEndpoint(); err != nil {
		return err
	}
	fmt.Println("Publishing on", endpoint)

	greeting, greeted := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- greet(greeting, pub)
		greeted()
	}()
	err = await(greeting, sync, subscribers)
	greeted()
	if err := <-done; err != nil {
		return err // that is why await was canceled
	}
	if err != nil {
		return err
	}

	fmt.Println("Broadcasting")
	for i := range n {
		if _, err := pub.SendContext(ctx, strconv.Itoa(i), 0); err != nil {
			return err
		}
	}
	_, err = pub.SendContext(ctx, "END", 0)
	return err
}

// greet publishes HELLO again and again until ctx is done.
func greet(ctx context.Context, pub *zmq4.Socket) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		// A subscriber that is slow needs no second one.
		if _, err := pub.Send("HELLO", zmq4.DONTWAIT); err != nil && !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// await waits until as many subscribers are ready.
func await(ctx context.Context, endpoint string, subscribers int) (err error) {
	ready, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ready.Close()) }()
	if endpoint, err = ready.GetLastEndpoint(); err != nil {
		return err
	}
	fmt.Printf("Waiting for %d subscribers on %s\n", subscribers, endpoint)
	for i := range subscribers {
		if _, err := ready.RecvContext(ctx, 0); err != nil {
			return err
		}
		if _, err := ready.SendContext(ctx, "", 0); err != nil {
			return err
		}
		fmt.Printf("%d of %d ready\n", i+1, subscribers)
	}
	return nil
}
