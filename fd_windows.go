// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

// GetFd returns the socket handle with which libzmq signals changes of the
// socket. This package waits on it, so programs do not need it.
//
// It becomes readable once when something has changed. [Socket.GetEvents]
// then tells what the socket is ready for, and must be called again after
// each send and receive. The handle belongs to libzmq: never read from it,
// write to it or close it.
//
// Option ZMQ_FD.
func (soc *Socket) GetFd() (uintptr, error) { return getNum[uintptr](soc, C.ZMQ_FD) }
