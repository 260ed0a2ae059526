// SPDX-License-Identifier: BSD-2-Clause

// Device runs a proxy in the background, stops its flow for a while, and tells
// how much has passed.
//
// Package device does what ProxySteerable does, in a goroutine of its own and
// without a control socket: the proxy is a value with methods. While it is paused
// what is sent waits in the sockets, and none of it is lost. Stop sends what the
// proxy has in hand, and closes its sockets.
//
// Here it is a streamer, from PUSH sockets in front to PULL sockets behind:
//
//	go run ./examples/device -n 1000
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
	"github.com/seed45097122/zmq4/device"
)

func main() {
	frontend := flag.String("frontend", "inproc://frontend", "where the proxy receives")
	backend := flag.String("backend", "inproc://backend", "where the proxy sends")
	n := flag.Int("n", 1000, "how many messages to send each time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *frontend, *backend, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "device:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, frontend, backend string, n int) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	proxy, err := start(frontend, backend)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, proxy.Stop(ctx))
		fmt.Println("stopped:", passed(proxy))
	}()
	sender, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.HighWaterMarks(0, 0), zmq4.Linger(0), zmq4.Connect(frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	receiver, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Connect(backend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, receiver.Close()) }()

	if err := send(ctx, sender, n); err != nil {
		return err
	}
	if err := receive(ctx, receiver, n); err != nil {
		return err
	}
	if err := proxy.Pause(); err != nil {
		return err
	}
	fmt.Println("paused:", passed(proxy))
	if err := send(ctx, sender, n); err != nil {
		return err
	}
	fmt.Println("as many sent again:", passed(proxy))

	if err := proxy.Resume(); err != nil {
		return err
	}
	return receive(ctx, receiver, n)
}

// start starts a proxy, to which its sockets belong.
func start(frontend, backend string) (*device.Proxy, error) {
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(frontend))
	if err != nil {
		return nil, err
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(time.Second), zmq4.Bind(backend))
	if err != nil {
		return nil, errors.Join(err, pull.Close())
	}
	proxy, err := device.Start(pull, push, nil)
	if err != nil {
		return nil, errors.Join(err, pull.Close(), push.Close())
	}
	return proxy, nil
}

func passed(proxy *device.Proxy) string {
	s := proxy.Stats()
	return fmt.Sprintf("%d messages received in front, %d sent behind", s.Frontend.MessagesReceived, s.Backend.MessagesSent)
}

func send(ctx context.Context, sender *zmq4.Socket, n int) error {
	for i := range n {
		if _, err := sender.SendMessageContext(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// receive receives what send has sent.
func receive(ctx context.Context, receiver *zmq4.Socket, n int) error {
	for i := range n {
		msg, err := receiver.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		if msg != fmt.Sprint(i) {
			return fmt.Errorf("message %d is %q", i, msg)
		}
	}
	return nil
}
