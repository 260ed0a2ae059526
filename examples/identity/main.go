// SPDX-License-Identifier: BSD-2-Clause

// Identity shows the addresses by which a ROUTER socket tells its peers apart.
//
// A ROUTER puts the identity of the peer before each message that it receives,
// and takes the first part of each message that it sends for the identity of
// the peer to send it to. A peer may choose its identity before it connects;
// else the ROUTER makes one up: a zero byte and four more.
//
//	go run ./examples/identity
//
// It ends by itself.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/seed45097122/zmq4"
)

const endpoint = "inproc://identity"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "identity:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	router, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, router.Close(), zmq4.Term()) }()

	fmt.Println("A client that chose no identity:")
	if err := greet(router); err != nil {
		return err
	}
	fmt.Println("A client that chose the identity PEER2:")
	if err := greet(router, zmq4.Identity("PEER2")); err != nil {
		return err
	}

	// A ROUTER drops what is for a peer that it does not know, unless told to
	// complain.
	if err := router.SetRouterMandatory(1); err != nil {
		return err
	}
	if _, err := router.SendMessage("PEER3", "", "Anybody there?"); !errors.Is(err, zmq4.EHOSTUNREACH) {
		return fmt.Errorf("a message for nobody: %v", err)
	}
	fmt.Println("There is no PEER3")
	return nil
}

// greet makes a client, shows its request as the ROUTER sees it, and answers it.
func greet(router *zmq4.Socket, options ...zmq4.OpenOption) (err error) {
	client, err := zmq4.OpenSocket(zmq4.REQ, append(options, zmq4.Connect(endpoint))...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	if _, err := client.Send("Hello", 0); err != nil {
		return err
	}
	// Identity, empty delimiter (by which a REP or REQ socket knows where the
	// addresses end), request.
	request, err := router.RecvMessageBytes(0)
	if err != nil {
		return err
	}
	for _, part := range request {
		fmt.Println("  " + dump(part))
	}
	if _, err := router.SendMessage(request[0], "", "World"); err != nil {
		return err
	}
	answer, err := client.Recv(0)
	if err != nil {
		return err
	}
	fmt.Println("  answer:", answer)
	return nil
}

// dump shows a part: its length, and its bytes as text or else in hexadecimal.
func dump(part []byte) string {
	if strings.ContainsFunc(string(part), func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Sprintf("[%03d] %X", len(part), part)
	}
	return fmt.Sprintf("[%03d] %s", len(part), part)
}
