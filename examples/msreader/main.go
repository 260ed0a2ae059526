// SPDX-License-Identifier: BSD-2-Clause

// Msreader reads from two sockets by looking at both in turn, without waiting.
//
// With DONTWAIT a receive returns EAGAIN where it would have to wait. That gives
// one socket priority over the other: here tasks go before weather. But while
// there is nothing to do the program has to sleep, for how long is a guess, and
// what comes meanwhile waits. See mspoller and channels for better ways.
//
// Run it with what it reads from:
//
//	go run ./examples/taskvent -sink ""
//	go run ./examples/wuserver
//	go run ./examples/msreader
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	vent := flag.String("vent", "tcp://127.0.0.1:5557", "where the tasks come from")
	weather := flag.String("weather", "tcp://127.0.0.1:5556", "where the weather comes from")
	zip := flag.String("zip", "10001", "the ZIP code")
	n := flag.Int("n", 0, "end after as many of each; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *vent, *weather, *zip, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "msreader:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, vent, weather, zip string, n int) (err error) {
	tasks, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Connect(vent))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tasks.Close(), zmq4.Term()) }()
	updates, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(zip+" "), zmq4.Connect(weather))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, updates.Close()) }()

	for t, u := 0, 0; n == 0 || t < n || u < n; {
		count, err := drain(tasks, "task")
		if err != nil {
			return err
		}
		t += count
		if count, err = drain(updates, "weather"); err != nil {
			return err
		}
		u += count
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// drain prints the messages that are there, and returns how many.
func drain(soc *zmq4.Socket, what string) (n int, err error) {
	for ; ; n++ {
		msg, err := soc.Recv(zmq4.DONTWAIT)
		if errors.Is(err, syscall.EAGAIN) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		fmt.Printf("%s: %s\n", what, msg)
	}
}
