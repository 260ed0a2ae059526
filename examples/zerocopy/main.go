// SPDX-License-Identifier: BSD-2-Clause

// Zerocopy passes a large message on without copying it, and receives small
// ones without allocating memory.
//
// A Msg is memory of libzmq's: the program writes to it, sends it, and has it no
// more. Over inproc the receiver gets the very same memory; over a network
// libzmq writes it to the connection from there. RecvInto receives into the
// program's own memory, for small parts. One that does not fit stays where it
// is, and the error tells its size.
//
//	go run ./examples/zerocopy -size 100000000
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/seed45097122/zmq4"
)

func main() {
	size := flag.Int("size", 64<<20, "bytes of the large message")
	flag.Parse()
	if err := run(*size); err != nil {
		fmt.Fprintln(os.Stderr, "zerocopy:", err)
		os.Exit(1)
	}
}

func run(size int) (err error) {
	if size < 1000 {
		return errors.New("a message that small would be copied")
	}
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://zerocopy"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pull.Close(), zmq4.Term()) }()
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://zerocopy"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()

	if err := large(push, pull, size); err != nil {
		return err
	}
	return small(push, pull)
}

func large(push, pull *zmq4.Socket, size int) (err error) {
	out, err := zmq4.NewMsg(size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }() // if it was not sent
	content := out.Bytes()
	for i := range content { // it is not cleared
		content[i] = byte(i)
	}
	address := &content[0]
	if _, err := push.SendMsg(out, 0); err != nil {
		return err
	}
	fmt.Printf("Sent %d bytes; the message has %d now\n", size, out.Size())

	var in zmq4.Msg
	if _, err := pull.RecvMsg(&in, 0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }() // content must not be used after this
	content = in.Bytes()
	for i, b := range content {
		if b != byte(i) {
			return fmt.Errorf("byte %d is %d", i, b)
		}
	}
	fmt.Printf("Received %d bytes, the same memory: %t\n", len(content), &content[0] == address)
	return nil
}

func small(push, pull *zmq4.Socket) error {
	for _, size := range []int{3, 5, 9} {
		if _, err := push.SendBytes(bytes.Repeat([]byte("x"), size), 0); err != nil {
			return err
		}
	}
	buf := make([]byte, 4)
	for range 3 {
		n, _, err := pull.RecvInto(buf, 0)
		var short *zmq4.ShortBufferError
		if errors.As(err, &short) {
			fmt.Printf("A part of %d bytes does not fit into %d\n", short.Size, len(buf))
			buf = make([]byte, short.Size)
			n, _, err = pull.RecvInto(buf, 0)
		}
		if err != nil {
			return err
		}
		fmt.Printf("Received %q\n", buf[:n])
	}
	return nil
}
