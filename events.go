// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// A SocketEvent is something that happened to a connection of a socket, see
// [Socket.Events]. Fields that do not go with the event are zero, or FD -1.
type SocketEvent struct {
	// Event is what happened: one of the constants.
	Event Event

	// Endpoint is the address of this side if it is bound, and otherwise that of
	// the peer, such as "tcp://127.0.0.1:5555".
	Endpoint string

	// Local and Remote are the addresses of both sides. They are "" if there is
	// none, and without libzmq 4.3.2 with the draft API.
	Local, Remote string

	// FD is the file descriptor of the connection or listener. Use it only to tell
	// connections apart: libzmq owns it, and may have closed it since.
	FD int

	// Err is the reason of a failure. It is an [Errno] with EVENT_BIND_FAILED,
	// EVENT_ACCEPT_FAILED, EVENT_CLOSE_FAILED and
	// EVENT_HANDSHAKE_FAILED_NO_DETAIL. The last may have none.
	//
	// With EVENT_CONNECT_RETRIED it is a [*net.DNSError] if a host name does not
	// resolve. libzmq does not report that: the package concludes it from a retry
	// without a failed connection. The same error appears when no file descriptor is
	// left, and when the device of [Socket.SetBindToDevice] does not exist. With
	// [Socket.SetSocksProxy], the name is that of the proxy. After a successful
	// connection libzmq reports the address, not the name, and there is no such error.
	Err error

	// RetryIn is the time until the next attempt, with EVENT_CONNECT_RETRIED.
	RetryIn time.Duration

	// ZAPStatus is the status that the authenticator returned, with
	// EVENT_HANDSHAKE_FAILED_AUTH: 300, 400 or 500.
	ZAPStatus int

	// ProtocolError is the reason, with EVENT_HANDSHAKE_FAILED_PROTOCOL.
	ProtocolError ProtocolError

	// Outbound and Inbound are the numbers of messages in the queues to and from
	// the peer, with EVENT_PIPES_STATS.
	Outbound, Inbound uint64

	// Value is the event's number as libzmq reports it, see the constants.
	Value int
}

// String returns the event and the fields that go with it in one line.
func (e SocketEvent) String() string {
	s := e.Event.String()
	if e.Endpoint != "" {
		s += " " + e.Endpoint
	}
	if e.RetryIn != 0 {
		s += fmt.Sprintf(" in %v", e.RetryIn)
	}
	switch {
	case e.FD >= 0:
		s += fmt.Sprintf(" fd=%d", e.FD)
	case e.Err != nil:
		s += ": " + e.Err.Error()
	case e.ZAPStatus != 0:
		s += fmt.Sprintf(": ZAP status %d", e.ZAPStatus)
	case e.ProtocolError != 0:
		s += ": " + e.ProtocolError.String()
	case e.Event == EVENT_PIPES_STATS:
		s += fmt.Sprintf(": %d out, %d in", e.Outbound, e.Inbound)
	}
	return s
}

// newSocketEvent sorts the value of an event into the field that it is for.
func newSocketEvent(event Event, endpoint string, value int) SocketEvent {
	e := SocketEvent{Event: event, Endpoint: endpoint, FD: -1, Value: value}
	switch event {
	case EVENT_CONNECTED, EVENT_LISTENING, EVENT_ACCEPTED, EVENT_CLOSED, EVENT_DISCONNECTED:
		e.FD = value
	case EVENT_BIND_FAILED, EVENT_ACCEPT_FAILED, EVENT_CLOSE_FAILED, EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		if value > 0 {
			e.Err = Errno(value)
		}
	case EVENT_CONNECT_RETRIED:
		e.RetryIn = time.Duration(value) * time.Millisecond
	case EVENT_HANDSHAKE_FAILED_AUTH:
		e.ZAPStatus = value
	case EVENT_HANDSHAKE_FAILED_PROTOCOL:
		e.ProtocolError = ProtocolError(value)
	}
	return e
}

// Events monitors the socket: it returns the events in mask, such as
// [EVENT_ALL], as they happen.
//
//	for ev, err := range soc.Events(ctx, zmq4.EVENT_ALL) {
//		if err != nil {
//			return err
//		}
//		log.Print(ev)
//	}
//
// The monitor starts when Events is called. Later events, such as those of a
// Bind or a Connect, wait in memory for the loop, without a limit and without
// blocking the socket.
//
// The sequence, and the monitor, end when the loop is left, when the socket
// is closed, and when the socket gets another monitor. A socket has one, so
// Events and [Socket.Monitor] replace each other. If ctx is done, the context
// is terminated or the monitor cannot be started, the sequence ends with an
// [*OpError] that contains ctx.Err(), [ETERM] or the reason.
//
// The sequence can be ranged over once. If a program never does so, the
// monitor lasts until ctx is done or the socket is closed. It uses two
// sockets of the context, see [Context.SetMaxSockets].
//
// Function zmq_socket_monitor, and with the draft API
// zmq_socket_monitor_versioned, version 2.
func (soc *Socket) Events(ctx context.Context, mask Event) iter.Seq2[SocketEvent, error] {
	m, err := soc.startMonitor(mask)
	if err != nil {
		err = soc.opError("monitor", err)
		return func(yield func(SocketEvent, error) bool) { yield(SocketEvent{FD: -1}, err) }
	}
	m.of.mu.Lock()
	if !m.ended {
		m.unhook = context.AfterFunc(ctx, m.abandon)
	}
	m.of.mu.Unlock()
	return func(yield func(SocketEvent, error) bool) {
		looping := m.beginLoop()
		if err := ctx.Err(); err != nil {
			m.end()
			yield(SocketEvent{FD: -1}, soc.opError("monitor", err))
			return
		}
		if !looping {
			return
		}
		defer m.end()
		for {
			ev, err := m.next(ctx)
			if err != nil {
				yield(SocketEvent{FD: -1}, soc.opError("monitor", err))
				return
			}
			last := ev.Event == EVENT_MONITOR_STOPPED
			if ev.Event&mask != 0 && !yield(ev, nil) || last {
				return
			}
		}
	}
}

// A monitor is what is behind a call of Events.
//
// In whatever thread an event happens, libzmq waits until the monitor's peer takes it:
// for ever if the peer is closed. Therefore the peer has no high-water mark, and is
// closed only after the monitor has been stopped.
type monitor struct {
	of     *socket
	pair   *Socket
	failed map[string]int // connections to host names that have ended and were not retried yet

	// of.mu guards these.
	looping, ended bool
	unhook         func() bool // from the context of a loop that has not begun
}

// monitors holds those that run. If the garbage collector found a monitor and its
// socket, it might close the peer first.
var monitors sync.Map

func (soc *Socket) startMonitor(mask Event) (*monitor, error) {
	ctx, err := soc.Context()
	if mask < 0 || mask > math.MaxInt32 {
		err = cmp.Or(err, error(einval))
	}
	if err == nil && mask&EVENT_PIPES_STATS != 0 {
		err = feature{3, 2, true}.missing()
	}
	if err != nil {
		return nil, err
	}
	pair, name, err := newMonitorPeer(ctx)
	if err != nil {
		return nil, err
	}
	m := &monitor{of: soc.s, pair: pair}
	if mask&EVENT_CONNECT_RETRIED != 0 {
		mask |= EVENT_CLOSED | EVENT_DISCONNECTED // for noteRetry
	}
	err = soc.monitorBy(pair, name, mask, func(s *socket, endpoint *C.uchar) error {
		// Without the last one the loop would not notice that it is over.
		if err := check(C.zmq4_monitor_v2(s.h(), endpoint, C.uint64_t(mask|EVENT_MONITOR_STOPPED))); err != nil {
			return err
		}
		s.mon.monitor = m
		monitors.Store(m, nil)
		return nil
	})
	if err != nil {
		pair.Close()
		return nil, err
	}
	return m, nil
}

// endMonitor stops the monitor that Events began, if any. The socket must be
// locked, and not be closed yet.
func (s *socket) endMonitor() {
	if m := s.mon.monitor; m != nil {
		C.zmq4_monitor(s.h(), nil, 0)
		s.mon.monitor, s.mon.failures = nil, nil
		m.ended = true
		if m.unhook != nil {
			m.unhook()
		}
		monitors.Delete(m)
		if !m.looping {
			m.pair.Close()
		}
	}
}

// beginLoop reports whether the one loop may begin, and takes note that it has.
func (m *monitor) beginLoop() bool {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if m.looping || m.ended {
		return false
	}
	m.looping = true
	m.unhook()
	return true
}

// abandon ends the monitor if there is no loop to do that.
func (m *monitor) abandon() {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if !m.looping && !m.ended {
		m.of.endMonitor()
	}
}

func (m *monitor) end() {
	m.of.mu.Lock()
	if !m.ended {
		m.of.endMonitor()
	}
	m.of.mu.Unlock()
	m.pair.Close()
}

func (m *monitor) next(ctx context.Context) (SocketEvent, error) {
	if err := ctx.Err(); err != nil {
		return SocketEvent{}, err // however many events there are
	}
	msg, err := m.pair.recvMessageBytes(ctx, 0)
	if err != nil {
		return SocketEvent{}, err
	}
	ev, err := m.parse(msg)
	m.noteRetry(&ev)
	if err == nil && ev.Event == EVENT_MONITOR_STOPPED && m.of.ctx.c.ended.Load() {
		err = ETERM // that came first
	}
	return ev, err
}

// noteRetry says why libzmq retries to connect to a host name, if that does not resolve. A
// connection that failed has been closed or disconnected before. See [SocketEvent.Err] for
// the other reasons why a name may not have been tried.
func (m *monitor) noteRetry(ev *SocketEvent) {
	host := hostName(ev.Endpoint)
	switch {
	case host == "":
	case ev.Event == EVENT_CLOSED || ev.Event == EVENT_DISCONNECTED:
		if m.failed == nil {
			m.failed = make(map[string]int)
		}
		m.failed[ev.Endpoint]++
	case ev.Event != EVENT_CONNECT_RETRIED:
	case m.failed[ev.Endpoint] > 0:
		m.failed[ev.Endpoint]--
	default:
		ev.Err = &net.DNSError{Err: "libzmq finds no address", Name: host, IsTemporary: true}
	}
}

// hostName returns the name of the host in an endpoint to connect to, or "" if it has an address.
func hostName(endpoint string) string {
	transport, address, _ := strings.Cut(endpoint, "://")
	switch transport {
	case "tcp", "ws", "wss":
	default:
		return ""
	}
	address, _, _ = strings.Cut(address, "/")
	host, _, ok := cutPort(address[strings.LastIndexByte(address, ';')+1:])
	if _, err := netip.ParseAddr(unbracket(host)); err == nil || !ok {
		return ""
	}
	return host
}

// parse reads a message of the monitor. Version 2, which libzmq has with the draft
// API, is numbers of eight bytes, in the order of this machine: the event, how many
// values it has, and those; and then the addresses of both sides.
func (m *monitor) parse(msg [][]byte) (SocketEvent, error) {
	if len(msg) <= 2 {
		event, endpoint, value, err := parseEvent(msg)
		return newSocketEvent(event, endpoint, value), err
	}
	var numbers []uint64
	for _, part := range msg[:len(msg)-2] {
		if len(part) != 8 {
			return SocketEvent{FD: -1}, ErrMalformedEvent
		}
		numbers = append(numbers, binary.NativeEndian.Uint64(part))
	}
	if len(numbers) < 2 || numbers[1] != uint64(len(numbers)-2) {
		return SocketEvent{FD: -1}, ErrMalformedEvent
	}
	event, values := Event(numbers[0]), append(numbers[2:], 0, 0)
	local, remote := string(msg[len(msg)-2]), string(msg[len(msg)-1])
	endpoint := remote
	if event&(EVENT_LISTENING|EVENT_BIND_FAILED|EVENT_ACCEPTED|EVENT_ACCEPT_FAILED) != 0 || remote == "" || m.of.boundTo(local) {
		endpoint = local
	}
	ev := newSocketEvent(event, endpoint, int(int32(values[0])))
	ev.Local, ev.Remote = local, remote
	if event == EVENT_PIPES_STATS {
		ev.Outbound, ev.Inbound = values[0], values[1]
	}
	return ev, nil
}

// noteBound takes note of an endpoint that the locked socket was bound to.
func (s *socket) noteBound(endpoint string) {
	if C.ZMQ4_DRAFT == 0 {
		return // events tell by themselves
	}
	at := portOf(endpoint)
	if at == "0" || strings.HasSuffix(at, "*") {
		if last := s.lastEndpoint(); last != "" {
			at = portOf(last)
		}
	}
	if !slices.Contains(s.place.bound, at) {
		s.place.bound = append(s.place.bound, at)
	}
}

// boundTo reports whether a connection with this address on this side was
// accepted, not made.
func (s *socket) boundTo(local string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.place.bound, portOf(local))
}

// portOf returns what the addresses of an endpoint that is bound to all interfaces and of
// its connections have in common: the port, or all if they have none.
func portOf(endpoint string) string {
	transport, address, _ := strings.Cut(endpoint, "://")
	switch transport {
	case "tcp", "ws", "wss":
		address, _, _ = strings.Cut(address, "/")
		return address[strings.LastIndexByte(address, ':')+1:]
	}
	return endpoint
}

// MonitorPipesStats requests the number of messages in the queues to and from
// each peer. [Socket.Events] with [EVENT_PIPES_STATS] reports it, one event
// for each peer, once the socket has been used or waited on.
//
// It returns EINVAL if the socket has no monitor for that event, and EAGAIN
// if there is no peer.
//
// Function zmq_socket_monitor_pipes_stats, libzmq 4.3.2.
func (soc *Socket) MonitorPipesStats() error {
	s, err := soc.lockIf(feature{3, 2, true})
	if err != nil {
		return err
	}
	defer s.unlock()
	return check(C.zmq4_pipes_stats(s.h()))
}

// A ProtocolError is the reason of an [EVENT_HANDSHAKE_FAILED_PROTOCOL].
// libzmq 4.3.
type ProtocolError int

// The errors of a peer in ZMTP, the protocol between sockets, and of the authenticator in ZAP.
const (
	// PROTOCOL_ERROR_ZMTP_UNSPECIFIED: the peer broke ZMTP.
	PROTOCOL_ERROR_ZMTP_UNSPECIFIED = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED)

	// PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND: a command came at the wrong time.
	PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND)

	// PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE: a message was replayed or out of order.
	PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE)

	// PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE: the keys could not be exchanged.
	PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED: a malformed command.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE: a malformed MESSAGE.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO: a malformed HELLO.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE: a malformed INITIATE.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR: a malformed ERROR.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY: a malformed READY.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY)

	// PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME: a malformed WELCOME.
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME)

	// PROTOCOL_ERROR_ZMTP_INVALID_METADATA: malformed metadata, or a socket
	// type that does not go with this one.
	PROTOCOL_ERROR_ZMTP_INVALID_METADATA = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA)

	// PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: something could not be decrypted, as
	// with a wrong server key.
	PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC)

	// PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: the peer has another security
	// mechanism, or both are servers or clients of it.
	PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)

	// PROTOCOL_ERROR_ZAP_UNSPECIFIED: the ZAP handler broke the protocol.
	PROTOCOL_ERROR_ZAP_UNSPECIFIED = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED)

	// PROTOCOL_ERROR_ZAP_MALFORMED_REPLY: a malformed reply.
	PROTOCOL_ERROR_ZAP_MALFORMED_REPLY = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY)

	// PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID: a reply to some other request.
	PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID)

	// PROTOCOL_ERROR_ZAP_BAD_VERSION: a version other than 1.0.
	PROTOCOL_ERROR_ZAP_BAD_VERSION = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION)

	// PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE: a status other than 200, 300, 400 and 500.
	PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE)

	// PROTOCOL_ERROR_ZAP_INVALID_METADATA: malformed metadata in a reply.
	PROTOCOL_ERROR_ZAP_INVALID_METADATA = ProtocolError(C.ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA)

	// PROTOCOL_ERROR_WS_UNSPECIFIED: the peer broke the WebSocket protocol. libzmq 4.3.4.
	PROTOCOL_ERROR_WS_UNSPECIFIED = ProtocolError(C.ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED)
)

var protocolErrors = map[ProtocolError]string{
	PROTOCOL_ERROR_ZMTP_UNSPECIFIED:                   "ZMTP: unspecified error",
	PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND:            "ZMTP: unexpected command",
	PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE:              "ZMTP: invalid sequence",
	PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE:                  "ZMTP: key exchange failed",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED: "ZMTP: malformed command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE:     "ZMTP: malformed MESSAGE command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO:       "ZMTP: malformed HELLO command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE:    "ZMTP: malformed INITIATE command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR:       "ZMTP: malformed ERROR command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY:       "ZMTP: malformed READY command",
	PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME:     "ZMTP: malformed WELCOME command",
	PROTOCOL_ERROR_ZMTP_INVALID_METADATA:              "ZMTP: invalid metadata",
	PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:                 "ZMTP: cryptographic error",
	PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:            "ZMTP: security mechanisms do not match",
	PROTOCOL_ERROR_ZAP_UNSPECIFIED:                    "ZAP: unspecified error",
	PROTOCOL_ERROR_ZAP_MALFORMED_REPLY:                "ZAP: malformed reply",
	PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID:                 "ZAP: bad request id",
	PROTOCOL_ERROR_ZAP_BAD_VERSION:                    "ZAP: bad version",
	PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE:            "ZAP: invalid status code",
	PROTOCOL_ERROR_ZAP_INVALID_METADATA:               "ZAP: invalid metadata",
	PROTOCOL_ERROR_WS_UNSPECIFIED:                     "WebSocket: unspecified error",
}

// String returns the reason, such as "ZMTP: malformed HELLO command".
func (e ProtocolError) String() string {
	if text, ok := protocolErrors[e]; ok {
		return text
	}
	return fmt.Sprintf("protocol error %#x", int(e))
}
