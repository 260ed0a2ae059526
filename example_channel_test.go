// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"fmt"
	"log"
	"time"
)

func ExampleSocket_Receiver() {
	pull, err := OpenSocket(PULL, Bind("inproc://receiver"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := OpenSocket(PUSH, Connect("inproc://receiver"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	push.SendMessage("hello", "world")

	ctx, cancel := context.WithCancel(context.Background())
	in := pull.Receiver(ctx, 10)
	select {
	case msg := <-in.C:
		fmt.Printf("%s\n", msg)
	case <-time.After(time.Minute):
		fmt.Println("nothing for a minute")
	}
	cancel()
	for msg := range in.C { // until it is closed
		fmt.Printf("%s\n", msg)
	}
	fmt.Println(in.Err(), in.Rest())
	// Output:
	// [hello world]
	// zmq4: recv PULL inproc://receiver: context canceled []
}

func ExampleSocket_Sender() {
	push, err := OpenSocket(PUSH, Bind("inproc://sender"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := push.Sender(ctx, 10)
	for _, text := range []string{"one", "two"} {
		select {
		case out.C <- [][]byte{[]byte(text)}:
		case <-out.Done():
			log.Fatal(out.Err())
		}
	}

	cancel() // nobody was there to take them
	fmt.Println(out.Err())
	for _, msg := range out.Rest() {
		fmt.Printf("not sent: %s\n", msg)
	}
	// Output:
	// zmq4: send PUSH inproc://sender: context canceled
	// not sent: [one]
	// not sent: [two]
}
