// SPDX-License-Identifier: BSD-2-Clause

// Package houses is what the examples of security have in common: a server that
// greets, and a client that finds out whether it is let in. It has nothing to
// do with security.
package houses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed45097122/zmq4"
)

// ErrRefused is what the error of [Ask] wraps if the server did not let the
// client in.
var ErrRefused = errors.New("refused")

// Serve answers each request of a REP socket with a greeting, until ctx is
// done, which closes the socket. It greets the client by a property of its
// connection, such as "User-Id", that the authenticator has set.
func Serve(ctx context.Context, server *zmq4.Socket, property string) error {
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { closed <- server.Close() })
	defer stop()
	for {
		_, metadata, err := server.RecvMessageBytesWithMetadata(0, property)
		if err == nil {
			greeting := "Hello"
			if name := metadata[property]; name != "" {
				greeting += ", " + name
			}
			_, err = server.Send(greeting, 0)
		}
		if err != nil && ctx.Err() != nil {
			return <-closed
		}
		if err != nil {
			return err
		}
	}
}

// A House is a server that greets, in a goroutine of its own, and that clients
// can ask.
type House struct {
	ctx     context.Context // done when the server has ended
	end     context.CancelFunc
	zctx    *zmq4.Context
	address string
	served  chan error
}

// Open begins to [Serve].
func Open(ctx context.Context, zctx *zmq4.Context, server *zmq4.Socket, property string) (*House, error) {
	address, err := server.GetLastEndpoint()
	if err != nil {
		return nil, err
	}
	h := &House{zctx: zctx, address: address, served: make(chan error, 1)}
	h.ctx, h.end = context.WithCancel(ctx)
	go func() {
		defer h.end()
		h.served <- Serve(h.ctx, server, property)
	}()
	return h, nil
}

// Ask asks the server, see the function [Ask].
func (h *House) Ask(options ...zmq4.OpenOption) (string, error) {
	return Ask(h.ctx, h.zctx, h.address, options...)
}

// Refuse returns nil if the server refuses a client.
func (h *House) Refuse(options ...zmq4.OpenOption) error {
	_, err := h.Ask(options...)
	switch {
	case err == nil:
		return errors.New("the server has let it in")
	case errors.Is(err, ErrRefused):
		return nil
	}
	return err
}

// Close ends the server, and closes its socket.
func (h *House) Close() error {
	h.end()
	return <-h.served
}

// Ask connects a client with the given options and returns the answer of the
// server. If the first attempt to connect ends without the client being let in,
// the error is [ErrRefused].
//
// It goes by the events of the handshake, and needs libzmq 4.3 for them. Since
// nothing is sent before that has succeeded, nothing is left to send when it has
// not.
func Ask(ctx context.Context, zctx *zmq4.Context, address string, options ...zmq4.OpenOption) (_ string, err error) {
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		return "", fmt.Errorf("libzmq 4.3 is needed: %w", zmq4.ENOTSUP)
	}
	client, err := zctx.OpenSocket(zmq4.REQ, append(options[:len(options):len(options)], zmq4.Linger(time.Second))...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	events := client.Events(ctx, zmq4.EVENT_HANDSHAKE_SUCCEEDED|zmq4.EVENT_HANDSHAKE_FAILED_AUTH|
		zmq4.EVENT_HANDSHAKE_FAILED_PROTOCOL|zmq4.EVENT_HANDSHAKE_FAILED_NO_DETAIL|zmq4.EVENT_DISCONNECTED)
	if err := client.Connect(address); err != nil {
		return "", err
	}
	for ev, err := range events {
		if err != nil {
			return "", err
		}
		if ev.Event != zmq4.EVENT_HANDSHAKE_SUCCEEDED {
			return "", fmt.Errorf("%w: %v", ErrRefused, ev)
		}
		break
	}
	if _, err := client.SendContext(ctx, "Hello", 0); err != nil {
		return "", err
	}
	return client.RecvContext(ctx, 0)
}
