// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Each example of the package is shown by itself: it makes its own context and sockets, and
// handles each error where it comes from, as others do.

// An option by its number in zmq.h, for one that has no method.
func ExampleSocket_SetOption() {
	soc, err := NewSocket(PUSH)
	if err != nil {
		log.Fatal(err)
	}
	defer soc.Close()
	const ZMQ_LINGER, ZMQ_BACKLOG = 17, 19
	fmt.Println(soc.SetOption(ZMQ_LINGER, 2*time.Second), soc.SetOption(ZMQ_BACKLOG, 50))
	var linger time.Duration
	err = soc.GetOption(ZMQ_LINGER, &linger)
	fmt.Println(linger, err)
	fmt.Println(soc.SetOption(12345, 1))
	// Output:
	// <nil> <nil>
	// 2s <nil>
	// zmq4: set option 12345 PUSH: invalid argument
}

// Bind to any port, and tell others which one it is.
func ExampleSocket_GetLastEndpoint() {
	soc, err := OpenSocket(REP, Bind("tcp://127.0.0.1:*"))
	if err != nil {
		log.Fatal(err)
	}
	defer soc.Close()
	endpoint, err := soc.GetLastEndpoint()
	fmt.Println(strings.HasPrefix(endpoint, "tcp://127.0.0.1:"), strings.Contains(endpoint, "*"), err)
	fmt.Println(soc.Unbind(endpoint))
	// Output:
	// true false <nil>
	// <nil>
}

func ExampleSocket_Poll() {
	pull, err := OpenSocket(PULL, Bind("inproc://poll"))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	push, err := OpenSocket(PUSH, Connect("inproc://poll"))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()

	ready, err := pull.Poll(POLLIN, time.Millisecond)
	fmt.Println(ready == 0, err)
	push.Send("hello", 0)
	ready, err = pull.Poll(POLLIN, time.Second)
	fmt.Println(ready, err)
	// Output:
	// true <nil>
	// POLLIN <nil>
}

// Errors can be compared with ==, by errors.Is, and with those of other packages.
func ExampleErrno() {
	pull, err := OpenSocket(PULL, Timeouts(-1, time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	_, err = pull.Recv(0)
	fmt.Println(errors.Is(err, syscall.EAGAIN), errors.Is(err, os.ErrDeadlineExceeded), AsErrno(err).Timeout(), AsErrno(err).Temporary())
	pull.Close()
	_, err = pull.Recv(0)
	fmt.Println(err == ErrorSocketClosed, errors.Is(err, net.ErrClosed))
	_, err = pull.Send("x", 0)
	fmt.Println(err)
	// Output:
	// true true true true
	// true true
	// Socket is closed
}

// Functions with a context tell in their errors what failed where.
func ExampleOpError() {
	pull, err := OpenSocket(PULL, Bind("inproc://errors"), Timeouts(-1, time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	_, err = pull.RecvMessageBytesContext(context.Background())
	var op *OpError
	if errors.As(err, &op) {
		fmt.Println(op.Op, "|", op.Socket, "|", op.Timeout(), errors.Is(err, syscall.EAGAIN))
	}
	_, err = OpenSocket(PUB, Subscribe("news"))
	fmt.Println(errors.As(err, &op), op.Op, "|", op.Socket)
	// Output:
	// recv | PULL inproc://errors | true true
	// true subscribe | PUB
}
