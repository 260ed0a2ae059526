// SPDX-License-Identifier: BSD-2-Clause

// Zerocopy passes a large message on without copying it, and receives small
// ones without allocating memory.
//
// A Msg is memory of libzmq's: the program writes to it, sends it, and has it no
// more. Over inproc the receiver gets the very same memory; over a network
// libzmq writes it to the connection from there. NewMsgBytes makes a Msg of
// memory that the program has already, and tells when it may be used again.
// RecvInto receives into the program's own memory, for small parts. One that
// does not fit stays where it is, and the error tells its size.
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
	if err := own(push, pull, size); err != nil {
		return err
	}
	return small(push, pull)
}

// large sends memory of libzmq's.
func large(push, pull *zmq4.Socket, size int) (err error) {
	out, err := zmq4.NewMsg(size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }() // if it was not sent
	content := out.Bytes()
	fill(content) // it is not cleared
	if _, err := push.SendMsg(out, 0); err != nil {
		return err
	}
	fmt.Printf("Sent %d bytes; the message has %d now\n", size, out.Size())
	return receive(pull, &content[0])
}

// own sends memory of the program's: such as a file that is mapped.
func own(push, pull *zmq4.Socket, size int) (err error) {
	content := make([]byte, size)
	fill(content)
	unused := make(chan struct{})
	out, err := zmq4.NewMsgBytes(content, func() { close(unused) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := push.SendMsg(out, 0); err != nil {
		return err
	}
	if err := receive(pull, &content[0]); err != nil {
		return err
	}
	<-unused
	content[0]++ // nobody sees it
	fmt.Println("The program's own memory is back")
	return nil
}

func fill(content []byte) {
	for i := range content {
		content[i] = byte(i)
	}
}

// receive checks a message, and whether it is in the memory that was sent.
func receive(pull *zmq4.Socket, sent *byte) (err error) {
	var in zmq4.Msg
	if _, err := pull.RecvMsg(&in, 0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }() // content must not be used after this
	content := in.Bytes()
	for i, b := range content {
		if b != byte(i) {
			return fmt.Errorf("byte %d is %d", i, b)
		}
	}
	fmt.Printf("Received %d bytes, the same memory: %t\n", len(content), &content[0] == sent)
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
