// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Bind and Connect of a multicast endpoint only tell an I/O thread of libzmq
// what to do. That thread then makes the sockets, and aborts the process if it
// cannot. So everything that it needs is looked at, and tried, before.

const (
	// normPart is the most that libzmq's NORM sender takes of a part: its
	// buffer of 2048 bytes without one for itself and nine for the frame. With
	// more to send, its I/O thread spins for ever.
	normPart = 2048 - 1 - 9

	// pgmGroups is how many groups OpenPGM takes from an endpoint.
	pgmGroups = 10

	// pgmWindow is how many packets may be kept to be repaired. Each takes
	// memory from the beginning, sent or not.
	pgmWindow = 1 << 24
)

// A multicastEndpoint is what an endpoint of a multicast transport says.
type multicastEndpoint struct {
	transport string
	device    string       // name or, for PGM, address of the interface
	addr      netip.Addr   // of the interface
	index     int          // of the interface, from 1 on
	groups    []netip.Addr // for NORM one, or the address of a host
	port      uint16
}

// checkMulticast returns an error for a multicast endpoint that libzmq cannot
// use, and nil for any other endpoint. The socket is locked.
//
// Fence Z095.
func (s *socket) checkMulticast(endpoint string) error {
	transport, address, ok := strings.Cut(endpoint, "://")
	pgm := transport == "pgm" || transport == "epgm"
	if !ok || !pgm && transport != "norm" || !Has(strings.TrimPrefix(transport, "e")) {
		return nil
	}
	switch s.typ {
	case PUB, XPUB, SUB, XSUB:
	default:
		return nil // libzmq returns ENOCOMPATPROTO
	}
	m, ok := parseNorm(address)
	if pgm {
		m, ok = parsePgm(address)
		ok = ok && s.pgmOptions()
	}
	if !ok {
		return einval
	}
	m.transport = transport
	if err := m.find(); err != nil {
		return err
	}
	return m.try()
}

// pgmOptions reports whether OpenPGM takes the options. It refuses some values,
// alone or together, and then libzmq or OpenPGM aborts the process.
//
// Fence Z094.
func (s *socket) pgmOptions() bool {
	get := func(option C.int) int64 { return int64(C.zmq4_get_int(s.h(), option)) }
	hops, tpdu, rate := get(C.ZMQ_MULTICAST_HOPS), get(C.ZMQ_MULTICAST_MAXTPDU), get(C.ZMQ_RATE)
	if hops > 255 || tpdu < 128 || tpdu > 65535 { // less has no room for the headers
		return false
	}
	if s.typ == PUB || s.typ == XPUB {
		if rate*125 < tpdu || rate*1000 > math.MaxInt32 {
			return false
		}
	}
	return rate/8*get(C.ZMQ_RECOVERY_IVL)/tpdu <= pgmWindow
}

// parsePgm parses "interface;group,group;group:port": the groups to receive
// from, and the one to send to if that is another. OpenPGM also takes names of
// hosts and networks, and no interface at all. But it resolves them again in
// the I/O thread, which aborts if it then cannot.
func parsePgm(address string) (m multicastEndpoint, ok bool) {
	if address, ok = m.cutPort(address); !ok {
		return m, false
	}
	fields := strings.Split(address, ";")
	if len(address) > 253 || len(fields) < 2 || len(fields) > 3 || fields[0] == "" {
		return m, false
	}
	m.device = fields[0]
	if addr, err := netip.ParseAddr(unbracket(m.device)); err == nil {
		m.addr = addr
	}
	receive := strings.Split(fields[1], ",")
	for i, text := range append(receive, fields[2:]...) {
		group, err := netip.ParseAddr(unbracket(text))
		if err != nil || !group.IsMulticast() || group.Zone() != "" || group.Is4In6() || i > 0 && group.Is4() != m.groups[0].Is4() {
			return m, false
		}
		if i < len(receive) && slices.Contains(m.groups, group) {
			return m, false
		}
		m.groups = append(m.groups, group)
	}
	return m, len(receive) <= pgmGroups
}

// parseNorm parses "id,interface;group:port", of which id and interface may be
// missing. In the place of the group there may be the address of one host.
func parseNorm(address string) (m multicastEndpoint, ok bool) {
	if address, ok = m.cutPort(address); !ok {
		return m, false
	}
	if id, rest, ok := strings.Cut(address, ","); ok {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil || n == 0 || n == math.MaxUint32 || len(id) > 10 { // those two stand for no id
			return m, false
		}
		address = rest
	}
	if device, rest, ok := strings.Cut(address, ";"); ok {
		if device == "" {
			return m, false
		}
		m.device, address = device, rest
	}
	group, err := netip.ParseAddr(address)
	if err != nil || group.Zone() != "" || group.Is4In6() || group.IsUnspecified() {
		return m, false
	}
	m.groups = []netip.Addr{group}
	return m, true
}

// cutPort takes the port from the end of an address.
func (m *multicastEndpoint) cutPort(address string) (rest string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", false
	}
	port, err := strconv.ParseUint(address[i+1:], 10, 16)
	m.port = uint16(port)
	return address[:i], err == nil && port > 0
}

func unbracket(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

// find finds the interface, by its address if that is given, and the address
// that it has of the family of the groups.
func (m *multicastEndpoint) find() error {
	if m.device == "" {
		return nil // the system chooses
	}
	all, err := net.Interfaces()
	if err != nil {
		return max(AsErrno(err), 1)
	}
	for _, ifi := range all {
		byAddr := m.addr.IsValid()
		if !byAddr && ifi.Name != m.device {
			continue
		}
		addrs, _ := ifi.Addrs() // an error says that it has just gone
		for _, a := range addrs {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil || byAddr && prefix.Addr() != m.addr.WithZone("") {
				continue
			}
			if prefix.Addr().Is4() == m.groups[0].Is4() {
				m.addr, m.index = prefix.Addr(), ifi.Index
				if ifi.Flags&net.FlagUp == 0 {
					return ENETDOWN
				}
				return nil
			}
		}
		if !byAddr {
			return EADDRNOTAVAIL
		}
	}
	return Errno(syscall.ENODEV)
}

// try makes a socket such as the I/O thread will make, and closes it again.
func (m *multicastEndpoint) try() error {
	v6, raw := C.int(0), C.int(0)
	if m.transport == "pgm" {
		raw = 1
	}
	var addr [4]byte
	if m.groups[0].Is6() {
		v6 = 1
	} else if m.addr.IsValid() {
		addr = m.addr.As4()
	}
	var groups []byte
	for _, group := range m.groups {
		if group.IsMulticast() {
			groups = append(groups, group.AsSlice()...)
		}
	}
	// OpenPGM shares its port with those that set SO_REUSEPORT, NORM with
	// those that set both, and without a group with nobody.
	reuse := C.int(C.ZMQ4_REUSE_PORT)
	if m.transport == "norm" && len(groups) > 0 {
		reuse |= C.ZMQ4_REUSE_ADDR
	} else if m.transport == "norm" {
		reuse = 0
	}
	return check(C.zmq4_try_group(v6, raw, reuse, C.int(m.port), (*C.uchar)(&addr[0]),
		C.uint(m.index), (*C.uchar)(unsafe.SliceData(groups)), C.int(len(groups))))
}
