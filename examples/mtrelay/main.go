// SPDX-License-Identifier: BSD-2-Clause

// Mtrelay signals from one goroutine to the next by PAIR sockets over inproc:
// step 1 tells step 2 that it is ready, and step 2 tells the main program.
//
// Inside a Go program a channel does that with less. Sockets are worth it where
// a step may become a process of its own: then only the endpoint changes.
//
//	go run ./examples/mtrelay
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
	steps := flag.Int("steps", 2, "how many goroutines there are in the row")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *steps); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mtrelay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, steps int) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	if err := relay(ctx, steps); err != nil {
		return err
	}
	fmt.Println("Test successful!")
	return nil
}

// relay starts the steps up to this one, and waits for their signal.
func relay(ctx context.Context, step int) (err error) {
	if step <= 0 {
		return nil
	}
	endpoint := fmt.Sprintf("inproc://step%d", step)
	receiver, err := zmq4.OpenSocket(zmq4.PAIR, zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, receiver.Close()) }()

	ctx, end := context.WithCancel(ctx)
	defer end()
	failed := make(chan error, 1)
	go func() {
		err := signalAfter(ctx, step, endpoint)
		if err != nil {
			end() // nothing will come
		}
		failed <- err
	}()
	message, err := receiver.RecvContext(ctx, 0)
	if err := <-failed; err != nil {
		return err // that is why nothing came
	}
	if err != nil {
		return err
	}
	fmt.Println(message)
	return nil
}

// signalAfter sends the signal of a step when those before it have come.
func signalAfter(ctx context.Context, step int, endpoint string) (err error) {
	if err := relay(ctx, step-1); err != nil {
		return err
	}
	sender, err := zmq4.OpenSocket(zmq4.PAIR, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	_, err = sender.SendContext(ctx, fmt.Sprintf("Step %d ready", step), 0)
	return err
}
