// SPDX-License-Identifier: BSD-2-Clause

// Espresso makes a pub-sub network visible: a proxy between a publisher and a
// subscriber hands a copy of all that passes it to a listener, which prints it.
//
// The publisher sends letters and numbers. The subscriber wants A and B, takes
// some messages, and leaves. The listener shows that a publisher sends nothing
// that nobody subscribed to, and that subscriptions are messages, too, which go
// the other way: a byte 1, or 0 to end one, and then the filter.
//
//	go run ./examples/espresso
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	frontend = flag.String("frontend", "tcp://127.0.0.1:6000", "where the publisher is")
	backend  = flag.String("backend", "tcp://127.0.0.1:6001", "where the proxy publishes")
	count    = flag.Int("n", 5, "how many messages the subscriber takes; 0 is no end")
	every    = flag.Duration("every", 10*time.Millisecond, "time from one message to the next")
	seed     = flag.Uint64("seed", 1, "of the random letters and numbers")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("espresso: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run ends with the first of the parts that ends: the listener, or one that fails.
func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	listener, err := zmq4.OpenSocket(zmq4.PAIR, zmq4.Bind("inproc://listener"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listener.Close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{publish, proxy, subscribe} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	cancel(listen(ctx, listener))
	parts.Wait()
	return context.Cause(ctx)
}

func publish(ctx context.Context) (err error) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(*frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	random := rand.New(rand.NewPCG(*seed, 0))
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for {
		text := fmt.Sprintf("%c-%05d", 'A'+random.IntN(10), random.IntN(100000))
		if _, err := pub.SendContext(ctx, text, 0); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func proxy(ctx context.Context) (err error) {
	xsub, err := zmq4.OpenSocket(zmq4.XSUB, zmq4.Connect(*frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, xsub.Close()) }()
	xpub, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(time.Second), zmq4.Bind(*backend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, xpub.Close()) }()
	capture, err := zmq4.OpenSocket(zmq4.PAIR, zmq4.Linger(0), zmq4.Connect("inproc://listener"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, capture.Close()) }()
	return zmq4.ProxyContext(ctx, xsub, xpub, capture)
}

func subscribe(ctx context.Context) (err error) {
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe("A", "B"), zmq4.Connect(*backend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	for n := 0; *count == 0 || n < *count; n++ {
		text, err := sub.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Println("received", text)
	}
	return nil // the connection ends, and the subscriptions with it
}

// listen prints what passes the proxy, until there is no subscription left.
func listen(ctx context.Context, pair *zmq4.Socket) error {
	for subscriptions := 0; ; {
		msg, err := pair.RecvBytesContext(ctx, 0)
		if err != nil {
			return err
		}
		switch {
		case len(msg) > 0 && msg[0] == 1:
			fmt.Printf("passed: subscribe to %s\n", msg[1:])
			subscriptions++
		case len(msg) > 0 && msg[0] == 0:
			fmt.Printf("passed: unsubscribe from %s\n", msg[1:])
			if subscriptions--; subscriptions == 0 {
				return nil
			}
		default:
			fmt.Printf("passed: %s\n", msg)
		}
	}
}
