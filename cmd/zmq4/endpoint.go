// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed45097122/zmq4"
	"github.com/spf13/cobra"
)

// An endpoint is an address to bind or to connect to.
type endpoint struct {
	address string
	bind    bool
}

// needEndpoint checks that a command has an endpoint.
func needEndpoint(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("an endpoint is missing, such as tcp://127.0.0.1:5555")
	}
	return nil
}

// parseEndpoints takes lists of endpoints, separated by commas. One that begins
// with "@" is bound, with ">" connected.
func parseEndpoints(lists []string, bind bool) ([]endpoint, error) {
	var ends []endpoint
	for _, list := range lists {
		first := len(ends)
		for _, address := range strings.Split(list, ",") {
			transport, _, ok := strings.Cut(address, "://")
			e := endpoint{address, bind}
			switch {
			case strings.HasPrefix(transport, "@"):
				e = endpoint{address[1:], true}
			case strings.HasPrefix(transport, ">"):
				e = endpoint{address[1:], false}
			}
			if port, err := strconv.Atoi(e.address[strings.LastIndex(e.address, ":")+1:]); err == nil && port > 65535 && e.isIP() {
				return nil, usagef("%s: there is no port %d", e.address, port) // libzmq would take another one
			}
			switch {
			case ok:
				ends = append(ends, e)
			case len(ends) > first: // the comma is part of a path
				ends[len(ends)-1].address += "," + address
			default:
				return nil, usagef("%q is not an endpoint such as tcp://127.0.0.1:5555", address)
			}
		}
	}
	return ends, nil
}

// attach binds or connects a socket.
func (s *session) attach(e endpoint, soc *zmq4.Socket) error {
	op, attach := "connect", soc.Connect
	if e.bind {
		op, attach = "bind", soc.Bind
	}
	if err := attach(e.address); err != nil {
		return fmt.Errorf("%s %w", op, &zmq4.EndpointError{Op: op, Endpoint: e.address, Err: err})
	}
	return nil
}

// isIP reports whether the address has a port at its end.
func (e endpoint) isIP() bool {
	transport, _, _ := strings.Cut(e.address, "://")
	return slices.Contains([]string{"tcp", "ws", "wss", "udp", "pgm", "epgm", "norm"}, transport)
}

// handshakes reports whether libzmq tells when a connection of a socket has been
// made.
func (e endpoint) handshakes(t zmq4.Type) bool {
	transport, _, _ := strings.Cut(e.address, "://")
	_, minor, _ := zmq4.Version()
	return minor >= 3 && t != zmq4.STREAM && slices.Contains([]string{"tcp", "ipc", "tipc", "ws", "wss", "vmci"}, transport)
}
