// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
)

// A zmtpPeer talks ZMTP 3 with the mechanism NULL, and says what no libzmq would.
type zmtpPeer struct {
	t    testing.TB
	conn net.Conn
}

// dialZmtp connects as a socket of a type.
func dialZmtp(t testing.TB, endpoint, typ string) zmtpPeer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return greetZmtp(t, conn, 0, typ)
}

// greetZmtp does so by a connection that somebody has made, with ZMTP 3.minor.
func greetZmtp(t testing.TB, conn net.Conn, minor byte, typ string) zmtpPeer {
	t.Helper()
	greeting := make([]byte, 64)
	greeting[0], greeting[9], greeting[10], greeting[11] = 0xff, 0x7f, 3, minor
	copy(greeting[12:], "NULL")
	_, err := conn.Write(greeting)
	must(t, err)
	_, err = io.ReadFull(conn, greeting)
	must(t, err)
	ready := binary.BigEndian.AppendUint32([]byte("\x05READY\x0bSocket-Type"), uint32(len(typ)))
	ready = append(ready, typ...)
	_, err = conn.Write(append([]byte{4, byte(len(ready))}, ready...))
	must(t, err)
	return zmtpPeer{t, conn}
}

// send sends a message of these parts.
func (p zmtpPeer) send(parts ...string) {
	p.t.Helper()
	for i, part := range parts {
		p.sendPart(part, i < len(parts)-1)
	}
}

func (p zmtpPeer) sendPart(part string, more bool) {
	p.t.Helper()
	flags := byte(2) // long
	if more {
		flags |= 1
	}
	frame := binary.BigEndian.AppendUint64([]byte{flags}, uint64(len(part)))
	_, err := p.conn.Write(append(frame, part...))
	must(p.t, err)
}

func (p zmtpPeer) close() { p.conn.Close() }
