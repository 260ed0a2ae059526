// SPDX-License-Identifier: BSD-2-Clause

// Iterators ranges over messages. Two goroutines serve a socket each: no poller
// is needed, for a loop that waits costs no thread.
//
// A loop may be left at any message, and another one goes on with the next:
// nothing is received in advance. Messages is for messages one at a time; see
// batches for many.
//
//	go run ./examples/iterators
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"

	"github.com/seed45097122/zmq4"
)

func main() {
	n := flag.Int("n", 10, "how many messages to send to each socket")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n); err != nil {
		fmt.Fprintln(os.Stderr, "iterators:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) (err error) {
	if n < 1 {
		return fmt.Errorf("%d messages", n)
	}
	var (
		wg        sync.WaitGroup
		odd, even error
	)
	wg.Go(func() { odd = serve(ctx, "odd", 1, n) })
	wg.Go(func() { even = serve(ctx, "even", 0, n) })
	wg.Wait()
	return errors.Join(odd, even, zmq4.Term())
}

// serve receives what another goroutine sends: numbers from the first on, in
// steps of two.
func serve(ctx context.Context, name string, first, n int) (err error) {
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://"+name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pull.Close()) }()
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://"+name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()

	ctx, end := context.WithCancel(ctx)
	defer end()
	sent := make(chan error, 1)
	go func() {
		err := send(ctx, push, name, first, n)
		if err != nil {
			end() // nothing more will come
		}
		sent <- unlessCanceled(err)
	}()
	err = unlessCanceled(receive(ctx, name, pull))
	end()
	return errors.Join(err, <-sent)
}

func unlessCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func send(ctx context.Context, push *zmq4.Socket, name string, first, n int) error {
	for i := range n {
		if _, err := push.SendMessageContext(ctx, name, first+2*i); err != nil {
			return err
		}
	}
	_, err := push.SendMessageContext(ctx, "end")
	return err
}

// receive prints the first message, and how many came after that.
func receive(ctx context.Context, name string, pull *zmq4.Socket) error {
	for msg, err := range pull.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: the first is %q\n", name, msg)
		break
	}
	rest := 0
	for msg, err := range pull.Messages(ctx) {
		if err != nil {
			return err
		}
		if string(msg[0]) == "end" {
			break
		}
		rest++
	}
	fmt.Printf("%s: %d after that\n", name, rest)
	return nil
}
