// SPDX-License-Identifier: BSD-2-Clause

// Contexts shows everything that ends a call that waits, and that no message is
// lost by it.
//
// Calls that wait take a context.Context: its deadline or its cancellation
// ends them, as does closing the socket, or the end of the ZeroMQ context, by
// any goroutine. The error is an OpError, which tells what was waited for, and
// errors.Is finds the reason in it.
//
//	go run ./examples/contexts
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	wait := flag.Duration("wait", 100*time.Millisecond, "how long each call waits")
	flag.Parse()
	if err := run(*wait); err != nil {
		fmt.Fprintln(os.Stderr, "contexts:", err)
		os.Exit(1)
	}
}

func run(wait time.Duration) (err error) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	receiver, err := zctx.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://contexts"))
	if err != nil {
		return err
	}
	sender, err := zctx.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://contexts"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, receiver.Close(), sender.Close(), zctx.Term()) }()

	// A deadline.
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	_, err = receiver.RecvMessageBytesContext(ctx)
	cancel()
	if err := report("deadline", err, context.DeadlineExceeded); err != nil {
		return err
	}

	// Another goroutine cancels. A channel would do as well: see channels.
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(wait, cancel)
	_, err = receiver.RecvMessageBytesContext(ctx)
	if err := report("cancel", err, context.Canceled); err != nil {
		return err
	}

	// What comes after, or meanwhile, is there for the next receive. One whose
	// context is done already takes nothing.
	if _, err := sender.SendMessageContext(context.Background(), "not", "lost"); err != nil {
		return err
	}
	_, err = receiver.RecvMessageBytesContext(ctx)
	if err := report("done before", err, context.Canceled); err != nil {
		return err
	}
	msg, err := receiver.RecvMessageBytesContext(context.Background())
	if err != nil {
		return err
	}
	fmt.Printf("message: %q\n", msg)

	// Another goroutine closes the socket.
	closed := make(chan error, 1)
	time.AfterFunc(wait, func() { closed <- receiver.Close() })
	_, err = receiver.RecvMessageBytesContext(context.Background())
	if err := errors.Join(report("close", err, net.ErrClosed), <-closed); err != nil {
		return err
	}

	// The end of the ZeroMQ context ends everything that waits in it: here a
	// send that has nobody to send to.
	lonely, err := zctx.OpenSocket(zmq4.PUSH, zmq4.Bind("inproc://nobody"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lonely.Close()) }()
	ended := make(chan error, 1)
	time.AfterFunc(wait, func() { ended <- zctx.Shutdown() })
	_, err = lonely.SendMessageContext(context.Background(), "to nobody")
	return errors.Join(report("shutdown", err, zmq4.ETERM), <-ended)
}

// report prints the error of a call, which has to be for that reason.
func report(what string, err, reason error) error {
	var op *zmq4.OpError
	if !errors.As(err, &op) || !errors.Is(err, reason) {
		return fmt.Errorf("%s: unexpected error: %v", what, err)
	}
	fmt.Printf("%s: %v (timeout: %t)\n", what, err, op.Timeout())
	return nil
}
