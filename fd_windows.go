// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

// GetFd returns the socket handle by which libzmq signals the socket. This
// package waits on it, so that a program has no need to.
//
// It becomes readable once when something has changed; what the socket is
// ready for then is told by [Socket.GetEvents], which must be read again after
// each send and receive. The handle belongs to libzmq: never read from it,
// write to it or close it.
//
// Option ZMQ_FD.
func (soc *Socket) GetFd() (uintptr, error) { return getNum[uintptr](soc, C.ZMQ_FD) }
