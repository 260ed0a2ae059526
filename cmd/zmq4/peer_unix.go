// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import (
	"net/netip"
	"syscall"
)

// peerOf returns the address and port at the other end of a connection of libzmq's, and
// "" if it has none or was closed since.
func peerOf(fd int) string {
	address, _ := syscall.Getpeername(fd)
	var port netip.AddrPort
	switch a := address.(type) {
	case *syscall.SockaddrInet4:
		port = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		port = netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	default:
		return ""
	}
	return port.String()
}
