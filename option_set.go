// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"math"
	"time"
)

// The setters are grouped by what they are about, in the order of
// zmq_setsockopt(3). Where nothing else is said, an option takes effect for
// later calls of Bind and Connect, and a value that libzmq does not take is
// refused with EINVAL and changes nothing.
//
// The last line of a comment names the version of libzmq that the option came with,
// unless all have it. An older libzmq, or one without the draft API where that is
// needed, returns EINVAL or one of the ErrorNotImplemented errors.

// Name types of a GSSAPI principal, see [Socket.SetGssapiPrincipalNametype].
const (
	GSSAPI_NT_HOSTBASED      = int(C.ZMQ_GSSAPI_NT_HOSTBASED)      // name of a service on a host
	GSSAPI_NT_USER_NAME      = int(C.ZMQ_GSSAPI_NT_USER_NAME)      // name of a local user
	GSSAPI_NT_KRB5_PRINCIPAL = int(C.ZMQ_GSSAPI_NT_KRB5_PRINCIPAL) // Kerberos principal, not parsed
)

// section: connections

// SetAffinity sets which I/O threads of the context serve new connections: bit
// 0 stands for the first thread, bit 1 for the second, and so on.
//
// The default is 0, any thread. A mask without a thread that exists makes Bind
// and Connect return [EMTHREAD]. See [Context.SetIoThreads].
//
// Option ZMQ_AFFINITY.
func (soc *Socket) SetAffinity(value uint64) error { return setNum(soc, C.ZMQ_AFFINITY, value) }

// SetBacklog sets how many connections may wait to be accepted, as in
// listen(2). The default is 100. It applies to connection-oriented transports.
//
// Option ZMQ_BACKLOG.
func (soc *Socket) SetBacklog(value int) error { return soc.setInt(C.ZMQ_BACKLOG, value) }

// SetBindToDevice ties the socket's connections to a network interface or
// VRF, such as "eth0". An empty name unties them, which is the default.
//
// It applies to TCP and UDP, on Linux, and needs CAP_NET_RAW. Without it Bind
// fails and Connect never connects. A name of more than 16 bytes returns
// EINVAL.
//
// Option ZMQ_BINDTODEVICE, libzmq 4.3.
func (soc *Socket) SetBindToDevice(name string) error { return soc.setBytes(C.ZMQ_BINDTODEVICE, name) }

// SetConnectRid sets the routing id that the socket gives to the peer of the
// next Connect, so that it can send to that peer at once. It does not apply
// to later calls of Connect.
//
// The id may be any bytes, but should have at most 255 and not start with a
// zero byte. An empty id returns EINVAL. It applies to ROUTER and STREAM
// sockets; a REP socket ignores it.
//
// No two peers may have the same id. SetConnectRid returns [EADDRINUSE] for
// the id of another Connect, until a second after its [Socket.Disconnect]. If
// a peer of a ROUTER has chosen the id with [Socket.SetIdentity], the Connect
// returns EADDRINUSE, and that peer gets an empty message.
//
// Option ZMQ_CONNECT_ROUTING_ID, which was ZMQ_CONNECT_RID.
func (soc *Socket) SetConnectRid(value string) error {
	return soc.setBytes(C.ZMQ_CONNECT_ROUTING_ID, value)
}

// SetConflate makes the socket keep only the newest message of each of its
// queues, in place of the high-water marks.
//
// The default is false. Set it before Bind and Connect. It applies to PULL,
// PUSH, SUB, PUB and DEALER sockets, and to messages of a single part. Once a
// peer has sent a message of several parts to such a socket, receives return
// [ENOTSUP] until it is closed. If the filters of a SUB drop such a part,
// libzmq aborts the program.
//
// Option ZMQ_CONFLATE.
func (soc *Socket) SetConflate(value bool) error { return soc.setBool(C.ZMQ_CONFLATE, value) }

// SetConnectTimeout sets how long an attempt to make a TCP connection may
// take before it is abandoned and tried again.
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, the
// operating system's limit applies. That is the default.
//
// Option ZMQ_CONNECT_TIMEOUT.
func (soc *Socket) SetConnectTimeout(value time.Duration) error {
	return soc.setLimit(C.ZMQ_CONNECT_TIMEOUT, value)
}

// SetHandshakeIvl sets how long the handshake of a new connection may take,
// in which the peers exchange socket types, routing ids and security. After
// that time the connection is closed.
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, there
// is no limit. The default is 30 s. It applies to connection-oriented
// transports, and to all socket types except STREAM.
//
// Option ZMQ_HANDSHAKE_IVL.
func (soc *Socket) SetHandshakeIvl(value time.Duration) error {
	return soc.setLimit(C.ZMQ_HANDSHAKE_IVL, value)
}

// SetHeartbeatIvl sets how often the socket sends heartbeats on each of its
// connections.
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, it
// sends none. That is the default. It applies to connection-oriented
// transports. Bind and Connect of ws and wss endpoints return EINVAL with
// heartbeats and the mechanism NULL.
//
// With heartbeats, libzmq aborts the process if a peer resets its connection
// while the queue of [Socket.SetRcvhwm] is full, or while the socket lingers
// (docs/libzmq.md, Z001 and Z002). Where strangers can connect, or where the
// program may receive more slowly than peers send, use
// [Socket.SetTcpKeepalive] and [Socket.SetTcpMaxrt] instead: they also find
// peers that have vanished.
//
// Option ZMQ_HEARTBEAT_IVL.
func (soc *Socket) SetHeartbeatIvl(value time.Duration) error {
	return soc.setLimit(C.ZMQ_HEARTBEAT_IVL, value)
}

// SetHeartbeatTimeout sets how long a connection may stay silent after a
// heartbeat was sent. After that time it is closed. It has no effect without
// [Socket.SetHeartbeatIvl].
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, there
// is no limit. By default, the limit is the interval of the heartbeats.
//
// Option ZMQ_HEARTBEAT_TIMEOUT.
func (soc *Socket) SetHeartbeatTimeout(value time.Duration) error {
	return soc.setLimit(C.ZMQ_HEARTBEAT_TIMEOUT, value)
}

// SetHeartbeatTtl asks the peers to close a connection on which they have
// received nothing for that long. It has no effect without
// [Socket.SetHeartbeatIvl].
//
// The unit is 100 ms: fractions of it are rounded up. If value is 0 or
// negative, the peers are not asked. That is the default. More than 6553.5 s
// (655.3 s with some libzmq 4.2) returns EINVAL.
//
// Option ZMQ_HEARTBEAT_TTL.
func (soc *Socket) SetHeartbeatTtl(value time.Duration) error {
	const unit = 100 * time.Millisecond
	if value > math.MaxUint16*unit {
		return soc.invalid()
	}
	return soc.setLimit(C.ZMQ_HEARTBEAT_TTL, (value+unit-1)/unit*unit)
}

// SetIdentity sets the routing id by which a ROUTER socket knows this one. By
// default the ROUTER makes one up.
//
// It has 1 to 255 bytes of any value, but ids that start with a zero byte are
// reserved for libzmq. Two peers of a ROUTER should not have the same id, see
// [Socket.SetRouterHandover]. It applies to REQ, REP, DEALER and ROUTER.
//
// Option ZMQ_ROUTING_ID, which was ZMQ_IDENTITY.
func (soc *Socket) SetIdentity(value string) error { return soc.setBytes(C.ZMQ_ROUTING_ID, value) }

// SetImmediate makes the socket queue messages only for connections that are
// complete, not for those that are still being made. A send waits if there is
// none, and no messages are lost in the queue of a peer that never comes.
//
// If a connection breaks, messages that have arrived on it and were not yet
// received are lost.
//
// The default is false. It applies to connection-oriented transports, and has
// no effect on SUB, XSUB, PULL and REP sockets.
//
// Option ZMQ_IMMEDIATE.
func (soc *Socket) SetImmediate(value bool) error { return soc.setBool(C.ZMQ_IMMEDIATE, value) }

// SetIpv6 lets the socket use IPv6 as well as IPv4. The default is false, or
// what [Context.SetIpv6] has set. It applies to TCP.
//
// Option ZMQ_IPV6.
func (soc *Socket) SetIpv6(value bool) error { return soc.setBool(C.ZMQ_IPV6, value) }

// SetMetadata adds a property that peers can read from the messages that they
// receive, see [Socket.RecvBytesWithMetadata]. The value has the form
// "X-name:value". The name, with the X-, has at most 255 bytes, and the part
// after the colon is not empty. It can be called repeatedly. libzmq does not
// accept a property of four bytes in all.
//
// Option ZMQ_METADATA, libzmq 4.2.4.
func (soc *Socket) SetMetadata(value string) error {
	return setIf(soc, any424, C.ZMQ_METADATA, (*Socket).setBytes, value)
}

// SetReconnectIvl sets how long the socket waits before it tries again to
// make a connection that failed or was lost. libzmq adds a random time, up to
// as much again.
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, it
// does not try again. When such a connection ends, libzmq also drops messages
// that have arrived on it and were not yet received: docs/libzmq.md, Z007.
// The default is 100 ms. It applies to connection-oriented transports.
//
// Option ZMQ_RECONNECT_IVL.
func (soc *Socket) SetReconnectIvl(value time.Duration) error {
	return soc.setDuration(C.ZMQ_RECONNECT_IVL, value)
}

// SetReconnectIvlMax makes the interval of [Socket.SetReconnectIvl] double
// with each attempt, up to value.
//
// Fractions of a millisecond are rounded up. If value is 0, negative, or less
// than the interval, the interval does not grow. 0 is the default.
//
// Option ZMQ_RECONNECT_IVL_MAX.
func (soc *Socket) SetReconnectIvlMax(value time.Duration) error {
	return soc.setLimit(C.ZMQ_RECONNECT_IVL_MAX, value)
}

// A ReconnectStop says after what a connection is not tried again, see
// [Socket.SetReconnectStop].
type ReconnectStop int

const (
	// ReconnectStopConnRefused: when the peer refuses the connection.
	ReconnectStopConnRefused = ReconnectStop(1)

	// ReconnectStopHandshakeFailed: when the handshake fails.
	ReconnectStopHandshakeFailed = ReconnectStop(2)

	// ReconnectStopAfterDisconnect: after [Socket.Disconnect]. libzmq 4.3.5.
	ReconnectStopAfterDisconnect = ReconnectStop(4)
)

// String returns the names of the conditions, joined by "|", or "<NONE>".
func (r ReconnectStop) String() string {
	return bitNames(r, []bitName[ReconnectStop]{{ReconnectStopConnRefused, "CONN_REFUSED"},
		{ReconnectStopHandshakeFailed, "HANDSHAKE_FAILED"}, {ReconnectStopAfterDisconnect, "AFTER_DISCONNECT"}})
}

// SetReconnectStop sets after what a failed connection is not tried again.
// The default is 0: it is always tried again.
//
// Option ZMQ_RECONNECT_STOP, libzmq 4.3.3.
func (soc *Socket) SetReconnectStop(value ReconnectStop) error {
	return setIf(soc, any433, C.ZMQ_RECONNECT_STOP, (*Socket).setInt, int(value))
}

// SetSocksProxy makes TCP connections through a SOCKS5 proxy, such as
// "127.0.0.1:1080". The proxy resolves host names. An empty address, the
// default, means no proxy.
//
// Option ZMQ_SOCKS_PROXY.
func (soc *Socket) SetSocksProxy(value string) error { return soc.setBytes(C.ZMQ_SOCKS_PROXY, value) }

// SetSocksUsername sets the user name for the proxy of [Socket.SetSocksProxy], of
// at most 255 bytes. The default is "": no authentication.
//
// Option ZMQ_SOCKS_USERNAME, libzmq 4.3.2.
func (soc *Socket) SetSocksUsername(value string) error {
	return setIf(soc, any432, C.ZMQ_SOCKS_USERNAME, (*Socket).setBytes, value)
}

// SetSocksPassword sets the password for the proxy of [Socket.SetSocksProxy], of
// at most 255 bytes.
//
// Option ZMQ_SOCKS_PASSWORD, libzmq 4.3.2.
func (soc *Socket) SetSocksPassword(value string) error {
	return setIf(soc, any432, C.ZMQ_SOCKS_PASSWORD, (*Socket).setBytes, value)
}

// SetUseFd makes the next Bind to a tcp or ipc endpoint use a descriptor that
// is bound and listening already, such as one of systemd. The host and port
// of that endpoint are ignored. With -1, the default, Bind opens its own.
//
// After that Bind the option is -1 again, and libzmq owns the descriptor and
// closes it. Do not use a descriptor that something else closes too, such as
// an os.File, or that two sockets share. If it is not a listening socket of
// the right family, Bind returns EBADF, [ENOTSOCK] or EINVAL, and the caller
// still owns it.
//
// Option ZMQ_USE_FD.
func (soc *Socket) SetUseFd(value int) error { return soc.setInt(C.ZMQ_USE_FD, value) }

// section: queues, sizes and time limits

// SetInBatchSize sets how many bytes libzmq reads from a connection at once. The
// default is 8192. Less than 64, and more than 16 MiB, returns EINVAL.
//
// Option ZMQ_IN_BATCH_SIZE, libzmq 4.3.2 with the draft API.
func (soc *Socket) SetInBatchSize(value int) error {
	return setIf(soc, draft432, C.ZMQ_IN_BATCH_SIZE, (*Socket).setInt, value)
}

// SetLinger sets how long messages that were sent but not yet delivered are
// kept after [Socket.Close] or [Socket.Disconnect].
//
// If value is 0, they are dropped at once. If value is negative, they are
// kept until they are delivered, and [Context.Term] waits for that without
// limit. Fractions of a millisecond are rounded up.
//
// The default is -1, no limit, or 0 after [Context.SetBlocky](false). It may
// be changed at any time before Close.
//
// A socket that has sent messages of several parts lingers for at least 50 to
// 100 ms, or 150 to 200 ms if it was bound: libzmq may abort the process if
// it drops a message that is half sent while the peer closes the connection,
// too.
//
// Option ZMQ_LINGER.
func (soc *Socket) SetLinger(value time.Duration) error { return soc.setDuration(C.ZMQ_LINGER, value) }

// SetMaxmsgsize sets the size, in bytes, of the largest message part that the
// socket accepts. A peer that sends a larger one is disconnected.
//
// If value is negative, there is no limit. The default is -1. It limits
// neither the number of parts of a message nor the number of subscriptions of
// a peer.
//
// Option ZMQ_MAXMSGSIZE.
func (soc *Socket) SetMaxmsgsize(value int64) error { return setNum(soc, C.ZMQ_MAXMSGSIZE, value) }

// SetOutBatchSize sets how many bytes of small messages libzmq writes to a
// connection at once. The default is 8192. Less than 1, and more than 16 MiB,
// returns EINVAL.
//
// Option ZMQ_OUT_BATCH_SIZE, libzmq 4.3.2 with the draft API.
func (soc *Socket) SetOutBatchSize(value int) error {
	return setIf(soc, draft432, C.ZMQ_OUT_BATCH_SIZE, (*Socket).setInt, value)
}

// SetRcvbuf sets the size, in bytes, of the kernel's receive buffer of each
// connection, as SO_RCVBUF does. The default is -1, the system's own.
//
// Option ZMQ_RCVBUF.
func (soc *Socket) SetRcvbuf(value int) error { return soc.setInt(C.ZMQ_RCVBUF, value) }

// SetRcvhwm sets how many messages from one peer are queued. If the queue is
// full, the peer waits or drops messages, as its socket type decides. The
// limit counts messages, not bytes, and 0 means no limit. The default is
// 1000.
//
// The limit is approximate. Unlike most options it also takes effect on
// existing connections. For that SetRcvhwm waits until no connection has
// ended for 5 ms, since libzmq might crash otherwise.
//
// Option ZMQ_RCVHWM.
func (soc *Socket) SetRcvhwm(value int) error { return soc.setInt(C.ZMQ_RCVHWM, value) }

// SetRcvtimeo sets how long a receive waits before it returns EAGAIN.
//
// If value is 0, it does not wait. If value is negative, it waits without
// limit. That is the default. Fractions of a millisecond are rounded up. It
// takes effect for the next receive.
//
// Option ZMQ_RCVTIMEO.
func (soc *Socket) SetRcvtimeo(value time.Duration) error {
	return soc.setDuration(C.ZMQ_RCVTIMEO, value)
}

// SetSndbuf sets the size, in bytes, of the kernel's send buffer of each
// connection, as SO_SNDBUF does. The default is -1, the system's own.
//
// Option ZMQ_SNDBUF.
func (soc *Socket) SetSndbuf(value int) error { return soc.setInt(C.ZMQ_SNDBUF, value) }

// SetSndhwm sets how many messages to one peer are queued. If the queue is
// full, a send waits or drops the message, as the socket type decides. The
// limit counts messages, not bytes, and 0 means no limit. The default is
// 1000.
//
// A SUB or XSUB socket sends subscriptions, and libzmq drops those above the
// limit without an error. So a SUB has no limit, whatever is set, and an XSUB
// has none until one is set. [Socket.GetSndhwm] still returns the number that
// was set, or 1000.
//
// The limit is approximate: libzmq may hold far fewer messages, or, over TCP,
// some more. Unlike most options it also takes effect on existing
// connections. For that SetSndhwm waits until no connection has ended for 5
// ms, since libzmq might crash otherwise.
//
// Option ZMQ_SNDHWM.
func (soc *Socket) SetSndhwm(value int) error { return soc.setInt(C.ZMQ_SNDHWM, value) }

// SetSndtimeo sets how long a send waits before it returns EAGAIN.
//
// If value is 0, it does not wait. If value is negative, it waits without
// limit. That is the default. Fractions of a millisecond are rounded up. It
// takes effect for the next send.
//
// Option ZMQ_SNDTIMEO.
func (soc *Socket) SetSndtimeo(value time.Duration) error {
	return soc.setDuration(C.ZMQ_SNDTIMEO, value)
}

// section: multicast

// SetMulticastHops sets the time-to-live of pgm and epgm packets. With 1, the
// default, they do not leave the local network. Connect and Bind to such an
// endpoint return EINVAL for more than 255. NORM uses 255 before libzmq
// 4.3.5, and this value since.
//
// Option ZMQ_MULTICAST_HOPS.
func (soc *Socket) SetMulticastHops(value int) error { return soc.setInt(C.ZMQ_MULTICAST_HOPS, value) }

// SetMulticastLoop sets whether messages that a RADIO socket sends to a
// multicast group over udp also reach receivers on this machine. The default
// is true. It has no effect on pgm, epgm, norm, and DGRAM sockets.
//
// Option ZMQ_MULTICAST_LOOP, libzmq 4.3.0.
func (soc *Socket) SetMulticastLoop(value bool) error {
	return setIf(soc, any430, C.ZMQ_MULTICAST_LOOP, (*Socket).setBool, value)
}

// SetMulticastMaxtpdu sets the size, in bytes, of the largest multicast packet,
// headers included. The default is 1500. No network on the way to a receiver
// may have a smaller limit. Connect and Bind to a pgm or epgm endpoint return
// EINVAL unless it is 128 to 65535 and a sender can send it within a second,
// see [Socket.SetRate].
//
// Option ZMQ_MULTICAST_MAXTPDU.
func (soc *Socket) SetMulticastMaxtpdu(value int) error {
	return soc.setInt(C.ZMQ_MULTICAST_MAXTPDU, value)
}

// SetRate sets the largest rate of pgm and epgm, in kilobits per second. The
// default is 100. NORM finds its own rate. Connect and Bind to a pgm or epgm
// endpoint return EINVAL for a sender with more than 2147483.
//
// Option ZMQ_RATE.
func (soc *Socket) SetRate(value int) error { return soc.setInt(C.ZMQ_RATE, value) }

// SetRecoveryIvl sets how long a multicast receiver may be absent before it
// loses messages for good. Both sides keep all data of that time, at the
// rate of [Socket.SetRate], in memory: a minute at 1 Gbit/s is 7 GB. Connect
// and Bind to a pgm or epgm endpoint return EINVAL for more than 16 million
// packets.
//
// Fractions of a millisecond are rounded up, so -1 is 0. A value of -1 ms or
// less returns EINVAL. The default is 10 s.
//
// Option ZMQ_RECOVERY_IVL.
func (soc *Socket) SetRecoveryIvl(value time.Duration) error {
	if value > -time.Millisecond {
		value = max(value, 0)
	}
	return soc.setDuration(C.ZMQ_RECOVERY_IVL, value)
}

// section: NORM

// A NormMode is the congestion control of the norm transport, see
// [Socket.SetNormMode].
type NormMode int

// Modes of congestion control. libzmq 4.3.5.
const (
	NORM_FIXED = NormMode(0) // the rate of SetRate, no control
	NORM_CC    = NormMode(1) // TCP-friendly, the default
	NORM_CCL   = NormMode(2) // for links with losses
	NORM_CCE   = NormMode(3) // with explicit congestion notification
	NORM_CCE_E = NormMode(4) // with explicit congestion notification only
)

// SetNormMode sets the congestion control of the norm transport. The default
// is [NORM_CC].
//
// Option ZMQ_NORM_MODE, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormMode(value NormMode) error {
	return setIf(soc, draft435, C.ZMQ_NORM_MODE, (*Socket).setInt, int(value))
}

// SetNormUnicastNack makes norm receivers ask the sender for repairs by unicast.
// The default is false.
//
// Option ZMQ_NORM_UNICAST_NACK, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormUnicastNack(value bool) error {
	return setIf(soc, draft435, C.ZMQ_NORM_UNICAST_NACK, (*Socket).setBool, value)
}

// SetNormBufferSize sets the size of the norm buffer in KiB. The default is 2048.
// 4 GiB and more returns EINVAL: NORM counts bytes in 32 bits.
//
// Option ZMQ_NORM_BUFFER_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormBufferSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_BUFFER_SIZE, (*Socket).setInt, value)
}

// SetNormSegmentSize sets the size of a norm segment in bytes. The default is 1400.
// More than 65000 returns EINVAL: it has to fit into a UDP packet, with headers.
//
// Option ZMQ_NORM_SEGMENT_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormSegmentSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_SEGMENT_SIZE, (*Socket).setInt, value)
}

// SetNormBlockSize sets how many segments a norm block has, at most 255. The
// default is 16.
//
// Option ZMQ_NORM_BLOCK_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormBlockSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_BLOCK_SIZE, (*Socket).setInt, value)
}

// SetNormNumParity sets how many repair segments a norm block can have, at
// most 254. The default is 4.
//
// Option ZMQ_NORM_NUM_PARITY, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormNumParity(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_NUM_PARITY, (*Socket).setInt, value)
}

// SetNormNumAutoparity sets how many of the repair segments of
// [Socket.SetNormNumParity] are sent without a request. The default is 0.
//
// Option ZMQ_NORM_NUM_AUTOPARITY, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormNumAutoparity(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_NUM_AUTOPARITY, (*Socket).setInt, value)
}

// SetNormPush makes a norm sender replace the oldest waiting messages with
// new ones. By default, which is false, the sender waits.
//
// Option ZMQ_NORM_PUSH, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetNormPush(value bool) error {
	return setIf(soc, draft435, C.ZMQ_NORM_PUSH, (*Socket).setBool, value)
}

// section: TCP

// SetBusyPoll sets for how many microseconds the system polls TCP connections
// for data in a loop before it sleeps, as SO_BUSY_POLL does on Linux. The
// default is 0, not at all. More needs CAP_NET_ADMIN; without it SetBusyPoll
// returns EPERM.
//
// Option ZMQ_BUSY_POLL, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetBusyPoll(value int) error {
	return setIf(soc, draft435, C.ZMQ_BUSY_POLL, (*Socket).setInt, value)
}

// SetLoopbackFastpath makes TCP connections within a Windows machine faster.
// It has no effect on other systems. The default is false.
//
// Option ZMQ_LOOPBACK_FASTPATH, libzmq 4.2.4.
func (soc *Socket) SetLoopbackFastpath(value bool) error {
	return setIf(soc, any424, C.ZMQ_LOOPBACK_FASTPATH, (*Socket).setBool, value)
}

// SetPriority sets the priority of the packets of TCP connections, as
// SO_PRIORITY does on Linux. The default, 0, leaves it to the system. A
// negative value returns EINVAL. More than 6 needs CAP_NET_ADMIN; without it
// SetPriority returns EPERM.
//
// Option ZMQ_PRIORITY, libzmq 4.3.4 with the draft API.
func (soc *Socket) SetPriority(value int) error {
	return setIf(soc, draft434, C.ZMQ_PRIORITY, (*Socket).setInt, value)
}

// SetTcpKeepalive turns TCP keep-alive on (1) or off (0), as SO_KEEPALIVE
// does. The default is -1, the system's setting.
//
// Option ZMQ_TCP_KEEPALIVE.
func (soc *Socket) SetTcpKeepalive(value int) error { return soc.setInt(C.ZMQ_TCP_KEEPALIVE, value) }

// SetTcpKeepaliveCnt sets how many keep-alive probes may go unanswered before
// a connection is closed, as TCP_KEEPCNT does. The default is -1, the
// system's setting. A value that the system does not accept returns EINVAL:
// 0, and on Linux more than 127.
//
// Option ZMQ_TCP_KEEPALIVE_CNT.
func (soc *Socket) SetTcpKeepaliveCnt(value int) error {
	return soc.setInt(C.ZMQ_TCP_KEEPALIVE_CNT, value)
}

// SetTcpKeepaliveIdle sets after how many seconds of silence keep-alive
// probes are sent, as TCP_KEEPIDLE does. The default is -1, the system's
// setting. A value that the system does not accept returns EINVAL: 0, and on
// Linux more than 32767.
//
// Option ZMQ_TCP_KEEPALIVE_IDLE.
func (soc *Socket) SetTcpKeepaliveIdle(value int) error {
	return soc.setInt(C.ZMQ_TCP_KEEPALIVE_IDLE, value)
}

// SetTcpKeepaliveIntvl sets the seconds between keep-alive probes, as
// TCP_KEEPINTVL does. The default is -1, the system's setting. A value that
// the system does not accept returns EINVAL: 0, and on Linux more than 32767.
//
// Option ZMQ_TCP_KEEPALIVE_INTVL.
func (soc *Socket) SetTcpKeepaliveIntvl(value int) error {
	return soc.setInt(C.ZMQ_TCP_KEEPALIVE_INTVL, value)
}

// SetTcpMaxrt sets how long sent data may stay unacknowledged before a TCP
// connection is closed, on systems that have such a limit.
//
// Fractions of a millisecond are rounded up. If value is 0 or negative, the
// system's limit applies. That is the default.
//
// Option ZMQ_TCP_MAXRT.
func (soc *Socket) SetTcpMaxrt(value time.Duration) error {
	return soc.setLimit(C.ZMQ_TCP_MAXRT, value)
}

// SetTos sets the type-of-service byte of the IP header, 0 to 255. The default
// is 0. It applies to TCP.
//
// Option ZMQ_TOS.
func (soc *Socket) SetTos(value int) error { return soc.setInt(C.ZMQ_TOS, value) }

// section: subscriptions

// SetInvertMatching inverts the filters (1): a PUB or XPUB socket sends a
// message to the peers that have not subscribed to it, and a SUB socket
// receives the messages that it has not subscribed to. Both sides must agree.
// The default is 0.
//
// It applies to PUB, XPUB and SUB sockets.
//
// Option ZMQ_INVERT_MATCHING.
func (soc *Socket) SetInvertMatching(value int) error {
	return soc.setInt(C.ZMQ_INVERT_MATCHING, value)
}

// SetOnlyFirstSubscribe makes an XPUB or XSUB socket treat only the first
// part of a message as a subscription. By default, which is false, each part
// may be one.
//
// Option ZMQ_ONLY_FIRST_SUBSCRIBE, libzmq 4.3.3.
func (soc *Socket) SetOnlyFirstSubscribe(value bool) error {
	return setIf(soc, any433, C.ZMQ_ONLY_FIRST_SUBSCRIBE, (*Socket).setBool, value)
}

// SetSubscribe makes the socket receive the messages that begin with filter,
// which may be any bytes. An empty filter matches all messages. Without a
// filter the socket receives none. A filter that is set twice counts twice.
//
// A filter of more than 16 KiB returns EINVAL, or of less if threads have
// small stacks (1 KiB with musl): libzmq would overflow the stack. An XSUB
// socket that sends one gets [EMSGSIZE]. With libzmq 4.3.3 and 4.3.4 a filter
// of 246 to 255 bytes returns EINVAL, too: it would break the connection.
//
// It takes effect at once. It applies to SUB sockets, and to XPUB sockets
// after [Socket.SetXpubManual].
//
// Option ZMQ_SUBSCRIBE.
func (soc *Socket) SetSubscribe(filter string) error { return soc.setBytes(C.ZMQ_SUBSCRIBE, filter) }

// SetUnsubscribe removes a filter that [Socket.SetSubscribe] has set. A
// filter that was set twice has to be removed twice.
//
// Option ZMQ_UNSUBSCRIBE.
func (soc *Socket) SetUnsubscribe(filter string) error {
	return soc.setBytes(C.ZMQ_UNSUBSCRIBE, filter)
}

// SetXpubVerbose makes the socket deliver all subscriptions to the program
// (1), or only the first to each filter (0, the default). It takes effect at
// once and ends [Socket.SetXpubVerboser]. It applies to XPUB sockets.
//
// Option ZMQ_XPUB_VERBOSE.
func (soc *Socket) SetXpubVerbose(value int) error { return soc.setInt(C.ZMQ_XPUB_VERBOSE, value) }

// SetXpubVerboser makes the socket deliver all subscriptions and
// unsubscriptions to the program (1), or only the first and the last of each
// filter (0, the default). It takes effect at once. It applies to XPUB
// sockets.
//
// Option ZMQ_XPUB_VERBOSER.
func (soc *Socket) SetXpubVerboser(value int) error { return soc.setInt(C.ZMQ_XPUB_VERBOSER, value) }

// SetXpubManual lets the program subscribe for its peers (1): when it has
// received a subscription, it calls [Socket.SetSubscribe] with the filter
// that the peer is to have. The default is 0. It applies to XPUB sockets.
//
// Where strangers can connect, use it with libzmq 4.3.5 or newer: earlier
// versions use freed memory if the peer has gone in the meantime.
//
// Option ZMQ_XPUB_MANUAL.
func (soc *Socket) SetXpubManual(value int) error { return soc.setInt(C.ZMQ_XPUB_MANUAL, value) }

// SetXpubManualLastValue is [Socket.SetXpubManual], and makes the XPUB socket
// send the next message only to the peer whose subscription it has received
// last. The default is false.
//
// Option ZMQ_XPUB_MANUAL_LAST_VALUE, libzmq 4.3.2.
func (soc *Socket) SetXpubManualLastValue(value bool) error {
	return setIf(soc, any432, C.ZMQ_XPUB_MANUAL_LAST_VALUE, (*Socket).setBool, value)
}

// SetXpubNodrop makes a send wait, or return EAGAIN, if a subscriber's queue
// is full. By default, which is false, the message is dropped for that
// subscriber. It takes effect at once. It applies to XPUB and PUB sockets.
//
// Option ZMQ_XPUB_NODROP.
func (soc *Socket) SetXpubNodrop(value bool) error { return soc.setBool(C.ZMQ_XPUB_NODROP, value) }

// SetXpubWelcomeMsg sets a message, of any bytes, that each new subscriber
// receives if it has subscribed to it. The program has to receive from the
// socket for that. An empty message, the default, means none. It applies to
// XPUB sockets.
//
// Option ZMQ_XPUB_WELCOME_MSG.
func (soc *Socket) SetXpubWelcomeMsg(value string) error {
	return soc.setBytes(C.ZMQ_XPUB_WELCOME_MSG, value)
}

// SetXsubVerboseUnsubscribe makes an XSUB socket forward every
// unsubscription. By default, which is false, it forwards only the last one
// of each topic.
//
// Option ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetXsubVerboseUnsubscribe(value bool) error {
	return setIf(soc, draft435, C.ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, (*Socket).setBool, value)
}

// section: requests, routing and streams

// SetDisconnectMsg sets a message that the socket receives when a peer that
// it has accepted is gone, as if that peer had sent it. The default is "",
// none. It returns [ErrorNotImplemented435] up to libzmq 4.3.4, which crashes
// if a peer goes while the socket ends its connection.
//
// Option ZMQ_DISCONNECT_MSG, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetDisconnectMsg(value string) error {
	return setIf(soc, draft435, C.ZMQ_DISCONNECT_MSG, (*Socket).setBytes, value)
}

// SetHelloMsg sets a message that the socket sends to each new peer. The
// default is "", none. It applies to DEALER, ROUTER, CLIENT, SERVER, PEER and
// other types that can send at any time.
//
// Option ZMQ_HELLO_MSG, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetHelloMsg(value string) error {
	return setIf(soc, draft433, C.ZMQ_HELLO_MSG, (*Socket).setBytes, value)
}

// SetHiccupMsg sets a message that the socket receives when a connection that
// it has made breaks. The default is "", none.
//
// Option ZMQ_HICCUP_MSG, libzmq 4.3.5 with the draft API.
func (soc *Socket) SetHiccupMsg(value string) error {
	return setIf(soc, draft435, C.ZMQ_HICCUP_MSG, (*Socket).setBytes, value)
}

// SetProbeRouter makes the socket send an empty message on each new
// connection (1), so that a ROUTER socket learns of it. The default is 0. Do
// not use it with peers of another type. It applies to ROUTER, DEALER and REQ
// sockets.
//
// Option ZMQ_PROBE_ROUTER.
func (soc *Socket) SetProbeRouter(value int) error { return soc.setInt(C.ZMQ_PROBE_ROUTER, value) }

// SetReqCorrelate makes the socket prefix each request with a request id (1),
// and drop replies that do not have it. The default is 0. It takes effect at
// once. It applies to REQ sockets.
//
// Option ZMQ_REQ_CORRELATE.
func (soc *Socket) SetReqCorrelate(value int) error { return soc.setInt(C.ZMQ_REQ_CORRELATE, value) }

// SetReqRelaxed allows a new request before the reply to the last one has
// come (1). That reply is then dropped. Set [Socket.SetReqCorrelate] too, or
// a late reply is taken for the reply to the new request. The default is 0.
// It applies to REQ sockets.
//
// Option ZMQ_REQ_RELAXED.
func (soc *Socket) SetReqRelaxed(value int) error { return soc.setInt(C.ZMQ_REQ_RELAXED, value) }

// SetRouterHandover decides between two peers with the same routing id. With
// true, the new one takes the place of the old one, which is disconnected.
// With false, the default, the new one is refused. With true, anyone who can
// connect and knows the id of a peer can take its place. It takes effect at
// once. It applies to ROUTER sockets.
//
// Option ZMQ_ROUTER_HANDOVER.
func (soc *Socket) SetRouterHandover(value bool) error {
	return soc.setBool(C.ZMQ_ROUTER_HANDOVER, value)
}

// SetRouterMandatory makes a send to an unknown peer return [EHOSTUNREACH]
// (1). A send to a peer whose queue is full then waits, or returns EAGAIN. Do
// not wait without a limit for a peer that may not read. By default (0) such
// messages are dropped without notice. It takes effect at once. It applies to
// ROUTER sockets, and returns EINVAL for all others.
//
// Option ZMQ_ROUTER_MANDATORY.
func (soc *Socket) SetRouterMandatory(value int) error {
	return soc.setInt(C.ZMQ_ROUTER_MANDATORY, value)
}

// A RouterNotifyOption says which changes a socket reports, see
// [Socket.SetRouterNotify].
type RouterNotifyOption int

const (
	// NotifyConnect: a peer has connected.
	NotifyConnect = RouterNotifyOption(C.ZMQ_NOTIFY_CONNECT)

	// NotifyDisconnect: a peer is gone.
	NotifyDisconnect = RouterNotifyOption(C.ZMQ_NOTIFY_DISCONNECT)
)

// String returns the names of the options, joined by "|", or "<NONE>".
func (o RouterNotifyOption) String() string {
	return bitNames(o, []bitName[RouterNotifyOption]{{NotifyConnect, "NotifyConnect"}, {NotifyDisconnect, "NotifyDisconnect"}})
}

// SetRouterNotify makes a ROUTER socket receive a message, the routing id and
// an empty part, when a peer connects, disconnects, or both. The default is
// 0, neither.
//
// Option ZMQ_ROUTER_NOTIFY, libzmq 4.3.0 with the draft API.
func (soc *Socket) SetRouterNotify(value RouterNotifyOption) error {
	return setIf(soc, draft430, C.ZMQ_ROUTER_NOTIFY, (*Socket).setInt, int(value))
}

// SetRouterRaw makes the socket read and write TCP data without ZeroMQ's
// framing (1). The default is 0. It applies to ROUTER sockets, and returns EINVAL for all
// others and after Bind or Connect.
//
// Deprecated: use a socket of type [STREAM].
//
// Option ZMQ_ROUTER_RAW.
func (soc *Socket) SetRouterRaw(value int) error { return soc.setInt(C.ZMQ_ROUTER_RAW, value) }

// SetStreamNotify makes the socket deliver an empty message when a peer
// connects and when it disconnects (1, the default), or not (0). It applies to
// STREAM sockets.
//
// Option ZMQ_STREAM_NOTIFY.
func (soc *Socket) SetStreamNotify(value int) error { return soc.setInt(C.ZMQ_STREAM_NOTIFY, value) }

// section: security. A socket has one mechanism, the one that was set last.

// SetCurveServer makes the socket a CURVE server (1), which needs
// [Socket.SetCurveSecretkey]. 0 turns security off, whichever mechanism the
// socket had. The default is 0.
//
// Option ZMQ_CURVE_SERVER.
func (soc *Socket) SetCurveServer(value int) error { return soc.setInt(C.ZMQ_CURVE_SERVER, value) }

// SetCurvePublickey sets the socket's own public key, as 40 characters of Z85
// or as 32 bytes, and selects the [CURVE] mechanism. A client needs it, and the
// secret key that belongs to it. Anything that is not a key returns EINVAL.
//
// Option ZMQ_CURVE_PUBLICKEY.
func (soc *Socket) SetCurvePublickey(key string) error {
	return soc.setBytes(C.ZMQ_CURVE_PUBLICKEY, key)
}

// SetCurveSecretkey sets the socket's own secret key, as 40 characters of Z85
// or as 32 bytes, and selects the [CURVE] mechanism. Clients and servers need
// it. Anything that is not a key returns EINVAL.
//
// Option ZMQ_CURVE_SECRETKEY.
func (soc *Socket) SetCurveSecretkey(key string) error {
	return soc.setBytes(C.ZMQ_CURVE_SECRETKEY, key)
}

// SetCurveServerkey sets the public key of the server, as 40 characters of Z85
// or as 32 bytes, and makes the socket a client of the [CURVE] mechanism.
// Anything that is not a key returns EINVAL.
//
// Option ZMQ_CURVE_SERVERKEY.
func (soc *Socket) SetCurveServerkey(key string) error {
	return soc.setBytes(C.ZMQ_CURVE_SERVERKEY, key)
}

// SetGssapiPlaintext turns off encryption under the GSSAPI mechanism. The
// default is false. It returns EINVAL if libzmq does not have the mechanism.
//
// Option ZMQ_GSSAPI_PLAINTEXT.
func (soc *Socket) SetGssapiPlaintext(value bool) error {
	return soc.setBool(C.ZMQ_GSSAPI_PLAINTEXT, value)
}

// SetGssapiPrincipal sets the name, of 1 to 255 bytes, for which credentials
// are acquired, and selects the GSSAPI mechanism. It returns EINVAL if libzmq
// does not have the mechanism.
//
// Option ZMQ_GSSAPI_PRINCIPAL.
func (soc *Socket) SetGssapiPrincipal(value string) error {
	return soc.setBytes(C.ZMQ_GSSAPI_PRINCIPAL, value)
}

// SetGssapiPrincipalNametype sets the type of the name of
// [Socket.SetGssapiPrincipal]: [GSSAPI_NT_HOSTBASED], which is the default,
// [GSSAPI_NT_USER_NAME] or [GSSAPI_NT_KRB5_PRINCIPAL].
//
// Option ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, libzmq 4.3.
func (soc *Socket) SetGssapiPrincipalNametype(value int) error {
	return soc.setInt(C.ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, value)
}

// SetGssapiServer selects the GSSAPI mechanism: true makes the socket a
// server, false a client. It returns EINVAL if libzmq does not have the
// mechanism.
//
// Option ZMQ_GSSAPI_SERVER.
func (soc *Socket) SetGssapiServer(value bool) error { return soc.setBool(C.ZMQ_GSSAPI_SERVER, value) }

// SetGssapiServicePrincipal sets the name of the server, of 1 to 255 bytes,
// and makes the socket a GSSAPI client. It returns EINVAL if libzmq does not
// have the mechanism.
//
// Option ZMQ_GSSAPI_SERVICE_PRINCIPAL.
func (soc *Socket) SetGssapiServicePrincipal(value string) error {
	return soc.setBytes(C.ZMQ_GSSAPI_SERVICE_PRINCIPAL, value)
}

// SetGssapiServicePrincipalNametype sets the type of the name of
// [Socket.SetGssapiServicePrincipal]: [GSSAPI_NT_HOSTBASED], which is the
// default, [GSSAPI_NT_USER_NAME] or [GSSAPI_NT_KRB5_PRINCIPAL].
//
// Option ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE, libzmq 4.3.
func (soc *Socket) SetGssapiServicePrincipalNametype(value int) error {
	return soc.setInt(C.ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE, value)
}

// SetPlainServer makes the socket a PLAIN server (1). 0 turns security off,
// whichever mechanism the socket had. The default is 0.
//
// Option ZMQ_PLAIN_SERVER.
func (soc *Socket) SetPlainServer(value int) error { return soc.setInt(C.ZMQ_PLAIN_SERVER, value) }

// SetPlainUsername sets the user name, of 1 to 255 bytes, and makes the
// socket a PLAIN client.
//
// An empty name turns security off for a PLAIN client. It returns EINVAL for
// a socket with another mechanism.
//
// Option ZMQ_PLAIN_USERNAME.
func (soc *Socket) SetPlainUsername(username string) error {
	return soc.setBytes(C.ZMQ_PLAIN_USERNAME, username)
}

// SetPlainPassword sets the password, of at most 255 bytes, and makes the
// socket a PLAIN client.
//
// The default is an empty password. Setting an empty one has no effect before
// another one was set, and returns EINVAL afterwards.
//
// Option ZMQ_PLAIN_PASSWORD.
func (soc *Socket) SetPlainPassword(password string) error {
	return soc.setBytes(C.ZMQ_PLAIN_PASSWORD, password)
}

// SetZapDomain sets the domain, of 1 to 255 bytes, that a server tells the
// ZAP handler. Without one, libzmq does not ask the handler about NULL
// clients.
//
// Option ZMQ_ZAP_DOMAIN.
func (soc *Socket) SetZapDomain(domain string) error { return soc.setBytes(C.ZMQ_ZAP_DOMAIN, domain) }

// SetZapEnforceDomain makes libzmq ask the ZAP handler only if the socket has
// a domain, see [Socket.SetZapDomain]. A PLAIN server without one then
// returns EINVAL from Bind and Connect. The default is false.
//
// Option ZMQ_ZAP_ENFORCE_DOMAIN, libzmq 4.2.3.
func (soc *Socket) SetZapEnforceDomain(value bool) error {
	return setIf(soc, any423, C.ZMQ_ZAP_ENFORCE_DOMAIN, (*Socket).setBool, value)
}

// section: filters of connections, which libzmq has deprecated in favour of ZAP

// SetTcpAcceptFilter adds an address or network, such as "192.168.0.0/16",
// from which TCP connections are accepted. By default there is none, and all
// are accepted. An empty filter removes all of them.
//
// Option ZMQ_TCP_ACCEPT_FILTER.
func (soc *Socket) SetTcpAcceptFilter(filter string) error {
	return soc.setBytes(C.ZMQ_TCP_ACCEPT_FILTER, filter)
}

// SetIpcFilterGid adds a group whose members may connect over ipc. As soon as
// a group, process or user is added, others are refused. A negative number
// removes all groups.
//
// It returns EINVAL where libzmq cannot tell who connects. It can on Linux
// and macOS.
//
// Option ZMQ_IPC_FILTER_GID.
func (soc *Socket) SetIpcFilterGid(gid int) error {
	return setID[C.uint](soc, C.ZMQ_IPC_FILTER_GID, gid)
}

// SetIpcFilterPid adds a process that may connect over ipc. As soon as a
// group, process or user is added, others are refused. A negative number
// removes all processes.
//
// It returns EINVAL where libzmq cannot tell who connects. It can on Linux.
//
// Option ZMQ_IPC_FILTER_PID.
func (soc *Socket) SetIpcFilterPid(pid int) error {
	return setID[C.int](soc, C.ZMQ_IPC_FILTER_PID, pid)
}

// SetIpcFilterUid adds a user who may connect over ipc. As soon as a group,
// process or user is added, others are refused. A negative number removes all
// users.
//
// It returns EINVAL where libzmq cannot tell who connects. It can on Linux
// and macOS.
//
// Option ZMQ_IPC_FILTER_UID.
func (soc *Socket) SetIpcFilterUid(uid int) error {
	return setID[C.uint](soc, C.ZMQ_IPC_FILTER_UID, uid)
}

// setID adds to a set of ids of type T, or empties it.
func setID[T optNum](soc *Socket, option C.int, id int) error {
	if id < 0 {
		return soc.setBytes(option, "")
	}
	if int64(T(id)) != int64(id) {
		return soc.invalid()
	}
	return setNum(soc, option, T(id))
}

// section: VMCI, the transport between VMware machines

// SetVmciBufferSize sets the size, in bytes, of the buffer of a vmci
// connection. It returns EINVAL if libzmq does not have the vmci transport.
//
// Option ZMQ_VMCI_BUFFER_SIZE.
func (soc *Socket) SetVmciBufferSize(value uint64) error {
	return setNum(soc, C.ZMQ_VMCI_BUFFER_SIZE, value)
}

// SetVmciBufferMinSize sets the smallest size, in bytes, of the buffer of a
// vmci connection. It returns EINVAL if libzmq does not have the vmci
// transport.
//
// Option ZMQ_VMCI_BUFFER_MIN_SIZE.
func (soc *Socket) SetVmciBufferMinSize(value uint64) error {
	return setNum(soc, C.ZMQ_VMCI_BUFFER_MIN_SIZE, value)
}

// SetVmciBufferMaxSize sets the largest size, in bytes, of the buffer of a
// vmci connection. It returns EINVAL if libzmq does not have the vmci
// transport.
//
// Option ZMQ_VMCI_BUFFER_MAX_SIZE.
func (soc *Socket) SetVmciBufferMaxSize(value uint64) error {
	return setNum(soc, C.ZMQ_VMCI_BUFFER_MAX_SIZE, value)
}

// SetVmciConnectTimeout sets how long making a vmci connection may take.
// Fractions of a millisecond are rounded up. A negative value, the default,
// means no limit. It returns EINVAL if libzmq does not have the vmci
// transport.
//
// Option ZMQ_VMCI_CONNECT_TIMEOUT.
func (soc *Socket) SetVmciConnectTimeout(value time.Duration) error {
	return soc.setDuration(C.ZMQ_VMCI_CONNECT_TIMEOUT, value)
}

// section: wss, for which libzmq has to be built with TLS: EINVAL without, see Has("WSS")

// SetWssKeyPem sets the secret key of a wss server, in PEM. Without a key and
// a certificate Bind returns EINVAL. libzmq aborts the process if the two do
// not belong together.
//
// Option ZMQ_WSS_KEY_PEM, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetWssKeyPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_KEY_PEM, (*Socket).setBytes, value)
}

// SetWssCertPem sets the certificate of a wss server, in PEM.
//
// Option ZMQ_WSS_CERT_PEM, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetWssCertPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_CERT_PEM, (*Socket).setBytes, value)
}

// SetWssTrustPem sets the certificates, in PEM, that a wss client trusts.
//
// Option ZMQ_WSS_TRUST_PEM, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetWssTrustPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_TRUST_PEM, (*Socket).setBytes, value)
}

// SetWssHostname sets the host name that the server's certificate must have
// for a wss client. By default any name is accepted.
//
// Option ZMQ_WSS_HOSTNAME, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetWssHostname(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_HOSTNAME, (*Socket).setBytes, value)
}

// SetWssTrustSystem makes a wss client trust the system's certificates. The
// default is false.
//
// Option ZMQ_WSS_TRUST_SYSTEM, libzmq 4.3.3 with the draft API.
func (soc *Socket) SetWssTrustSystem(value bool) error {
	return setIf(soc, draft433, C.ZMQ_WSS_TRUST_SYSTEM, (*Socket).setBool, value)
}
