// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"syscall"

	"github.com/seed45097122/zmq4"
)

// An audience counts the subscriptions that an XPUB socket tells of.
type audience struct {
	socket *zmq4.Socket
	n      int
}

// await waits until there are n subscriptions.
func (a *audience) await(ctx context.Context, n int) error {
	for a.n < n {
		msg, err := a.socket.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		a.count(msg)
	}
	return nil
}

// look counts the subscriptions that the socket has told of.
func (a *audience) look() error {
	for {
		msg, err := a.socket.RecvMessageBytes(zmq4.DONTWAIT)
		if zmq4.AsErrno(err) == zmq4.Errno(syscall.EAGAIN) {
			return nil
		} else if err != nil {
			return err
		}
		a.count(msg)
	}
}

func (a *audience) count(msg [][]byte) {
	switch first := msg[0]; {
	case len(first) > 0 && first[0] == 1:
		a.n++
	case len(first) > 0 && first[0] == 0 && a.n > 0:
		a.n--
	}
}

// follow takes whatever else the socket tells of, which would pile up.
func (a *audience) follow(ctx context.Context) {
	for {
		if _, err := a.socket.RecvMessageBytesContext(ctx); err != nil {
			return
		}
	}
}
