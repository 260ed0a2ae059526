// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows

package zmq4

// #include "shim.h"
import "C"

// GetFd returns the file descriptor with which libzmq signals changes of the
// socket. This package waits on it, so programs do not need it.
//
// It becomes readable once when something has changed. [Socket.GetEvents]
// then tells what the socket is ready for, and must be called again after
// each send and receive. The descriptor belongs to libzmq: never read from
// it, write to it or close it.
//
// Option ZMQ_FD.
func (soc *Socket) GetFd() (int, error) { return soc.getInt(C.ZMQ_FD) }
