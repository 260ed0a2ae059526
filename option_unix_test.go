// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package zmq4

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestUseFd binds to a listener that the program made.
func TestUseFd(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			ctx := newContext(t)
			x, y := newTestSocket(t, ctx, PULL), newTestSocket(t, ctx, PUSH)
			address, scheme := "127.0.0.1:0", "tcp://"
			if network == "unix" {
				address, scheme = t.TempDir()+"/s", "ipc://"
			}
			l, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			endpoint := scheme + l.Addr().String()
			if err := errors.Join(x.SetUseFd(dupFd(t, l)), x.Bind("inproc://"+t.Name())); err != nil {
				t.Fatal(err)
			}
			if fd, err := x.Getusefd(); fd < 0 || err != nil {
				t.Errorf("inproc took it: %v, %v", fd, err)
			}
			if err := x.Bind(endpoint); err != nil {
				t.Fatal(err)
			}
			if fd, err := x.Getusefd(); fd != -1 || err != nil {
				t.Errorf("Getusefd after Bind = %v, %v", fd, err)
			}
			if err := x.Bind("tcp://127.0.0.1:*"); err != nil { // not the same descriptor again
				t.Error(err)
			}
			if err := y.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			send(t, y, "hello")
			expect(t, x, "hello")
		})
	}
}

// dupFd returns a descriptor of a listener that is the caller's.
func dupFd(t testing.TB, l net.Listener) int {
	t.Helper()
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
