// SPDX-License-Identifier: BSD-2-Clause

package examples_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed45097122/zmq4"
)

// PUB/SUB: a subscriber gets what is published after it has subscribed, so the publisher
// goes on until somebody has heard it.
func Example_publishSubscribe() {
	ctx, cancel := context.WithCancel(context.Background())
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Bind("tcp://127.0.0.1:*"))
	if err != nil {
		log.Fatal(err)
	}
	defer pub.Close()
	endpoint, err := pub.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for range time.Tick(time.Millisecond) {
			if _, err := pub.SendMessageContext(ctx, "weather", "sun"); err != nil {
				return // ctx is done
			}
		}
	}()

	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe("weather"), zmq4.Connect(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	msg, err := sub.RecvMessage(0)
	fmt.Println(msg, err)
	cancel()
	// Output: [weather sun] <nil>
}

// Many small messages: a Batch moves them in few calls into libzmq.
func Example_batch() {
	ctx := context.Background()
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://batch"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://batch"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()

	var out zmq4.Batch
	for i := range 3 {
		out.Append([]byte("task"), fmt.Append(nil, i))
	}
	if _, err := push.SendBatch(ctx, &out); err != nil {
		log.Fatal(err)
	}

	var in zmq4.Batch // RecvBatch adds to it what there is, at least one message
	for in.Len() < 3 {
		if _, err := pull.RecvBatch(ctx, &in, 1000); err != nil {
			log.Fatal(err)
		}
	}
	for i, msg := range in.All() {
		fmt.Printf("%d: %d parts, %s %s\n", i, msg.Len(), msg.Part(0), msg.Part(1))
	}
	// Output:
	// 0: 2 parts, task 0
	// 1: 2 parts, task 1
	// 2: 2 parts, task 2
}

// A large part: a Msg is in libzmq's memory, and is not copied.
func Example_msg() {
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://msg"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://msg"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()

	out, err := zmq4.NewMsg(1 << 20)
	if err != nil {
		log.Fatal(err)
	}
	copy(out.Bytes(), "hello")
	if _, err := push.SendMsg(out, 0); err != nil { // out is closed after that
		log.Fatal(err)
	}

	var in zmq4.Msg
	defer in.Close()
	if _, err := pull.RecvMsg(&in, 0); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %d bytes\n", in.Bytes()[:5], in.Size())
	// Output: hello, 1048576 bytes
}

// A Poller waits for several sockets.
func Example_poller() {
	poller := zmq4.NewPoller()
	for _, name := range []string{"jobs", "news"} {
		pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://"+name))
		if err != nil {
			log.Fatal(err)
		}
		defer pull.Close()
		poller.AddData(pull, zmq4.POLLIN, name)
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://news"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	if _, err := push.SendMessage("sun"); err != nil {
		log.Fatal(err)
	}

	polled, err := poller.PollContext(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range polled {
		msg, err := item.Socket.RecvMessage(0)
		fmt.Println(item.Data, msg, err)
	}
	// Output: news [sun] <nil>
}

// A Receiver is a channel of messages, for programs that select.
func Example_receiver() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://receiver"))
	if err != nil {
		log.Fatal(err)
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://receiver"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	if _, err := push.SendMessage("hello", "world"); err != nil {
		log.Fatal(err)
	}

	in := pull.Receiver(ctx, 10)
	select {
	case msg := <-in.C:
		fmt.Printf("%s\n", msg)
	case <-ctx.Done():
		fmt.Println("nothing for a minute")
	}
	pull.Close() // ends the Receiver, which closes its channel
	_, open := <-in.C
	fmt.Println(open, in.Err())
	// Output:
	// [hello world]
	// false zmq4: recv PULL inproc://receiver: Socket is closed
}

// An Authenticator lets in clients whose keys it knows, and says who they are.
func Example_authenticator() {
	var keys [2]zmq4.CurveKeypair // of the server, and of Alice
	for i := range keys {
		var err error
		if keys[i], err = zmq4.GenerateCurveKeypair(); err != nil {
			log.Fatal(err)
		}
	}
	zctx, err := zmq4.NewContext()
	if err != nil {
		log.Fatal(err)
	}
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{
		Keys: []string{keys[1].Public},
		Metadata: func(context.Context, *zmq4.AuthRequest) (map[string]string, error) {
			return map[string]string{"User-Id": "alice"}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	server, err := zctx.OpenSocket(zmq4.PULL, zmq4.CurveServer("global", keys[0].Secret), zmq4.Bind("tcp://127.0.0.1:*"))
	if err != nil {
		log.Fatal(err)
	}
	endpoint, err := server.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}

	client, err := zctx.OpenSocket(zmq4.PUSH, zmq4.CurveClient(keys[0].Public, keys[1].Public, keys[1].Secret), zmq4.Connect(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.SendMessage("hello"); err != nil {
		log.Fatal(err)
	}
	msg, metadata, err := server.RecvMessageWithMetadata(0, "User-Id")
	fmt.Println(metadata["User-Id"], "says", msg, err)

	client.Close()
	server.Close()
	auth.Close()
	if err := zctx.Term(); err != nil {
		log.Fatal(err)
	}
	// Output: alice says [hello] <nil>
}
