// SPDX-License-Identifier: BSD-2-Clause

// Receiveahead sends the same small messages twice, and receives them one at a
// time in the same loop: the second time with SetReceiveAhead.
//
// A call into libzmq costs about as much as a small message does. With that
// option one call takes as many messages as are there, up to a number, and the
// receives that follow are served from those. The program stays as it is; see
// batches for what can be had by changing it. What was taken ahead and not
// received is lost when the socket is closed.
//
//	go run ./examples/receiveahead -n 1000000 -ahead 100
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
	endpoint := flag.String("endpoint", "inproc://receiveahead", "where to send")
	n := flag.Int("n", 1_000_000, "how many messages to send")
	ahead := flag.Int("ahead", 100, "how many messages to take in one call at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *n, *ahead); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "receiveahead:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, n, ahead int) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	for _, ahead := range []int{1, ahead} {
		if err := measure(ctx, endpoint, n, ahead); err != nil {
			return err
		}
	}
	return nil
}

// measure prints how fast messages come to a socket that takes some ahead.
func measure(ctx context.Context, endpoint string, n, ahead int) (err error) {
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(endpoint),
		zmq4.Configure("receive ahead", func(soc *zmq4.Socket) error { return soc.SetReceiveAhead(ahead) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pull.Close()) }()
	// A port of * has a number only now.
	if endpoint, err = pull.GetLastEndpoint(); err != nil {
		return err
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()

	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		if err := send(ctx, push, n); err != nil {
			end(err) // not all will come
		}
	}()
	start := time.Now()
	sum, err := receive(ctx, pull, n)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	fmt.Printf("up to %d in a call: %d messages, sum %d, %.0f per second\n", ahead, n, sum, float64(n)/time.Since(start).Seconds())
	return nil
}

func send(ctx context.Context, push *zmq4.Socket, n int) error {
	var b zmq4.Batch // so that it is the receiver that there is to wait for
	for i := range n {
		b.Append(binary.BigEndian.AppendUint64(nil, uint64(i)))
		if b.Len() == 100 || i == n-1 {
			if _, err := push.SendBatch(ctx, &b); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return nil
}

func receive(ctx context.Context, pull *zmq4.Socket, n int) (sum uint64, err error) {
	for range n {
		msg, err := pull.RecvBytesContext(ctx, 0)
		if err != nil {
			return 0, err
		}
		if len(msg) != 8 {
			return 0, fmt.Errorf("message of %d bytes", len(msg))
		}
		sum += binary.BigEndian.Uint64(msg)
	}
	return sum, nil
}
