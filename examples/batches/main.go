// SPDX-License-Identifier: BSD-2-Clause

// Batches sends the same small messages twice, one at a time and in batches,
// and prints what that saves.
//
// A call into libzmq costs about as much as a small message does. SendBatch and
// RecvBatch handle many messages in few calls: RecvBatch waits for one message
// and takes those that are there behind it, so that it waits for no batch to
// fill up.
//
//	go run ./examples/batches -n 1000000 -batch 100
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "inproc://batches", "where to send")
	n := flag.Int("n", 1_000_000, "how many messages to send")
	batch := flag.Int("batch", 100, "how many messages a batch has at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *n, *batch); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "batches:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, n, size int) (err error) {
	if size < 1 {
		return fmt.Errorf("a batch of %d messages", size)
	}
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pull.Close(), zmq4.Term()) }()
	// A port of * has a number only now.
	if endpoint, err = pull.GetLastEndpoint(); err != nil {
		return err
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()

	for _, p := range []struct {
		name    string
		send    func(context.Context, *zmq4.Socket, int, int) (calls int, err error)
		receive func(context.Context, *zmq4.Socket, int, int) (total, error)
	}{
		{"one at a time", sendOnes, receiveOnes},
		{"in batches", sendBatches, receiveBatches},
	} {
		ctx, end := context.WithCancel(ctx)
		var calls int
		sent := make(chan error, 1)
		start := time.Now()
		go func() {
			var err error
			if calls, err = p.send(ctx, push, n, size); err != nil {
				end() // not all will come
			}
			sent <- err
		}()
		got, err := p.receive(ctx, pull, n, size)
		d := time.Since(start)
		end()
		// If one of them failed, the other one was canceled.
		if e := <-sent; err == nil || errors.Is(err, context.Canceled) && e != nil {
			err = e
		}
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d messages, sum %d\n", p.name, got.messages, got.sum)
		fmt.Printf("  %.0f messages per second, %.1f per call of a send, %.1f per call of a receive\n",
			float64(n)/d.Seconds(), float64(n)/float64(calls), float64(n)/float64(got.calls))
	}
	return nil
}

// total is what was received.
type total struct {
	messages, calls int
	sum             uint64
}

func (t *total) add(msg []byte) error {
	if len(msg) != 8 {
		return fmt.Errorf("message of %d bytes", len(msg))
	}
	t.messages++
	t.sum += binary.BigEndian.Uint64(msg)
	return nil
}

func sendOnes(ctx context.Context, push *zmq4.Socket, n, _ int) (calls int, err error) {
	var msg [8]byte
	for i := range n {
		binary.BigEndian.PutUint64(msg[:], uint64(i))
		if _, err := push.SendBytesContext(ctx, msg[:], 0); err != nil {
			return i, err
		}
	}
	return n, nil
}

func receiveOnes(ctx context.Context, pull *zmq4.Socket, n, _ int) (t total, err error) {
	for ; t.messages < n; t.calls++ {
		msg, err := pull.RecvBytesContext(ctx, 0)
		if err != nil {
			return t, err
		}
		if err := t.add(msg); err != nil {
			return t, err
		}
	}
	return t, nil
}

func sendBatches(ctx context.Context, push *zmq4.Socket, n, size int) (calls int, err error) {
	var (
		b   zmq4.Batch
		msg [8]byte
	)
	for i := range n {
		binary.BigEndian.PutUint64(msg[:], uint64(i))
		b.Append(msg[:]) // a copy
		if b.Len() == size || i == n-1 {
			if _, err := push.SendBatch(ctx, &b); err != nil {
				return calls, err
			}
			calls++
			b.Reset()
		}
	}
	return calls, nil
}

func receiveBatches(ctx context.Context, pull *zmq4.Socket, n, size int) (t total, err error) {
	var b zmq4.Batch
	for ; t.messages < n; t.calls++ {
		b.Reset()
		if _, err := pull.RecvBatch(ctx, &b, size); err != nil {
			return t, err
		}
		for _, msg := range b.All() {
			if err := t.add(msg.Part(0)); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}
