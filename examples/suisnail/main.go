// SPDX-License-Identifier: BSD-2-Clause

// Suisnail is the Suicidal Snail: a subscriber that finds out that it is too slow
// and stops, rather than work on messages that are older and older, or miss some
// without a trace.
//
// The publisher puts the time into each message, and the subscriber compares it
// with its clock, which has to be the same. Here the work takes longer than there
// is time for it, so that the subscriber falls behind.
//
//	go run ./examples/suisnail
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
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	endpoint = flag.String("endpoint", "tcp://127.0.0.1:5556", "where to publish")
	every    = flag.Duration("every", time.Millisecond, "time from one message to the next")
	work     = flag.Duration("work", 3*time.Millisecond, "how long the subscriber works on a message")
	late     = flag.Duration("late", time.Second, "the age of a message at which the subscriber gives up")
	count    = flag.Int("n", 0, "how many messages to receive; 0 is no end")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("suisnail: ")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run ends with the subscriber.
func run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var publisher sync.WaitGroup
	publisher.Go(func() {
		if err := publish(ctx); err != nil {
			cancel(err)
		}
	})
	cancel(subscribe(ctx))
	publisher.Wait()
	return context.Cause(ctx)
}

func publish(ctx context.Context) (err error) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for {
		if _, err := pub.SendContext(ctx, strconv.FormatInt(time.Now().UnixNano(), 10), 0); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func subscribe(ctx context.Context) (err error) {
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""), zmq4.Connect(*endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	for n := 1; ; n++ {
		text, err := sub.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		sent, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		if age := time.Since(time.Unix(0, sent)); age > *late {
			fmt.Printf("the subscriber cannot keep up: message %d is %v old\n", n, age.Round(time.Millisecond))
			return nil
		}
		if n == *count {
			fmt.Printf("the subscriber kept up with %d messages\n", n)
			return nil
		}
		select {
		case <-time.After(*work):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
