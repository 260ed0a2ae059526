// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package zmq4

import (
	"errors"
	"net"
	"testing"
)

// TestUseFd binds to a listener that the program made.
func TestUseFd(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			ctx := newContext(t)
			x, y := timedSocket(t, ctx, PULL), timedSocket(t, ctx, PUSH)
			address, scheme := "127.0.0.1:0", "tcp://"
			if network == "unix" {
				address, scheme = t.TempDir()+"/s", "ipc://"
			}
			l, err := net.Listen(network, address)
			must(t, err)
			defer l.Close()
			endpoint := scheme + l.Addr().String()
			must(t, errors.Join(x.SetUseFd(dupFd(t, l)), x.Bind("inproc://"+t.Name())))
			if fd, err := x.Getusefd(); fd < 0 || err != nil {
				t.Errorf("inproc took it: %v, %v", fd, err)
			}
			must(t, x.Bind(endpoint))
			if fd, err := x.Getusefd(); fd != -1 || err != nil {
				t.Errorf("Getusefd after Bind = %v, %v", fd, err)
			}
			if err := x.Bind("tcp://127.0.0.1:*"); err != nil { // not the same descriptor again
				t.Error(err)
			}
			must(t, y.Connect(endpoint))
			send(t, y, "hello")
			expect(t, x, "hello")
		})
	}
}
