// SPDX-License-Identifier: BSD-2-Clause

package chaos

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// A stranger is a connection of somebody who knows the protocol and does not
// keep to it. Its errors do not matter: it may be cut off at any time.
type stranger struct {
	net.Conn
	r    *rand.Rand
	kind string // the type of socket at the other end
}

// attacks are what a stranger may do. Each takes well under a second.
var attacks = map[string]func(s *stranger){
	"garbage": func(s *stranger) { s.Write(randomBytes(s.r, s.r.IntN(4000))) },
	"silence": func(s *stranger) { s.listen(50 * time.Millisecond) },
	"half greeting": func(s *stranger) {
		g := greeting(3, byte(s.r.IntN(3)), pick(s.r, mechanisms...))
		s.Write(g[:s.r.IntN(len(g))])
		s.listen(20 * time.Millisecond)
	},
	"greeting byte by byte": func(s *stranger) {
		for _, b := range greeting(3, 1, "NULL") {
			s.Write([]byte{b})
		}
		s.listen(20 * time.Millisecond)
	},
	"greeting and garbage": func(s *stranger) {
		s.greet()
		s.Write(randomBytes(s.r, s.r.IntN(4000)))
		s.listen(20 * time.Millisecond)
	},
	"odd greeting": func(s *stranger) {
		g := greeting(byte(s.r.IntN(256)), byte(s.r.IntN(256)), pick(s.r, "NULL", "null", "", "CURVE\x01", strings.Repeat("X", 20)))
		g[s.r.IntN(len(g))] ^= byte(s.r.IntN(256))
		s.Write(g)
		s.Write(ready(pick(s.r, socketTypes...), nil))
		s.listen(20 * time.Millisecond)
	},
	"version 1": func(s *stranger) { // no greeting: a length, flags, the routing id
		id := randomBytes(s.r, s.r.IntN(20))
		s.Write(append([]byte{byte(len(id) + 1), 0}, id...))
		for range s.r.IntN(50) {
			b := randomBytes(s.r, s.r.IntN(200))
			s.Write(append([]byte{byte(len(b) + 1), byte(s.r.IntN(2))}, b...))
		}
		if s.r.IntN(2) == 0 {
			s.Write(binary.BigEndian.AppendUint64([]byte{0xff}, pick[uint64](s.r, 0, 1, 1<<20, 1<<31, 1<<32, 1<<62, 1<<63, 1<<64-1)))
		}
		s.listen(10 * time.Millisecond)
	},
	"version 2": func(s *stranger) {
		s.Write([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, byte(1 + s.r.IntN(2)), byte(s.r.IntN(256))})
		id := randomBytes(s.r, s.r.IntN(256))
		s.Write(append([]byte{byte(s.r.IntN(4)), byte(len(id))}, id...))
		for range s.r.IntN(20) {
			s.Write(frame(byte(s.r.IntN(8)), randomBytes(s.r, s.r.IntN(300))))
		}
		s.listen(10 * time.Millisecond)
	},
	"every mechanism": func(s *stranger) {
		s.Write(greeting(3, 1, pick(s.r, mechanisms...)))
		s.skip(64)
		for range 1 + s.r.IntN(5) {
			s.Write(command(pick(s.r, commands...), randomBytes(s.r, s.r.IntN(300))))
		}
		s.listen(20 * time.Millisecond)
	},
	"PLAIN": func(s *stranger) {
		s.Write(greeting(3, 1, "PLAIN"))
		s.skip(64)
		user, password := randomBytes(s.r, s.r.IntN(256)), randomBytes(s.r, s.r.IntN(256))
		hello := append([]byte{byte(len(user))}, user...)
		hello = append(append(hello, byte(len(password))), password...)
		if s.r.IntN(3) == 0 {
			hello = hello[:s.r.IntN(len(hello))]
		}
		s.Write(command("HELLO", hello))
		s.Write(command("INITIATE", properties(pick(s.r, socketTypes...), randomBytes(s.r, s.r.IntN(300)))))
		s.listen(20 * time.Millisecond)
	},
	"PLAIN with the password": func(s *stranger) {
		s.Write(greeting(3, 1, "PLAIN"))
		s.skip(64)
		s.Write(command("HELLO", []byte("\x04good\x06secret")))
		s.Write(command("INITIATE", properties(s.peerType(), randomBytes(s.r, s.r.IntN(300)))))
		s.listen(10 * time.Millisecond)
		s.misbehave()
	},
	"CURVE": func(s *stranger) {
		s.Write(greeting(3, 1, "CURVE"))
		s.skip(64)
		hello := append([]byte{1, 0}, make([]byte, 72)...)
		hello = append(hello, randomBytes(s.r, 120+s.r.IntN(3)-1)...)
		s.Write(command("HELLO", hello))
		s.Write(command("INITIATE", randomBytes(s.r, s.r.IntN(600))))
		s.listen(20 * time.Millisecond)
	},
	"GSSAPI": func(s *stranger) {
		s.Write(greeting(3, 1, "GSSAPI"))
		s.skip(64)
		s.Write(command("INITIATE", randomBytes(s.r, s.r.IntN(600))))
		s.listen(20 * time.Millisecond)
	},
	"READY cut": func(s *stranger) {
		s.greet()
		b := properties(pick(s.r, socketTypes...), randomBytes(s.r, s.r.IntN(300)))
		s.Write(command("READY", b[:s.r.IntN(len(b))]))
		s.listen(20 * time.Millisecond)
	},
	"READY changed": func(s *stranger) {
		s.greet()
		b := properties(s.peerType(), randomBytes(s.r, s.r.IntN(30)))
		for range 1 + s.r.IntN(3) {
			b[s.r.IntN(len(b))] = byte(s.r.Uint32())
		}
		s.Write(command("READY", b))
		s.listen(20 * time.Millisecond)
	},
	"READY without end": func(s *stranger) {
		s.greet()
		for range 500 {
			s.Write(ready(s.peerType(), nil))
		}
	},
	"large READY": func(s *stranger) {
		s.greet()
		b := properties(s.peerType(), nil)
		for i := range 2000 {
			b = append(b, property(fmt.Sprintf("X-%d", i), randomBytes(s.r, s.r.IntN(300)))...)
		}
		s.Write(command("READY", b))
		s.listen(20 * time.Millisecond)
	},
	"every type": func(s *stranger) {
		s.greet()
		s.Write(ready(pick(s.r, socketTypes...), randomBytes(s.r, s.r.IntN(10))))
		s.misbehave()
	},
	"no socket type": func(s *stranger) {
		s.greet()
		s.Write(command("READY", nil))
		s.misbehave()
	},
	"routing ids": func(s *stranger) {
		s.greet()
		s.Write(ready(s.peerType(), pick(s.r, nil, []byte("same"), []byte("same"), randomBytes(s.r, 255), randomBytes(s.r, 256), randomBytes(s.r, 5000),
			append([]byte{0}, randomBytes(s.r, s.r.IntN(300))...), make([]byte, 5), []byte{0})))
		s.misbehave()
	},
	"ERROR": func(s *stranger) {
		s.greet()
		s.Write(command("ERROR", pick(s.r, nil, []byte{0}, []byte{3}, []byte("\x03300"), []byte("\x03abc"), []byte("\xff400"), randomBytes(s.r, 300))))
		s.listen(20 * time.Millisecond)
	},
	"commands before READY": func(s *stranger) {
		s.greet()
		for range 20 {
			s.Write(command(pick(s.r, commands...), randomBytes(s.r, s.r.IntN(20))))
		}
		s.listen(10 * time.Millisecond)
	},
	"short commands": func(s *stranger) {
		s.greet()
		s.Write(frame(4, pick(s.r, nil, []byte{0}, []byte{255}, []byte{5}, []byte("\x05READ"), []byte("\x04PING"), []byte("\x04PING\x00"))))
		s.listen(10 * time.Millisecond)
	},
	"huge length": func(s *stranger) {
		s.enter(nil)
		s.Write(binary.BigEndian.AppendUint64([]byte{pick[byte](s.r, 2, 3, 6, 7)}, pick[uint64](s.r, 1<<20, 1<<31-1, 1<<31, 1<<32, 1<<40, 1<<62, 1<<63-1, 1<<63, 1<<64-1)))
		s.Write(randomBytes(s.r, s.r.IntN(20000)))
		s.listen(20 * time.Millisecond)
	},
	"huge length in the handshake": func(s *stranger) {
		s.greet()
		s.Write(binary.BigEndian.AppendUint64([]byte{6}, pick[uint64](s.r, 1<<20, 1<<31, 1<<32, 1<<62, 1<<63, 1<<64-1)))
		s.Write(randomBytes(s.r, s.r.IntN(20000)))
		s.listen(20 * time.Millisecond)
	},
	"odd flags": func(s *stranger) {
		s.enter(nil)
		for range 10 {
			s.Write([]byte{byte(s.r.Uint32()), byte(s.r.IntN(3)), 1, 2})
		}
		s.listen(10 * time.Millisecond)
	},
	"many parts": func(s *stranger) { // of a message that never ends
		s.enter(nil)
		parts := make([]byte, 0, 3<<15)
		for range 1 << 15 {
			parts = append(parts, 1, 1, 'x')
		}
		s.Write(parts)
	},
	"many messages": func(s *stranger) {
		s.enter(randomBytes(s.r, 4))
		b := make([]byte, 0, 1<<16)
		for range 5000 {
			b = append(b, frame(byte(s.r.IntN(2)), randomBytes(s.r, s.r.IntN(10)))...)
		}
		s.Write(b)
	},
	"messages cut": func(s *stranger) {
		s.enter(randomBytes(s.r, 4))
		s.Write(frame(1, randomBytes(s.r, s.r.IntN(100))))
		s.Write(frame(0, randomBytes(s.r, 20000))[:s.r.IntN(20000)])
	},
	"subscriptions": func(s *stranger) {
		s.enter(nil)
		b := make([]byte, 0, 1<<18)
		for i := range 1000 { // each stranger that leaves takes a publisher time for all of them
			topic := append(binary.BigEndian.AppendUint16(nil, uint16(s.r.IntN(3000))), randomBytes(s.r, i%7)...)
			switch s.r.IntN(5) {
			case 0:
				b = append(b, frame(0, append([]byte{0}, topic...))...)
			case 1:
				b = append(b, command("SUBSCRIBE", topic)...)
			case 2:
				b = append(b, command("CANCEL", topic)...)
			default:
				b = append(b, frame(byte(s.r.IntN(2)), append([]byte{1}, topic...))...)
			}
		}
		s.Write(b)
		s.listen(20 * time.Millisecond)
	},
	"long subscriptions": func(s *stranger) {
		s.enter(nil)
		for range 2 {
			topic := append(make([]byte, 1+s.r.IntN(longest)), byte(s.r.Uint32()))
			if s.r.IntN(2) == 0 {
				s.Write(frame(0, append([]byte{1}, topic...)))
			} else {
				s.Write(command("SUBSCRIBE", topic))
			}
		}
		s.listen(100 * time.Millisecond)
	},
	"pings": func(s *stranger) {
		s.enter(nil)
		b := make([]byte, 0, 1<<16)
		for range 2000 {
			b = append(b, command(pick(s.r, "PING", "PONG"), randomBytes(s.r, s.r.IntN(40)))...)
		}
		s.Write(b)
		s.listen(20 * time.Millisecond)
	},
	"pings, none read": func(s *stranger) {
		s.enter(nil)
		b := make([]byte, 0, 1<<20)
		for range 40000 {
			b = append(b, command("PING", append([]byte{0, 1}, "0123456789abcdef"...))...)
		}
		s.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		s.Write(b)
	},
	"groups": func(s *stranger) {
		s.enter(nil)
		for range 50 {
			n := pick(s.r, 0, 1, 15, 255, 256, 1000)
			s.Write(command(pick(s.r, "JOIN", "LEAVE"), randomBytes(s.r, n)))
			s.Write(frame(byte(s.r.IntN(2)), append([]byte{byte(n)}, randomBytes(s.r, s.r.IntN(300))...)))
		}
		s.listen(10 * time.Millisecond)
	},
	"reads a little": func(s *stranger) {
		s.enter([]byte("reader"))
		s.Write(frame(0, []byte{1})) // everything, if it is a publisher
		s.listen(time.Duration(s.r.IntN(100)) * time.Millisecond)
		time.Sleep(time.Duration(s.r.IntN(100)) * time.Millisecond)
	},
	"WebSocket": func(s *stranger) {
		s.upgrade()
		s.listen(10 * time.Millisecond)
		for range 1 + s.r.IntN(10) {
			s.Write(wsFrame(s.r))
		}
		s.listen(10 * time.Millisecond)
	},
	"WebSocket, odd request": func(s *stranger) {
		request := wsRequest("ZWS2.0/NULL")
		for range 1 + s.r.IntN(3) {
			switch i := s.r.IntN(len(request)); s.r.IntN(4) {
			case 0:
				request = request[:i]
			case 1:
				request = request[:i] + string(randomBytes(s.r, s.r.IntN(10))) + request[i:]
			case 2:
				request = request[:i] + strings.Repeat("x", s.r.IntN(10000)) + request[i:]
			case 3:
				request = request[:i] + pick(s.r, "\r\n", "\n", "\r", ":", " ", "\x00") + request[i:]
			}
			if request == "" {
				break
			}
		}
		io.WriteString(s, request)
		s.listen(20 * time.Millisecond)
	},
	"WebSocket, endless request": func(s *stranger) {
		io.WriteString(s, "GET / HTTP/1.1\r\n")
		for i := range 500 {
			fmt.Fprintf(s, "X-%d: %s\r\n", i, strings.Repeat("y", s.r.IntN(200)))
		}
	},
}

// longest is how long a subscription may be. It is a publisher that gets it: a SUB or XSUB, also
// that of a proxy, would not survive it.
const longest = 300_000

var (
	mechanisms  = []string{"NULL", "PLAIN", "CURVE", "GSSAPI", "NONE"}
	socketTypes = []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM", "SERVER", "CLIENT",
		"RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL", "", "X", strings.Repeat("Y", 300)}
	commands = []string{"READY", "ERROR", "HELLO", "WELCOME", "INITIATE", "MESSAGE", "PING", "PONG", "SUBSCRIBE", "CANCEL", "JOIN", "LEAVE", "", "X"}
)

// peers are the types that a socket talks to.
var peers = map[string][]string{
	"PAIR": {"PAIR"}, "PUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "REP": {"REQ", "DEALER"}, "DEALER": {"REP", "DEALER", "ROUTER"},
	"ROUTER": {"REQ", "DEALER", "ROUTER"}, "PULL": {"PUSH"}, "PUSH": {"PULL"}, "XPUB": {"SUB", "XSUB"}, "XSUB": {"PUB", "XPUB"}, "REQ": {"REP", "ROUTER"},
	"SERVER": {"CLIENT"}, "CLIENT": {"SERVER"}, "RADIO": {"DISH"}, "DISH": {"RADIO"}, "GATHER": {"SCATTER"}, "SCATTER": {"GATHER"},
	"PEER": {"PEER", "CLIENT", "SERVER"}, "CHANNEL": {"CHANNEL"}, "STREAM": {"STREAM"},
}

func (s *stranger) peerType() string { return pick(s.r, peers[s.kind]...) }

// attack does something to an endpoint, and then ends the connection somehow.
func attack(r *rand.Rand, name, kind, endpoint string) {
	network, addr := address(endpoint)
	c, err := net.DialTimeout(network, addr, time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	attacks[name](&stranger{c, r, kind})
	if tcp, ok := c.(*net.TCPConn); ok {
		switch r.IntN(3) {
		case 0:
			tcp.SetLinger(0) // a reset
		case 1:
			tcp.CloseWrite()
			(&stranger{c, r, kind}).listen(10 * time.Millisecond)
		}
	}
}

// listen reads whatever comes for a while.
func (s *stranger) listen(d time.Duration) {
	s.SetReadDeadline(time.Now().Add(d))
	io.Copy(io.Discard, s.Conn)
}

func (s *stranger) skip(n int64) {
	s.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	io.CopyN(io.Discard, s.Conn, n)
}

func (s *stranger) greet() {
	s.Write(greeting(3, byte(s.r.IntN(2)), "NULL"))
	s.skip(64)
}

// enter gets in, where there is no security.
func (s *stranger) enter(id []byte) {
	s.greet()
	s.Write(ready(s.peerType(), id))
}

// misbehave sends messages and commands of any kind.
func (s *stranger) misbehave() {
	for range s.r.IntN(30) {
		switch s.r.IntN(6) {
		case 0:
			s.Write(command(pick(s.r, commands...), randomBytes(s.r, s.r.IntN(40))))
		case 1:
			s.Write(frame(0, append([]byte{byte(s.r.IntN(3))}, randomBytes(s.r, s.r.IntN(40))...)))
		case 2:
			s.Write(frame(1, nil))
		default:
			s.Write(frame(byte(s.r.IntN(2)), randomBytes(s.r, pick(s.r, 0, 1, 5, 33, 255, 256, 9000))))
		}
	}
	s.listen(time.Duration(s.r.IntN(20)) * time.Millisecond)
}

func greeting(major, minor byte, mechanism string) []byte {
	g := make([]byte, 64)
	g[0], g[8], g[9], g[10], g[11] = 0xff, 1, 0x7f, major, minor
	copy(g[12:32], mechanism)
	return g
}

func frame(flags byte, b []byte) []byte {
	if len(b) > 255 {
		return append(binary.BigEndian.AppendUint64([]byte{flags | 2}, uint64(len(b))), b...)
	}
	return append([]byte{flags, byte(len(b))}, b...)
}

func command(name string, body []byte) []byte {
	return frame(4, append(append([]byte{byte(len(name))}, name...), body...))
}

func property(name string, value []byte) []byte {
	b := append([]byte{byte(len(name))}, name...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

func properties(socketType string, id []byte) []byte {
	b := property("Socket-Type", []byte(socketType))
	if id != nil {
		b = append(b, property("Identity", id)...)
	}
	return b
}

func ready(socketType string, id []byte) []byte { return command("READY", properties(socketType, id)) }

func wsRequest(protocol string) string {
	return "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Protocol: " + protocol + "\r\nSec-WebSocket-Version: 13\r\n\r\n"
}

// upgrade gets in over ws.
func (s *stranger) upgrade() {
	io.WriteString(s, wsRequest(pick(s.r, "ZWS2.0/NULL", "ZWS2.0", "ZWS2.0/PLAIN", "ZWS2.0/CURVE")))
	s.listen(20 * time.Millisecond)
	if s.r.IntN(3) > 0 { // a command in a frame of its own
		b := append([]byte{2}, "\x05READY"...)
		s.Write(wsMask(2, append(b, properties(s.peerType(), nil)...)))
	}
}

func wsMask(op byte, b []byte) []byte {
	f := []byte{0x80 | op}
	switch {
	case len(b) > 65535:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(len(b)))
	case len(b) > 125:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(b)))
	default:
		f = append(f, 0x80|byte(len(b)))
	}
	mask := []byte{1, 2, 3, 4}
	f = append(f, mask...)
	for i := range b {
		f = append(f, b[i]^mask[i%4])
	}
	return f
}

func wsFrame(r *rand.Rand) []byte {
	switch r.IntN(6) {
	case 0: // no mask, any operation
		return append([]byte{byte(r.Uint32()), byte(r.Uint32())}, randomBytes(r, r.IntN(200))...)
	case 1: // a huge length
		return binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, pick[uint64](r, 0, 1<<20, 1<<31, 1<<32, 1<<62, 1<<63, 1<<64-1))
	case 2: // operations of control, also long ones
		return wsMask(pick[byte](r, 8, 9, 10, 0, 1, 15), randomBytes(r, pick(r, 0, 1, 2, 125, 126, 70000)))
	default:
		return wsMask(2, append([]byte{byte(r.IntN(4))}, randomBytes(r, pick(r, 0, 1, 100, 125, 126, 70000))...))
	}
}
