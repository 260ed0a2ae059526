// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

// The options of libzmq's draft API. Those of which libzmq says so with any
// build can be had without it. What libzmq lacks gives
// [ErrorNotImplemented42draft], or the error for the version that has it.

// setIf sets an option that not every libzmq has.
func setIf[T any](soc *Socket, f feature, option C.int, set func(*Socket, C.int, T) error, value T) error {
	if err := f.missing(); err != nil {
		return soc.unlessClosed(err)
	}
	return set(soc, option, value)
}

// getIf reads an option that not every libzmq has.
func getIf[T any](soc *Socket, f feature, option C.int, get func(*Socket, C.int) (T, error)) (T, error) {
	if err := f.missing(); err != nil {
		var none T
		return none, soc.unlessClosed(err)
	}
	return get(soc, option)
}

// Which libzmq has an option.
var (
	any423   = feature{2, 3, false}
	any424   = feature{2, 4, false}
	any430   = feature{3, 0, false}
	any432   = feature{3, 2, false}
	any433   = feature{3, 3, false}
	any435   = feature{3, 5, false}
	draft430 = feature{3, 0, true}
	draft432 = feature{3, 2, true}
	draft433 = feature{3, 3, true}
	draft434 = feature{3, 4, true}
	draft435 = feature{3, 5, true}
)

// section: connections

// SetPriority sets the priority of the packets of TCP connections, as SO_PRIORITY
// does on Linux: 0, the default, leaves it to the system; more than 6 needs
// CAP_NET_ADMIN, else the error is EPERM. A negative value is EINVAL.
//
// Option ZMQ_PRIORITY, libzmq 4.3.4.
func (soc *Socket) SetPriority(value int) error {
	return setIf(soc, draft434, C.ZMQ_PRIORITY, (*Socket).setInt, value)
}

// GetPriority returns the priority of [Socket.SetPriority].
//
// Option ZMQ_PRIORITY, libzmq 4.3.4.
func (soc *Socket) GetPriority() (int, error) {
	return getIf(soc, draft434, C.ZMQ_PRIORITY, (*Socket).getInt)
}

// SetBusyPoll sets for how many microseconds the system looks for data of TCP
// connections in a loop before it waits, as SO_BUSY_POLL does on Linux. The
// default is 0, not at all; more needs CAP_NET_ADMIN, else the error is EPERM.
//
// Option ZMQ_BUSY_POLL, libzmq 4.3.5.
func (soc *Socket) SetBusyPoll(value int) error {
	return setIf(soc, draft435, C.ZMQ_BUSY_POLL, (*Socket).setInt, value)
}

// GetBusyPoll returns the time of [Socket.SetBusyPoll]. libzmq 4.3.5 gives EINVAL.
//
// Option ZMQ_BUSY_POLL, libzmq 4.3.5.
func (soc *Socket) GetBusyPoll() (int, error) {
	return getIf(soc, draft435, C.ZMQ_BUSY_POLL, (*Socket).getInt)
}

// SetLoopbackFastpath makes TCP connections within a Windows machine faster. It
// has no effect elsewhere. The default is false.
//
// Option ZMQ_LOOPBACK_FASTPATH, libzmq 4.2.4, any build.
func (soc *Socket) SetLoopbackFastpath(value bool) error {
	return setIf(soc, any424, C.ZMQ_LOOPBACK_FASTPATH, (*Socket).setBool, value)
}

// GetLoopbackFastpath reports whether [Socket.SetLoopbackFastpath] is on.
//
// Option ZMQ_LOOPBACK_FASTPATH, libzmq 4.2.4, any build.
func (soc *Socket) GetLoopbackFastpath() (bool, error) {
	return getIf(soc, any424, C.ZMQ_LOOPBACK_FASTPATH, (*Socket).getBool)
}

// A ReconnectStop says when a connection is not tried again, see
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

// SetReconnectStop sets when a connection that failed is not tried again. The
// default is 0, never.
//
// Option ZMQ_RECONNECT_STOP, libzmq 4.3.3, any build.
func (soc *Socket) SetReconnectStop(value ReconnectStop) error {
	return setIf(soc, any433, C.ZMQ_RECONNECT_STOP, (*Socket).setInt, int(value))
}

// GetReconnectStop returns when a connection is not tried again.
//
// Option ZMQ_RECONNECT_STOP, libzmq 4.3.3, any build.
func (soc *Socket) GetReconnectStop() (ReconnectStop, error) {
	value, err := getIf(soc, any433, C.ZMQ_RECONNECT_STOP, (*Socket).getInt)
	return ReconnectStop(value), err
}

// SetSocksUsername sets the user name for the proxy of [Socket.SetSocksProxy], of
// at most 255 bytes. The default is "": no authentication.
//
// Option ZMQ_SOCKS_USERNAME, libzmq 4.3.2, any build.
func (soc *Socket) SetSocksUsername(value string) error {
	return setIf(soc, any432, C.ZMQ_SOCKS_USERNAME, (*Socket).setBytes, value)
}

// GetSocksUsername returns the user name of [Socket.SetSocksUsername].
//
// Option ZMQ_SOCKS_USERNAME, libzmq 4.3.2, any build.
func (soc *Socket) GetSocksUsername() (string, error) {
	return getIf(soc, any432, C.ZMQ_SOCKS_USERNAME, (*Socket).getString)
}

// SetSocksPassword sets the password for the proxy of [Socket.SetSocksProxy], of
// at most 255 bytes.
//
// Option ZMQ_SOCKS_PASSWORD, libzmq 4.3.2, any build.
func (soc *Socket) SetSocksPassword(value string) error {
	return setIf(soc, any432, C.ZMQ_SOCKS_PASSWORD, (*Socket).setBytes, value)
}

// GetSocksPassword returns the password of [Socket.SetSocksPassword].
//
// Option ZMQ_SOCKS_PASSWORD, libzmq 4.3.2, any build.
func (soc *Socket) GetSocksPassword() (string, error) {
	return getIf(soc, any432, C.ZMQ_SOCKS_PASSWORD, (*Socket).getString)
}

// SetMetadata adds a property that peers find with their messages, see
// [Socket.RecvBytesWithMetadata]: "X-name:value", of which the name, with the X-,
// has at most 255 bytes and the value is not empty. It can be called repeatedly.
// libzmq does not take a property of four bytes in all.
//
// Option ZMQ_METADATA, libzmq 4.2.4, any build.
func (soc *Socket) SetMetadata(value string) error {
	return setIf(soc, any424, C.ZMQ_METADATA, (*Socket).setBytes, value)
}

// SetZapEnforceDomain makes the ZAP handler be asked only if the socket has a
// domain, see [Socket.SetZapDomain]. Without one, a PLAIN server cannot be bound or
// connected then: EINVAL. The default is false.
//
// Option ZMQ_ZAP_ENFORCE_DOMAIN, libzmq 4.2.3, any build.
func (soc *Socket) SetZapEnforceDomain(value bool) error {
	return setIf(soc, any423, C.ZMQ_ZAP_ENFORCE_DOMAIN, (*Socket).setBool, value)
}

// GetZapEnforceDomain reports whether [Socket.SetZapEnforceDomain] is on.
//
// Option ZMQ_ZAP_ENFORCE_DOMAIN, libzmq 4.2.3, any build.
func (soc *Socket) GetZapEnforceDomain() (bool, error) {
	return getIf(soc, any423, C.ZMQ_ZAP_ENFORCE_DOMAIN, (*Socket).getBool)
}

// section: multicast

// SetMulticastLoop says whether what a RADIO socket sends to a multicast group
// by udp also reaches receivers on this machine. The default is true. It
// changes nothing for pgm, epgm, norm, and DGRAM sockets.
//
// Option ZMQ_MULTICAST_LOOP, libzmq 4.3.0, any build.
func (soc *Socket) SetMulticastLoop(value bool) error {
	return setIf(soc, any430, C.ZMQ_MULTICAST_LOOP, (*Socket).setBool, value)
}

// GetMulticastLoop reports whether [Socket.SetMulticastLoop] is on.
//
// Option ZMQ_MULTICAST_LOOP, libzmq 4.3.0, any build.
func (soc *Socket) GetMulticastLoop() (bool, error) {
	return getIf(soc, any430, C.ZMQ_MULTICAST_LOOP, (*Socket).getBool)
}

// A NormMode says how the norm transport controls its rate, see [Socket.SetNormMode].
type NormMode int

// Modes of congestion control. libzmq 4.3.5.
const (
	NORM_FIXED = NormMode(0) // the rate of SetRate, no control
	NORM_CC    = NormMode(1) // TCP-friendly, the default
	NORM_CCL   = NormMode(2) // for links with losses
	NORM_CCE   = NormMode(3) // by explicit congestion notification
	NORM_CCE_E = NormMode(4) // by nothing but that
)

// SetNormMode sets how the norm transport controls its rate. The default is [NORM_CC].
//
// Option ZMQ_NORM_MODE, libzmq 4.3.5.
func (soc *Socket) SetNormMode(value NormMode) error {
	return setIf(soc, draft435, C.ZMQ_NORM_MODE, (*Socket).setInt, int(value))
}

// GetNormMode returns how the norm transport controls its rate.
//
// Option ZMQ_NORM_MODE, libzmq 4.3.5.
func (soc *Socket) GetNormMode() (NormMode, error) {
	value, err := getIf(soc, draft435, C.ZMQ_NORM_MODE, (*Socket).getInt)
	return NormMode(value), err
}

// SetNormUnicastNack makes norm receivers ask the sender for repairs by unicast.
// The default is false.
//
// Option ZMQ_NORM_UNICAST_NACK, libzmq 4.3.5.
func (soc *Socket) SetNormUnicastNack(value bool) error {
	return setIf(soc, draft435, C.ZMQ_NORM_UNICAST_NACK, (*Socket).setBool, value)
}

// GetNormUnicastNack reports whether [Socket.SetNormUnicastNack] is on.
//
// Option ZMQ_NORM_UNICAST_NACK, libzmq 4.3.5.
func (soc *Socket) GetNormUnicastNack() (bool, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_UNICAST_NACK, (*Socket).getBool)
}

// SetNormBufferSize sets the size of the norm buffer in KiB. The default is 2048.
// 4 GiB and more is EINVAL: NORM counts bytes in 32 bits.
//
// Option ZMQ_NORM_BUFFER_SIZE, libzmq 4.3.5.
func (soc *Socket) SetNormBufferSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_BUFFER_SIZE, (*Socket).setInt, value)
}

// GetNormBufferSize returns the size of the norm buffer in KiB.
//
// Option ZMQ_NORM_BUFFER_SIZE, libzmq 4.3.5.
func (soc *Socket) GetNormBufferSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_BUFFER_SIZE, (*Socket).getInt)
}

// SetNormSegmentSize sets the size of a norm segment in bytes. The default is 1400.
// More than 65000 is EINVAL: it has to fit into a UDP packet, with headers.
//
// Option ZMQ_NORM_SEGMENT_SIZE, libzmq 4.3.5.
func (soc *Socket) SetNormSegmentSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_SEGMENT_SIZE, (*Socket).setInt, value)
}

// GetNormSegmentSize returns the size of a norm segment in bytes.
//
// Option ZMQ_NORM_SEGMENT_SIZE, libzmq 4.3.5.
func (soc *Socket) GetNormSegmentSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_SEGMENT_SIZE, (*Socket).getInt)
}

// SetNormBlockSize sets how many segments a norm block has, at most 255. The
// default is 16.
//
// Option ZMQ_NORM_BLOCK_SIZE, libzmq 4.3.5.
func (soc *Socket) SetNormBlockSize(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_BLOCK_SIZE, (*Socket).setInt, value)
}

// GetNormBlockSize returns how many segments a norm block has.
//
// Option ZMQ_NORM_BLOCK_SIZE, libzmq 4.3.5.
func (soc *Socket) GetNormBlockSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_BLOCK_SIZE, (*Socket).getInt)
}

// SetNormNumParity sets how many segments to repair a norm block with can be
// computed, at most 254. The default is 4.
//
// Option ZMQ_NORM_NUM_PARITY, libzmq 4.3.5.
func (soc *Socket) SetNormNumParity(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_NUM_PARITY, (*Socket).setInt, value)
}

// GetNormNumParity returns how many segments to repair with can be computed.
//
// Option ZMQ_NORM_NUM_PARITY, libzmq 4.3.5.
func (soc *Socket) GetNormNumParity() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_NUM_PARITY, (*Socket).getInt)
}

// SetNormNumAutoparity sets how many of the segments of [Socket.SetNormNumParity]
// are sent without being asked for. The default is 0.
//
// Option ZMQ_NORM_NUM_AUTOPARITY, libzmq 4.3.5.
func (soc *Socket) SetNormNumAutoparity(value int) error {
	return setIf(soc, draft435, C.ZMQ_NORM_NUM_AUTOPARITY, (*Socket).setInt, value)
}

// GetNormNumAutoparity returns how many segments are sent without being asked for.
//
// Option ZMQ_NORM_NUM_AUTOPARITY, libzmq 4.3.5.
func (soc *Socket) GetNormNumAutoparity() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_NUM_AUTOPARITY, (*Socket).getInt)
}

// SetNormPush makes the norm sender replace old messages that wait by new ones,
// rather than wait itself. The default is false.
//
// Option ZMQ_NORM_PUSH, libzmq 4.3.5.
func (soc *Socket) SetNormPush(value bool) error {
	return setIf(soc, draft435, C.ZMQ_NORM_PUSH, (*Socket).setBool, value)
}

// GetNormPush reports whether [Socket.SetNormPush] is on.
//
// Option ZMQ_NORM_PUSH, libzmq 4.3.5.
func (soc *Socket) GetNormPush() (bool, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_PUSH, (*Socket).getBool)
}

// section: messages

// SetInBatchSize sets how many bytes libzmq reads from a connection at once. The
// default is 8192. 0 and less, and more than 16 MiB, is EINVAL.
//
// Option ZMQ_IN_BATCH_SIZE, libzmq 4.3.2.
func (soc *Socket) SetInBatchSize(value int) error {
	return setIf(soc, draft432, C.ZMQ_IN_BATCH_SIZE, (*Socket).setInt, value)
}

// GetInBatchSize returns how many bytes libzmq reads from a connection at once.
//
// Option ZMQ_IN_BATCH_SIZE, libzmq 4.3.2.
func (soc *Socket) GetInBatchSize() (int, error) {
	return getIf(soc, draft432, C.ZMQ_IN_BATCH_SIZE, (*Socket).getInt)
}

// SetOutBatchSize sets how many bytes of small messages libzmq writes to a
// connection at once. The default is 8192. 0 and less, and more than 16 MiB, is EINVAL.
//
// Option ZMQ_OUT_BATCH_SIZE, libzmq 4.3.2.
func (soc *Socket) SetOutBatchSize(value int) error {
	return setIf(soc, draft432, C.ZMQ_OUT_BATCH_SIZE, (*Socket).setInt, value)
}

// GetOutBatchSize returns how many bytes libzmq writes to a connection at once.
//
// Option ZMQ_OUT_BATCH_SIZE, libzmq 4.3.2.
func (soc *Socket) GetOutBatchSize() (int, error) {
	return getIf(soc, draft432, C.ZMQ_OUT_BATCH_SIZE, (*Socket).getInt)
}

// SetHelloMsg sets a message that each new peer is sent. The default is "", none.
// It applies to DEALER, ROUTER, CLIENT, SERVER, PEER and others that can send at once.
//
// Option ZMQ_HELLO_MSG, libzmq 4.3.3.
func (soc *Socket) SetHelloMsg(value string) error {
	return setIf(soc, draft433, C.ZMQ_HELLO_MSG, (*Socket).setBytes, value)
}

// SetDisconnectMsg sets a message that the socket receives when a peer that it
// has accepted is gone, as if from that peer. The default is "", none. Up to libzmq 4.3.4,
// which crashes when a peer goes whose connection the socket is just ending, the error is
// [ErrorNotImplemented435].
//
// Option ZMQ_DISCONNECT_MSG, libzmq 4.3.5.
func (soc *Socket) SetDisconnectMsg(value string) error {
	return setIf(soc, draft435, C.ZMQ_DISCONNECT_MSG, (*Socket).setBytes, value)
}

// SetHiccupMsg sets a message that the socket receives when a connection that it
// has made breaks. The default is "", none.
//
// Option ZMQ_HICCUP_MSG, libzmq 4.3.5.
func (soc *Socket) SetHiccupMsg(value string) error {
	return setIf(soc, draft435, C.ZMQ_HICCUP_MSG, (*Socket).setBytes, value)
}

// RouterNotifyOption says of what a socket tells, see [Socket.SetRouterNotify].
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

// SetRouterNotify makes a ROUTER socket receive a message of the routing id and an
// empty part when a peer connects, or is gone, or both. The default is 0, neither.
//
// Option ZMQ_ROUTER_NOTIFY, libzmq 4.3.0.
func (soc *Socket) SetRouterNotify(value RouterNotifyOption) error {
	return setIf(soc, draft430, C.ZMQ_ROUTER_NOTIFY, (*Socket).setInt, int(value))
}

// GetRouterNotify returns of what a ROUTER socket tells.
//
// Option ZMQ_ROUTER_NOTIFY, libzmq 4.3.0.
func (soc *Socket) GetRouterNotify() (RouterNotifyOption, error) {
	value, err := getIf(soc, draft430, C.ZMQ_ROUTER_NOTIFY, (*Socket).getInt)
	return RouterNotifyOption(value), err
}

// section: publish and subscribe

// SetXpubManualLastValue is [Socket.SetXpubManual], and makes the XPUB socket send
// the next message to nobody but the peer whose subscription it has received
// last. The default is false.
//
// Option ZMQ_XPUB_MANUAL_LAST_VALUE, libzmq 4.3.2, any build.
func (soc *Socket) SetXpubManualLastValue(value bool) error {
	return setIf(soc, any432, C.ZMQ_XPUB_MANUAL_LAST_VALUE, (*Socket).setBool, value)
}

// SetOnlyFirstSubscribe makes an XPUB or XSUB socket take only the first part of
// a message for a subscription. The default is false: each part may be one.
//
// Option ZMQ_ONLY_FIRST_SUBSCRIBE, libzmq 4.3.3, any build.
func (soc *Socket) SetOnlyFirstSubscribe(value bool) error {
	return setIf(soc, any433, C.ZMQ_ONLY_FIRST_SUBSCRIBE, (*Socket).setBool, value)
}

// SetXsubVerboseUnsubscribe makes an XSUB socket send each unsubscription on. By
// default, which is false, it sends only the last one of a topic.
//
// Option ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, libzmq 4.3.5.
func (soc *Socket) SetXsubVerboseUnsubscribe(value bool) error {
	return setIf(soc, draft435, C.ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, (*Socket).setBool, value)
}

// GetTopicsCount returns how many topics are subscribed to: of the peers of a PUB
// or XPUB socket together, or by a SUB or XSUB socket.
//
// Option ZMQ_TOPICS_COUNT, libzmq 4.3.5, any build.
func (soc *Socket) GetTopicsCount() (int, error) {
	return getIf(soc, any435, C.ZMQ_TOPICS_COUNT, (*Socket).getInt)
}

// section: wss, for which libzmq has to be built with TLS: EINVAL without, see Has("WSS")

// SetWssKeyPem sets the secret key of a wss server, in PEM. Without a key and a
// certificate Bind returns EINVAL; libzmq aborts if they do not belong together.
//
// Option ZMQ_WSS_KEY_PEM, libzmq 4.3.3.
func (soc *Socket) SetWssKeyPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_KEY_PEM, (*Socket).setBytes, value)
}

// SetWssCertPem sets the certificate of a wss server, in PEM.
//
// Option ZMQ_WSS_CERT_PEM, libzmq 4.3.3.
func (soc *Socket) SetWssCertPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_CERT_PEM, (*Socket).setBytes, value)
}

// SetWssTrustPem sets the certificates, in PEM, that a wss client trusts.
//
// Option ZMQ_WSS_TRUST_PEM, libzmq 4.3.3.
func (soc *Socket) SetWssTrustPem(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_TRUST_PEM, (*Socket).setBytes, value)
}

// SetWssHostname sets the name that the certificate of the server must have for a
// wss client. By default it is not looked at.
//
// Option ZMQ_WSS_HOSTNAME, libzmq 4.3.3.
func (soc *Socket) SetWssHostname(value string) error {
	return setIf(soc, draft433, C.ZMQ_WSS_HOSTNAME, (*Socket).setBytes, value)
}

// SetWssTrustSystem makes a wss client trust the certificates that the system
// does. The default is false.
//
// Option ZMQ_WSS_TRUST_SYSTEM, libzmq 4.3.3.
func (soc *Socket) SetWssTrustSystem(value bool) error {
	return setIf(soc, draft433, C.ZMQ_WSS_TRUST_SYSTEM, (*Socket).setBool, value)
}
