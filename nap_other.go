// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo && !windows && !linux

package zmq4

// napAlone is nap on the only processor, of the only goroutine: see nap_linux.go.
func (a *alarm) napAlone(fd int) bool { return a.nap(fd) }
