// SPDX-License-Identifier: BSD-2-Clause

package houses

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

// newHouse opens a house with the given options until the test ends.
func newHouse(t *testing.T, zctx *zmq4.Context, options ...zmq4.OpenOption) *House {
	t.Helper()
	server, err := zctx.OpenSocket(zmq4.REP, append(options, zmq4.Bind("tcp://127.0.0.1:*"))...)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(t.Context(), zctx, server, "User-Id")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return h
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

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func TestAsk(t *testing.T) {
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		t.Skip("libzmq has no handshake events")
	}
	zctx := newContext(t)
	auth, err := zmq4.NewAuthenticator(zctx, &zmq4.AuthConfig{Users: map[string]string{"admin": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { auth.Close() })
	open, plain := newHouse(t, zctx), newHouse(t, zctx, zmq4.PlainServer("global"))

	for _, c := range []struct {
		name    string
		house   *House
		options []zmq4.OpenOption
		want    string
		err     error
	}{
		{"no security", open, nil, "Hello", nil},
		{"a user", plain, []zmq4.OpenOption{zmq4.PlainClient("admin", "secret")}, "Hello, admin", nil},
		{"a wrong password", plain, []zmq4.OpenOption{zmq4.PlainClient("admin", "guess")}, "", ErrRefused},
		{"another mechanism", plain, nil, "", ErrRefused},
		{"a bad option", open, []zmq4.OpenOption{zmq4.Identity("")}, "", syscall.EINVAL},
	} {
		got, err := c.house.Ask(c.options...)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
		if err := c.house.Refuse(c.options...); (err == nil) != (c.err == ErrRefused) {
			t.Errorf("%s: refused with %v", c.name, err)
		}
	}
}

func TestAskEnds(t *testing.T) {
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		t.Skip("libzmq has no handshake events")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, newContext(t), "tcp://127.0.0.1:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is done: %v", err)
	}
}
