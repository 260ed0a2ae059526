// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

// An endpoint is an address to bind or to connect to.
type endpoint struct {
	address string
	bind    bool
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
	if !e.bind {
		if err := soc.Connect(e.address); err != nil {
			return fmt.Errorf("connect %s: %w", e.address, err)
		}
		return nil
	}
	if err := soc.Bind(e.address); err != nil {
		return fmt.Errorf("bind %s: %w", e.address, err)
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

// host returns the name of the host to connect to, and "" if there is none or it is
// an address.
func (e endpoint) host() string {
	transport, address, _ := strings.Cut(e.address, "://")
	if e.bind || !slices.Contains([]string{"tcp", "ws", "wss"}, transport) {
		return ""
	}
	address, _, _ = strings.Cut(address, "/")
	address = address[strings.LastIndexByte(address, ';')+1:] // the source comes before
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	return host
}

// resolve warns of endpoints to connect to whose host name cannot be resolved, which
// libzmq tries again and again without a word.
func (s *session) resolve(ends []endpoint) {
	for _, e := range ends {
		host := e.host()
		if host == "" || s.quiet {
			continue
		}
		ctx, stop := context.WithTimeout(s.ctx, 10*time.Second)
		_, err := net.DefaultResolver.LookupHost(ctx, host)
		stop()
		var dns *net.DNSError
		if errors.As(err, &dns) && s.ctx.Err() == nil {
			warnf("connect %s: %s: %s", e.address, host, dns.Err)
		}
	}
}
