// SPDX-License-Identifier: BSD-2-Clause

package houses

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/seed45097122/zmq4"
)

// newServer serves with the given options until the test ends.
func newServer(t *testing.T, zctx *zmq4.Context, options ...zmq4.SocketOption) (address string) {
	t.Helper()
	server, err := zctx.OpenSocket(zmq4.REP, append(options, zmq4.Bind("tcp://127.0.0.1:*"))...)
	if err != nil {
		t.Fatal(err)
	}
	if address, err = server.GetLastEndpoint(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, server, "User-Id") }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return address
}

func newContext(t *testing.T) *zmq4.Context {
	t.Helper()
	zctx, err := zmq4.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := zctx.Term(); err != nil {
			t.Error(err)
		}
	})
	return zctx
}

func TestAsk(t *testing.T) {
	t.Parallel()
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		t.Skip("libzmq has no handshake events")
	}
	zctx := newContext(t)
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Users: map[string]string{"admin": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { auth.Close() })
	open, plain := newServer(t, zctx), newServer(t, zctx, zmq4.PlainServer("global"))

	for _, c := range []struct {
		name, address string
		options       []zmq4.SocketOption
		want          string
		err           error
	}{
		{"no security", open, nil, "Hello", nil},
		{"a user", plain, []zmq4.SocketOption{zmq4.PlainClient("admin", "secret")}, "Hello, admin", nil},
		{"a wrong password", plain, []zmq4.SocketOption{zmq4.PlainClient("admin", "guess")}, "", ErrRefused},
		{"another mechanism", plain, nil, "", ErrRefused},
		{"a bad option", open, []zmq4.SocketOption{zmq4.Identity("")}, "", syscall.EINVAL},
	} {
		got, err := Ask(t.Context(), zctx, c.address, c.options...)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestAskEnds(t *testing.T) {
	t.Parallel()
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		t.Skip("libzmq has no handshake events")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, newContext(t), "tcp://127.0.0.1:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is done: %v", err)
	}
}
