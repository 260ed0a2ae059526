// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"
)

// In a program the names have zmq4. in front.

// A receive ends when its context is done. No message is lost by that.
func ExampleSocket_RecvMessageContext() {
	pull, err := OpenSocket(PULL, Bind("inproc://recv-context"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	msg, err := pull.RecvMessageBytesContext(ctx)
	fmt.Println(msg, err, errors.Is(err, context.Canceled))
	// Output: [] zmq4: recv PULL inproc://recv-context: context canceled true
}

// A send that cannot be done in time sends nothing, not even a part.
func ExampleSocket_SendMessageContext() {
	push, err := OpenSocket(PUSH, Bind("inproc://send-context")) // nobody is connected
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = push.SendMessageContext(ctx, "two", "parts")
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	pull, err := OpenSocket(PULL, Connect("inproc://send-context"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	n, err := push.SendMessageContext(context.Background(), "two", []byte("more"), "parts")
	fmt.Println(n, err)
	msg, err := pull.RecvMessage(0)
	fmt.Println(msg, err)
	// Output:
	// true
	// 12 <nil>
	// [two more parts] <nil>
}

func ExamplePoller_PollContext() {
	pull, err := OpenSocket(PULL, Bind("inproc://poll-context"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := OpenSocket(PUSH, Connect("inproc://poll-context"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	poller := NewPoller()
	poller.AddData(pull, POLLIN, "work")

	ctx, cancel := context.WithCancel(context.Background())
	push.Send("hello", 0)
	polled, err := poller.PollContext(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range polled {
		msg, err := item.Socket.Recv(0)
		fmt.Println(item.Data, item.Events, msg, err)
	}
	cancel()
	_, err = poller.PollContext(ctx)
	fmt.Println(err)
	// Output:
	// work POLLIN hello <nil>
	// zmq4: poll: context canceled
}

func ExampleProxyContext() {
	in, err := OpenSocket(PULL, Bind("inproc://proxy-in"))
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	out, err := OpenSocket(PUSH, Bind("inproc://proxy-out"))
	if err != nil {
		log.Fatal(err)
	}
	defer out.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- ProxyContext(ctx, in, out, nil) }()

	push, err := OpenSocket(PUSH, Connect("inproc://proxy-in"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	pull, err := OpenSocket(PULL, Connect("inproc://proxy-out"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push.Send("through", 0)
	fmt.Println(pull.Recv(0))
	cancel() // the sockets stay open
	fmt.Println(<-ended)
	// Output:
	// through <nil>
	// zmq4: proxy: context canceled
}

func ExampleReactor_RunContext() {
	pull, err := OpenSocket(PULL, Bind("inproc://reactor"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := OpenSocket(PUSH, Connect("inproc://reactor"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	push.Send("a task", 0)

	ctx, cancel := context.WithCancel(context.Background())
	reactor := NewReactor()
	reactor.AddSocket(pull, POLLIN, func(State) error {
		msg, err := pull.Recv(0)
		fmt.Println(msg)
		cancel()
		return err
	})
	err = reactor.RunContext(ctx)
	fmt.Println(errors.Is(err, context.Canceled))
	// Output:
	// a task
	// true
}

// To shut down, end what waits, close the sockets, and give what was sent some
// time to arrive.
func ExampleContext_TermContext() {
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	pull, err := ctx.OpenSocket(PULL, Bind("inproc://term"))
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := pull.Recv(0)
		ended <- err
	}()

	if err := ctx.Shutdown(); err != nil { // does not wait
		log.Fatal(err)
	}
	fmt.Println(errors.Is(<-ended, ETERM))

	soon, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(ctx.TermContext(soon)) // a socket is open
	pull.Close()
	fmt.Println(ctx.TermContext(context.Background()))
	// Output:
	// true
	// zmq4: term: context deadline exceeded: 1 socket is open: PULL bound inproc://term
	// <nil>
}

func ExampleContext_Sockets() {
	ctx, err := NewContext()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ctx.OpenSocket(PULL, Bind("inproc://orders"), Linger(0)); err != nil {
		log.Fatal(err)
	}
	for _, info := range ctx.Sockets() {
		fmt.Println(info)
		info.Socket.Close()
	}
	fmt.Println(ctx.Term())
	// Output:
	// PULL bound inproc://orders
	// <nil>
}
