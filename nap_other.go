// SPDX-License-Identifier: BSD-2-Clause

//go:build !windows && !linux

package zmq4

// #include "shim.h"
import "C"

// nap waits until the descriptor can be read, or the alarm rings, or a signal comes. It
// reports whether the descriptor can be read.
func (a *alarm) nap(fd int) bool { return C.zmq4_nap(C.int(fd), a.c.fd) != 0 }
