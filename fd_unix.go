// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

// #include "shim.h"
import "C"

// GetFd returns the file descriptor by which libzmq signals the socket. This
// package waits on it, so that a program has no need to.
//
// It becomes readable once when something has changed; what the socket is
// ready for then is told by [Socket.GetEvents], which must be read again after
// each send and receive. The descriptor belongs to libzmq: never read from it,
// write to it or close it.
//
// Option ZMQ_FD.
func (soc *Socket) GetFd() (int, error) { return soc.getInt(C.ZMQ_FD) }
