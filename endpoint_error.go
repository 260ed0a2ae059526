// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// An EndpointError says which part of an endpoint is wrong, and what would be
// right. [OpenSocket] returns it in an [*OpError], for its options [Bind] and
// [Connect].
//
// [Socket.Bind] and [Socket.Connect] return the bare [Errno], as pebbe/zmq4
// does. To report it with the same text:
//
//	endpoint := "tcp://*:5555"
//	if err := soc.Bind(endpoint); err != nil {
//		return &zmq4.EndpointError{Op: "bind", Endpoint: endpoint, Err: err}
//	}
type EndpointError struct {
	// Op is what failed: "bind", "connect", "unbind" or "disconnect".
	Op string

	// Endpoint is the endpoint that was given.
	Endpoint string

	// Err is what libzmq returned, an [Errno].
	Err error
}

// Error returns the endpoint, the reason and the text of Err, in one line.
func (e *EndpointError) Error() string {
	s := e.Endpoint
	if s == "" || !isPlain(s) {
		s = strconv.Quote(s)
	}
	if reason := e.Reason(); reason != "" {
		s += ": " + reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *EndpointError) Unwrap() error { return e.Err }

// Reason says what is wrong with the endpoint, such as "no port, such as
// :5555". It returns "" if Err says it all, or if the endpoint and Err do not
// tell.
func (e *EndpointError) Reason() string {
	transport, address, ok := strings.Cut(e.Endpoint, "://")
	bind := e.Op == "bind" || e.Op == "unbind"
	switch AsErrno(e.Err) {
	case EPROTONOSUPPORT:
		return transportReason(transport)
	case enoent:
		switch {
		case e.Op == "unbind":
			return "the socket is not bound to it; give a wildcard as GetLastEndpoint returned it"
		case e.Op == "disconnect":
			return "the socket is not connected to it"
		case transport == "ipc":
			return fmt.Sprintf("the directory of %q does not exist", address)
		}
		return ""
	case EADDRNOTAVAIL:
		if host, _, ok := cutPort(address); ok && transport == "tcp" && bind {
			return fmt.Sprintf("%q is not an address of this machine", host)
		}
		return ""
	case ENOCOMPATPROTO:
		switch {
		case transport == "udp":
			return "udp is for RADIO, DISH and DGRAM sockets"
		case isMulticast(transport):
			return transport + " is for PUB, SUB, XPUB and XSUB sockets"
		}
		return ""
	case einval, enodev:
	default:
		return ""
	}
	switch {
	case strings.IndexByte(e.Endpoint, 0) >= 0:
		return "it has a NUL character"
	case !ok && isPlain(e.Endpoint) && strings.Contains(e.Endpoint, ":") && !strings.Contains(e.Endpoint, "/"):
		return "no transport, such as tcp://" + e.Endpoint
	case !ok:
		return "no transport, such as tcp:// or ipc://"
	case transport == "":
		return "no transport before ://, such as tcp"
	case address == "":
		return fmt.Sprintf("nothing after %q", transport+"://")
	}
	return addressReason(transport, address, bind, AsErrno(e.Err) == enodev)
}

// capabilities are the transports that a libzmq may have, with the names that [Has] knows them by.
var capabilities = map[string]string{
	"tcp": "", "inproc": "", "udp": "", "ipc": "ipc", "ws": "WS", "wss": "WSS", "pgm": "pgm", "epgm": "pgm",
	"norm": "norm", "tipc": "tipc", "vmci": "vmci", "vsock": "vsock",
}

// transportReason says why libzmq does not know a transport.
func transportReason(transport string) string {
	if _, ok := capabilities[transport]; ok {
		return "libzmq was built without the transport " + transport
	}
	if _, ok := capabilities[strings.ToLower(transport)]; ok {
		return fmt.Sprintf("transport %q has to be in lower case", transport)
	}
	names := []string{"tcp", "ipc", "inproc", "udp"}
	for _, name := range []string{"ws", "wss", "pgm", "epgm", "norm", "tipc", "vmci", "vsock"} {
		if Has(capabilities[name]) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("unknown transport %q; there are %s", transport, strings.Join(names, ", "))
}

// addressReason says what is wrong behind the transport. noDevice says that libzmq has found
// no such interface.
func addressReason(transport, address string, bind, noDevice bool) string {
	if isMulticast(transport) {
		return multicastReason(transport, address, noDevice)
	}
	device := ""
	switch i := strings.LastIndexByte(address, ';'); transport {
	case "tcp":
		if i >= 0 && !bind {
			if reason := placeReason(address[:i], true, noDevice); reason != "" {
				return reason
			}
			address = address[i+1:]
		}
	case "ws", "wss":
		address, _, _ = strings.Cut(address, "/")
	case "udp":
		device, address = address[:max(i, 0)], address[i+1:]
		if noDevice && device != "" {
			return interfaceReason(device)
		}
	default:
		return ""
	}
	if reason := placeReason(address, bind, noDevice); reason != "" {
		return reason
	}
	host, _, _ := cutPort(address)
	switch {
	case bind && transport == "wss":
		return "wss needs a certificate and its key: SetWssCertPem and SetWssKeyPem"
	case transport == "ws" || transport == "wss":
		if _, err := netip.ParseAddr(unbracket(host)); !bind && err != nil {
			return fmt.Sprintf("the host name %q does not resolve", host)
		}
	case transport == "tcp" && !bind && len(host) > maxHost:
		return fmt.Sprintf("a host name of %d bytes, more than %d", len(host), maxHost)
	case transport == "tcp" && !bind:
		if i := strings.IndexFunc(address, func(r rune) bool { return r > '~' || !strings.ContainsRune(tcpCharacters, r) }); i >= 0 {
			return fmt.Sprintf("character %q is not allowed in a tcp endpoint", []rune(address[i:])[0])
		}
	}
	return ""
}

func isMulticast(transport string) bool {
	return transport == "pgm" || transport == "epgm" || transport == "norm"
}

// multicastReason says what is wrong with "interface;group:port", of which NORM may have
// an id and a comma before the interface, and PGM several groups.
func multicastReason(transport, address string, noDevice bool) string {
	host, port, ok := cutPort(address)
	number, err := strconv.Atoi(port)
	switch {
	case !ok || port == "":
		return "no port, such as :5556"
	case err != nil:
		return fmt.Sprintf("port %q is not a number", port)
	case number < 1 || number > 65535:
		return fmt.Sprintf("port %s is not between 1 and 65535", port)
	}
	fields := strings.Split(host, ";")
	if transport == "norm" {
		if id, rest, ok := strings.Cut(fields[0], ","); ok {
			if n, err := strconv.ParseUint(id, 10, 32); err != nil || n == 0 || n == math.MaxUint32 {
				return fmt.Sprintf("id %q is not a number from 1 to 4294967294", id)
			}
			fields[0] = rest
		}
	} else if len(fields) == 1 || fields[0] == "" {
		return "no interface before the group, such as 10.0.0.7;239.192.1.1:5556"
	}
	if noDevice {
		return fmt.Sprintf("unknown interface %q", fields[0])
	}
	for _, group := range strings.Split(strings.Join(fields[min(1, len(fields)-1):], ","), ",") {
		if ip, err := netip.ParseAddr(unbracket(group)); err != nil || !ip.IsMulticast() && transport != "norm" {
			return fmt.Sprintf("%q is not the address of a multicast group, such as 239.192.1.1", group)
		}
	}
	return ""
}

// tcpCharacters are those that libzmq takes in the address of a Connect.
const tcpCharacters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:%;[]_*"

// cutPort cuts an address at its port.
func cutPort(address string) (host, port string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 || strings.HasSuffix(address, "]") { // [::1]
		return address, "", false
	}
	return address[:i], address[i+1:], true
}

// placeReason says what is wrong with a host, or an interface to bind to, and a port.
func placeReason(address string, bind, noDevice bool) string {
	host, port, ok := cutPort(address)
	number, err := strconv.Atoi(port)
	switch {
	case (!ok || port == "") && bind:
		return "no port, such as :5555, or :* for any that is free"
	case !ok || port == "":
		return "no port, such as :5555"
	case port == "*" && bind:
	case port == "*":
		return `port "*" is for bind only`
	case isNumber(port) && (err != nil || number < 0 || number > 65535):
		return fmt.Sprintf("port %s is not between 1 and 65535", port)
	case err != nil:
		return fmt.Sprintf("port %q is not a number", port)
	}
	_, err = netip.ParseAddr(unbracket(host))
	switch {
	case host == "" && bind:
		return "no interface before the port, such as * for all"
	case host == "":
		return "no host before the port"
	case host == "*" && !bind:
		return `host "*" is for bind only`
	case noDevice && bind && err == nil && strings.Contains(host, ":"):
		return fmt.Sprintf("%q is an IPv6 address: call SetIpv6(true) first", host)
	case noDevice && bind && err != nil:
		return interfaceReason(host)
	case bind && !noDevice && strings.Contains(host, "%"):
		return fmt.Sprintf("unknown interface in %q", host)
	case strings.Contains(host, ":") && err != nil:
		return fmt.Sprintf("%q has a colon but is not an IPv6 address", host)
	}
	return ""
}

// interfaceReason says why there is no such interface.
func interfaceReason(device string) string {
	what := "unknown interface"
	if strings.Contains(device, ".") || device == "localhost" {
		what = "host name"
	}
	return fmt.Sprintf("%s %q; bind takes an interface such as eth0, its IP address, or * for all", what, device)
}

// isNumber reports whether a text is a number, of any size.
func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// isPlain reports whether a text can be in a line without quotes.
func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
