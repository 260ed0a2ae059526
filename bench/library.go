// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"slices"
	"strings"
)

// A library makes the sockets of one implementation. Each has one file:
// to add another one, write what is here and enter it in libraries.
type library interface {
	socket(typ string, o socketOptions) (socket, error)
	// proxy moves messages between two sockets of its own for ever.
	proxy(front, back socket) error
	// serve answers requests on a ROUTER for ever: one goroutine receives, and workers goroutines reply.
	serve(front socket, workers int) error
	// poll returns a function that waits until one of the sockets can receive, and then
	// receives one message on each that can. It makes a poller each time, unless that is kept.
	poll(sockets []socket, kept bool) (func() error, error)
}

type socketOptions struct {
	binds     bool
	noHWM     bool
	sockets   int    // how many the process will have
	conns     int    // how many will connect to it at once
	serverKey string // of a CURVE socket that connects
	curve     bool
}

type socket interface {
	bind(endpoint string) (actual string, err error)
	connect(endpoint string) error
	key() string // public key of a CURVE server, or empty
	// send sends n messages of these parts.
	send(parts [][]byte, n int) error
	// receive receives n messages with the wanted number of parts, of which
	// the last has the wanted size, and ignores those of syncSize.
	receive(want message, n int) error
	// echo sends back what it receives, n times.
	echo(n int) error
	// ask sends a part and receives the answer, n times.
	ask(part []byte, n int) error
	close() error
}

type message struct{ parts, size int }

// syncSize is the size of messages that are sent until every subscriber is there.
const syncSize = 1

// check reports whether a message counts.
func (want message) check(parts, size int) (bool, error) {
	switch {
	case parts == want.parts && size == want.size:
		return true, nil
	case parts == 1 && size == syncSize:
		return false, nil
	}
	return false, fmt.Errorf("received %d parts, the last of %d bytes", parts, size)
}

// libraries are the implementations in this program, by the name that the
// driver uses.
var libraries = map[string]library{}

func libraryNames() string {
	var names []string
	for name := range libraries {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
