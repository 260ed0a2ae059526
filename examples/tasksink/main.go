// SPDX-License-Identifier: BSD-2-Clause

// Tasksink collects the results of all workers, and tells how long that took:
// with several workers, less than what the tasks cost together. Then it tells
// the workers to end. It is the Guide's tasksink and tasksink2.
//
// A PULL socket takes messages from all its peers in turn. One of them is
// "start" with the number of tasks, from taskvent.
//
// For the workers' sake, see taskwork, the control socket is an XPUB, which
// receives the subscriptions, and "READY" goes out for each.
//
// See taskvent for how to run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5558", "where to listen for results")
	control := flag.String("control", "tcp://127.0.0.1:5559", "where to listen for workers that want to know the end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *control); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "tasksink:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, control string) (err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	sink, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	controller, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(10*time.Second), zmq4.Bind(control),
		// All subscriptions, not only the first of each kind.
		zmq4.Configure("verbose", func(soc *zmq4.Socket) error { return soc.SetXpubVerbose(1) }))
	if err != nil {
		return errors.Join(err, sink.Close())
	}
	defer func() { err = errors.Join(err, sink.Close(), controller.Close(), zmq4.Term()) }()
	fmt.Fprintf(os.Stderr, "tasksink: listening on %s for results, %s for workers\n", endpoint, control)
	go func() {
		if err := greet(ctx, controller); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "tasksink:", err)
		}
	}()

	if err := collect(ctx, sink); err != nil {
		return err
	}
	_, err = controller.SendContext(ctx, "KILL", 0)
	end()
	return err
}

// greet publishes READY for each subscription.
func greet(ctx context.Context, controller *zmq4.Socket) error {
	for msg, err := range controller.Messages(ctx) {
		if err != nil {
			return err
		}
		if string(msg[0]) == "\x01" { // 1: subscribe, 0: unsubscribe, and to what
			if _, err := controller.SendContext(ctx, "READY", 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// collect receives the results of all tasks.
func collect(ctx context.Context, sink *zmq4.Socket) error {
	var start time.Time
	total, cost := -1, 0
	for count := 0; count != total; {
		msg, err := sink.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		if start.IsZero() {
			start = time.Now()
		}
		// A result may overtake "start", which comes from another peer.
		if n, ok := strings.CutPrefix(msg, "start "); ok {
			if total, err = strconv.Atoi(n); err != nil {
				return err
			}
			fmt.Printf("Expecting %d results\n", total)
			continue
		}
		ms, err := strconv.Atoi(msg)
		if err != nil {
			return err
		}
		count++
		cost += ms
		fmt.Printf("Result %d: %d ms\n", count, ms)
	}
	fmt.Printf("Collected %d results, total cost: %d ms, in %v\n", total, cost, time.Since(start).Round(time.Millisecond))
	return nil
}
