// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import "time"

// The getters have the order of the setters. A time that is negative in libzmq
// is -1.

// section: state that cannot be set

// GetEvents returns what the socket is ready for: [POLLIN] if a message can be
// received, [POLLOUT] if one can be sent.
//
// Option ZMQ_EVENTS.
func (soc *Socket) GetEvents() (State, error) {
	s, err := soc.lock()
	if err != nil {
		return 0, err
	}
	defer s.unlock()
	ev := C.zmq4_events(s.h())
	if ev < 0 {
		return 0, check(ev)
	}
	return State(ev), nil
}

// GetLastEndpoint returns the endpoint of the last Bind or Connect as libzmq
// resolved it, with the port that it chose for a wildcard.
//
// Option ZMQ_LAST_ENDPOINT.
func (soc *Socket) GetLastEndpoint() (string, error) { return soc.getString(C.ZMQ_LAST_ENDPOINT) }

// GetMechanism returns the security mechanism that the options select: [NULL],
// [PLAIN], [CURVE] or [GSSAPI].
//
// Option ZMQ_MECHANISM.
func (soc *Socket) GetMechanism() (Mechanism, error) {
	m, err := soc.getInt(C.ZMQ_MECHANISM)
	return Mechanism(m), err
}

// GetRcvmore reports whether more parts of the same message follow the part
// that was received last. It makes no call into libzmq.
//
// Option ZMQ_RCVMORE.
func (soc *Socket) GetRcvmore() (bool, error) {
	s, err := soc.lock()
	if err != nil {
		return false, err
	}
	defer s.mu.Unlock() // nothing was done that others would have to be told
	return s.c.rcvmore != 0, nil
}

// GetThreadSafe reports whether libzmq itself lets several threads use the
// socket. It does so for draft types other than [DGRAM]. With this package,
// several goroutines can use every socket.
//
// Option ZMQ_THREAD_SAFE.
func (soc *Socket) GetThreadSafe() (bool, error) { return soc.getBool(C.ZMQ_THREAD_SAFE) }

// GetType returns the socket's type.
//
// Option ZMQ_TYPE.
func (soc *Socket) GetType() (Type, error) {
	t, err := soc.getInt(C.ZMQ_TYPE)
	return Type(t), err
}

// section: connections

// GetAffinity returns the mask of [Socket.SetAffinity].
//
// Option ZMQ_AFFINITY.
func (soc *Socket) GetAffinity() (uint64, error) { return getNum[uint64](soc, C.ZMQ_AFFINITY) }

// GetBacklog returns the number of [Socket.SetBacklog].
//
// Option ZMQ_BACKLOG.
func (soc *Socket) GetBacklog() (int, error) { return soc.getInt(C.ZMQ_BACKLOG) }

// GetBindToDevice returns the name of [Socket.SetBindToDevice], or "".
//
// Option ZMQ_BINDTODEVICE, libzmq 4.3.
func (soc *Socket) GetBindToDevice() (string, error) { return soc.getString(C.ZMQ_BINDTODEVICE) }

// GetConflate reports whether [Socket.SetConflate] is on.
//
// Option ZMQ_CONFLATE.
func (soc *Socket) GetConflate() (bool, error) { return soc.getBool(C.ZMQ_CONFLATE) }

// GetConnectTimeout returns the time of [Socket.SetConnectTimeout], 0 for none.
//
// Option ZMQ_CONNECT_TIMEOUT.
func (soc *Socket) GetConnectTimeout() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_CONNECT_TIMEOUT)
}

// GetHandshakeIvl returns the time of [Socket.SetHandshakeIvl], 0 for none.
//
// Option ZMQ_HANDSHAKE_IVL.
func (soc *Socket) GetHandshakeIvl() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_HANDSHAKE_IVL)
}

// GetHeartbeatIvl returns the time of [Socket.SetHeartbeatIvl], 0 for no
// heartbeats.
//
// Option ZMQ_HEARTBEAT_IVL.
func (soc *Socket) GetHeartbeatIvl() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_HEARTBEAT_IVL)
}

// GetHeartbeatTimeout returns the time of [Socket.SetHeartbeatTimeout]. It is
// -1 until that is set, which means the interval of the heartbeats.
//
// Option ZMQ_HEARTBEAT_TIMEOUT.
func (soc *Socket) GetHeartbeatTimeout() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_HEARTBEAT_TIMEOUT)
}

// GetHeartbeatTtl returns the time of [Socket.SetHeartbeatTtl], 0 for none.
//
// Option ZMQ_HEARTBEAT_TTL.
func (soc *Socket) GetHeartbeatTtl() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_HEARTBEAT_TTL)
}

// GetIdentity returns the bytes of [Socket.SetIdentity], "" if not set.
//
// Option ZMQ_ROUTING_ID, which was ZMQ_IDENTITY.
func (soc *Socket) GetIdentity() (string, error) { return soc.getBytes(C.ZMQ_ROUTING_ID) }

// GetImmediate reports whether [Socket.SetImmediate] is on.
//
// Option ZMQ_IMMEDIATE.
func (soc *Socket) GetImmediate() (bool, error) { return soc.getBool(C.ZMQ_IMMEDIATE) }

// GetIpv6 reports whether [Socket.SetIpv6] is on.
//
// Option ZMQ_IPV6.
func (soc *Socket) GetIpv6() (bool, error) { return soc.getBool(C.ZMQ_IPV6) }

// GetReconnectIvl returns the time of [Socket.SetReconnectIvl], -1 for never.
//
// Option ZMQ_RECONNECT_IVL.
func (soc *Socket) GetReconnectIvl() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_RECONNECT_IVL)
}

// GetReconnectIvlMax returns the time of [Socket.SetReconnectIvlMax], 0 for none.
//
// Option ZMQ_RECONNECT_IVL_MAX.
func (soc *Socket) GetReconnectIvlMax() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_RECONNECT_IVL_MAX)
}

// GetReconnectStop returns the conditions of [Socket.SetReconnectStop].
//
// Option ZMQ_RECONNECT_STOP, libzmq 4.3.3.
func (soc *Socket) GetReconnectStop() (ReconnectStop, error) {
	value, err := getIf(soc, any433, C.ZMQ_RECONNECT_STOP, (*Socket).getInt)
	return ReconnectStop(value), err
}

// GetSocksProxy returns the address of [Socket.SetSocksProxy], or "".
//
// Option ZMQ_SOCKS_PROXY.
func (soc *Socket) GetSocksProxy() (string, error) { return soc.getString(C.ZMQ_SOCKS_PROXY) }

// GetSocksUsername returns the user name of [Socket.SetSocksUsername].
//
// Option ZMQ_SOCKS_USERNAME, libzmq 4.3.2.
func (soc *Socket) GetSocksUsername() (string, error) {
	return getIf(soc, any432, C.ZMQ_SOCKS_USERNAME, (*Socket).getString)
}

// GetSocksPassword returns the password of [Socket.SetSocksPassword].
//
// Option ZMQ_SOCKS_PASSWORD, libzmq 4.3.2.
func (soc *Socket) GetSocksPassword() (string, error) {
	return getIf(soc, any432, C.ZMQ_SOCKS_PASSWORD, (*Socket).getString)
}

// Getusefd returns the descriptor of [Socket.SetUseFd] that the next Bind will
// use, or -1.
//
// Option ZMQ_USE_FD.
func (soc *Socket) Getusefd() (int, error) { return soc.getInt(C.ZMQ_USE_FD) }

// section: queues, sizes and time limits

// GetInBatchSize returns the bytes of [Socket.SetInBatchSize].
//
// Option ZMQ_IN_BATCH_SIZE, libzmq 4.3.2 with the draft API.
func (soc *Socket) GetInBatchSize() (int, error) {
	return getIf(soc, draft432, C.ZMQ_IN_BATCH_SIZE, (*Socket).getInt)
}

// GetLinger returns the time of [Socket.SetLinger], -1 for no limit.
//
// Option ZMQ_LINGER.
func (soc *Socket) GetLinger() (time.Duration, error) { return soc.getDuration(C.ZMQ_LINGER) }

// GetMaxmsgsize returns the bytes of [Socket.SetMaxmsgsize], -1 for no limit.
//
// Option ZMQ_MAXMSGSIZE.
func (soc *Socket) GetMaxmsgsize() (int64, error) { return getNum[int64](soc, C.ZMQ_MAXMSGSIZE) }

// GetOutBatchSize returns the bytes of [Socket.SetOutBatchSize].
//
// Option ZMQ_OUT_BATCH_SIZE, libzmq 4.3.2 with the draft API.
func (soc *Socket) GetOutBatchSize() (int, error) {
	return getIf(soc, draft432, C.ZMQ_OUT_BATCH_SIZE, (*Socket).getInt)
}

// GetRcvbuf returns the bytes of [Socket.SetRcvbuf], -1 for the system's own.
//
// Option ZMQ_RCVBUF.
func (soc *Socket) GetRcvbuf() (int, error) { return soc.getInt(C.ZMQ_RCVBUF) }

// GetRcvhwm returns the number of [Socket.SetRcvhwm], 0 for no limit.
//
// Option ZMQ_RCVHWM.
func (soc *Socket) GetRcvhwm() (int, error) { return soc.getInt(C.ZMQ_RCVHWM) }

// GetRcvtimeo returns the time of [Socket.SetRcvtimeo], -1 for no limit.
//
// Option ZMQ_RCVTIMEO.
func (soc *Socket) GetRcvtimeo() (time.Duration, error) { return soc.getDuration(C.ZMQ_RCVTIMEO) }

// GetSndbuf returns the bytes of [Socket.SetSndbuf], -1 for the system's own.
//
// Option ZMQ_SNDBUF.
func (soc *Socket) GetSndbuf() (int, error) { return soc.getInt(C.ZMQ_SNDBUF) }

// GetSndhwm returns the number of [Socket.SetSndhwm], 0 for no limit.
//
// Option ZMQ_SNDHWM.
func (soc *Socket) GetSndhwm() (int, error) { return soc.getInt(C.ZMQ_SNDHWM) }

// GetSndtimeo returns the time of [Socket.SetSndtimeo], -1 for no limit.
//
// Option ZMQ_SNDTIMEO.
func (soc *Socket) GetSndtimeo() (time.Duration, error) { return soc.getDuration(C.ZMQ_SNDTIMEO) }

// section: multicast

// GetMulticastHops returns the number of [Socket.SetMulticastHops].
//
// Option ZMQ_MULTICAST_HOPS.
func (soc *Socket) GetMulticastHops() (int, error) { return soc.getInt(C.ZMQ_MULTICAST_HOPS) }

// GetMulticastLoop reports whether [Socket.SetMulticastLoop] is on.
//
// Option ZMQ_MULTICAST_LOOP, libzmq 4.3.0.
func (soc *Socket) GetMulticastLoop() (bool, error) {
	return getIf(soc, any430, C.ZMQ_MULTICAST_LOOP, (*Socket).getBool)
}

// GetMulticastMaxtpdu returns the bytes of [Socket.SetMulticastMaxtpdu].
//
// Option ZMQ_MULTICAST_MAXTPDU.
func (soc *Socket) GetMulticastMaxtpdu() (int, error) { return soc.getInt(C.ZMQ_MULTICAST_MAXTPDU) }

// GetRate returns the kilobits per second of [Socket.SetRate].
//
// Option ZMQ_RATE.
func (soc *Socket) GetRate() (int, error) { return soc.getInt(C.ZMQ_RATE) }

// GetRecoveryIvl returns the time of [Socket.SetRecoveryIvl].
//
// Option ZMQ_RECOVERY_IVL.
func (soc *Socket) GetRecoveryIvl() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_RECOVERY_IVL)
}

// section: NORM

// GetNormMode returns the congestion control of [Socket.SetNormMode].
//
// Option ZMQ_NORM_MODE, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormMode() (NormMode, error) {
	value, err := getIf(soc, draft435, C.ZMQ_NORM_MODE, (*Socket).getInt)
	return NormMode(value), err
}

// GetNormUnicastNack reports whether [Socket.SetNormUnicastNack] is on.
//
// Option ZMQ_NORM_UNICAST_NACK, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormUnicastNack() (bool, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_UNICAST_NACK, (*Socket).getBool)
}

// GetNormBufferSize returns the size of the norm buffer in KiB.
//
// Option ZMQ_NORM_BUFFER_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormBufferSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_BUFFER_SIZE, (*Socket).getInt)
}

// GetNormSegmentSize returns the size of a norm segment in bytes.
//
// Option ZMQ_NORM_SEGMENT_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormSegmentSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_SEGMENT_SIZE, (*Socket).getInt)
}

// GetNormBlockSize returns how many segments a norm block has.
//
// Option ZMQ_NORM_BLOCK_SIZE, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormBlockSize() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_BLOCK_SIZE, (*Socket).getInt)
}

// GetNormNumParity returns the number of [Socket.SetNormNumParity].
//
// Option ZMQ_NORM_NUM_PARITY, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormNumParity() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_NUM_PARITY, (*Socket).getInt)
}

// GetNormNumAutoparity returns the number of [Socket.SetNormNumAutoparity].
//
// Option ZMQ_NORM_NUM_AUTOPARITY, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormNumAutoparity() (int, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_NUM_AUTOPARITY, (*Socket).getInt)
}

// GetNormPush reports whether [Socket.SetNormPush] is on.
//
// Option ZMQ_NORM_PUSH, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetNormPush() (bool, error) {
	return getIf(soc, draft435, C.ZMQ_NORM_PUSH, (*Socket).getBool)
}

// section: TCP

// GetBusyPoll returns the time of [Socket.SetBusyPoll]. libzmq 4.3.5 returns EINVAL.
//
// Option ZMQ_BUSY_POLL, libzmq 4.3.5 with the draft API.
func (soc *Socket) GetBusyPoll() (int, error) {
	return getIf(soc, draft435, C.ZMQ_BUSY_POLL, (*Socket).getInt)
}

// GetLoopbackFastpath reports whether [Socket.SetLoopbackFastpath] is on.
//
// Option ZMQ_LOOPBACK_FASTPATH, libzmq 4.2.4.
func (soc *Socket) GetLoopbackFastpath() (bool, error) {
	return getIf(soc, any424, C.ZMQ_LOOPBACK_FASTPATH, (*Socket).getBool)
}

// GetPriority returns the priority of [Socket.SetPriority].
//
// Option ZMQ_PRIORITY, libzmq 4.3.4 with the draft API.
func (soc *Socket) GetPriority() (int, error) {
	return getIf(soc, draft434, C.ZMQ_PRIORITY, (*Socket).getInt)
}

// GetTcpKeepalive returns the value of [Socket.SetTcpKeepalive]: 1, 0, or -1
// for the system's own.
//
// Option ZMQ_TCP_KEEPALIVE.
func (soc *Socket) GetTcpKeepalive() (int, error) { return soc.getInt(C.ZMQ_TCP_KEEPALIVE) }

// GetTcpKeepaliveCnt returns the number of [Socket.SetTcpKeepaliveCnt], -1 for
// the system's own.
//
// Option ZMQ_TCP_KEEPALIVE_CNT.
func (soc *Socket) GetTcpKeepaliveCnt() (int, error) { return soc.getInt(C.ZMQ_TCP_KEEPALIVE_CNT) }

// GetTcpKeepaliveIdle returns the seconds of [Socket.SetTcpKeepaliveIdle], -1
// for the system's own.
//
// Option ZMQ_TCP_KEEPALIVE_IDLE.
func (soc *Socket) GetTcpKeepaliveIdle() (int, error) { return soc.getInt(C.ZMQ_TCP_KEEPALIVE_IDLE) }

// GetTcpKeepaliveIntvl returns the seconds of [Socket.SetTcpKeepaliveIntvl], -1
// for the system's own.
//
// Option ZMQ_TCP_KEEPALIVE_INTVL.
func (soc *Socket) GetTcpKeepaliveIntvl() (int, error) { return soc.getInt(C.ZMQ_TCP_KEEPALIVE_INTVL) }

// GetTcpMaxrt returns the time of [Socket.SetTcpMaxrt], 0 for the system's own.
//
// Option ZMQ_TCP_MAXRT.
func (soc *Socket) GetTcpMaxrt() (time.Duration, error) { return soc.getDuration(C.ZMQ_TCP_MAXRT) }

// GetTos returns the byte of [Socket.SetTos].
//
// Option ZMQ_TOS.
func (soc *Socket) GetTos() (int, error) { return soc.getInt(C.ZMQ_TOS) }

// section: subscriptions

// GetInvertMatching returns 1 if [Socket.SetInvertMatching] is on, else 0.
//
// Option ZMQ_INVERT_MATCHING.
func (soc *Socket) GetInvertMatching() (int, error) { return soc.getInt(C.ZMQ_INVERT_MATCHING) }

// GetTopicsCount returns the number of topics with a subscription: for PUB
// and XPUB sockets those of all peers together, for SUB and XSUB sockets
// their own.
//
// Option ZMQ_TOPICS_COUNT, libzmq 4.3.5.
func (soc *Socket) GetTopicsCount() (int, error) {
	return getIf(soc, any435, C.ZMQ_TOPICS_COUNT, (*Socket).getInt)
}

// section: requests, routing and streams

// GetRouterNotify returns the changes of [Socket.SetRouterNotify].
//
// Option ZMQ_ROUTER_NOTIFY, libzmq 4.3.0 with the draft API.
func (soc *Socket) GetRouterNotify() (RouterNotifyOption, error) {
	value, err := getIf(soc, draft430, C.ZMQ_ROUTER_NOTIFY, (*Socket).getInt)
	return RouterNotifyOption(value), err
}

// section: security

// GetCurveServer returns 1 if the socket is a server of the [CURVE] mechanism,
// else 0.
//
// Option ZMQ_CURVE_SERVER.
func (soc *Socket) GetCurveServer() (int, error) { return soc.getInt(C.ZMQ_CURVE_SERVER) }

// GetCurvePublickeyRaw returns the key of [Socket.SetCurvePublickey] as 32
// bytes, which are zero if it is not set.
//
// Option ZMQ_CURVE_PUBLICKEY.
func (soc *Socket) GetCurvePublickeyRaw() (string, error) {
	return soc.getRawKey(C.ZMQ_CURVE_PUBLICKEY)
}

// GetCurvePublickeykeyZ85 returns the key of [Socket.SetCurvePublickey] as 40
// characters of Z85, which stand for zero bytes if it is not set.
//
// Option ZMQ_CURVE_PUBLICKEY.
func (soc *Socket) GetCurvePublickeykeyZ85() (string, error) {
	return soc.getZ85Key(C.ZMQ_CURVE_PUBLICKEY)
}

// GetCurveSecretkeyRaw returns the key of [Socket.SetCurveSecretkey] as 32
// bytes, which are zero if it is not set.
//
// Option ZMQ_CURVE_SECRETKEY.
func (soc *Socket) GetCurveSecretkeyRaw() (string, error) {
	return soc.getRawKey(C.ZMQ_CURVE_SECRETKEY)
}

// GetCurveSecretkeyZ85 returns the key of [Socket.SetCurveSecretkey] as 40
// characters of Z85, which stand for zero bytes if it is not set.
//
// Option ZMQ_CURVE_SECRETKEY.
func (soc *Socket) GetCurveSecretkeyZ85() (string, error) {
	return soc.getZ85Key(C.ZMQ_CURVE_SECRETKEY)
}

// GetCurveServerkeyRaw returns the key of [Socket.SetCurveServerkey] as 32
// bytes, which are zero if it is not set.
//
// Option ZMQ_CURVE_SERVERKEY.
func (soc *Socket) GetCurveServerkeyRaw() (string, error) {
	return soc.getRawKey(C.ZMQ_CURVE_SERVERKEY)
}

// GetCurveServerkeyZ85 returns the key of [Socket.SetCurveServerkey] as 40
// characters of Z85, which stand for zero bytes if it is not set.
//
// Option ZMQ_CURVE_SERVERKEY.
func (soc *Socket) GetCurveServerkeyZ85() (string, error) {
	return soc.getZ85Key(C.ZMQ_CURVE_SERVERKEY)
}

// GetGssapiPlaintext reports whether [Socket.SetGssapiPlaintext] is on.
//
// Option ZMQ_GSSAPI_PLAINTEXT.
func (soc *Socket) GetGssapiPlaintext() (bool, error) { return soc.getBool(C.ZMQ_GSSAPI_PLAINTEXT) }

// GetGssapiPrincipal returns the name of [Socket.SetGssapiPrincipal], or "".
//
// Option ZMQ_GSSAPI_PRINCIPAL.
func (soc *Socket) GetGssapiPrincipal() (string, error) { return soc.getString(C.ZMQ_GSSAPI_PRINCIPAL) }

// GetGssapiPrincipalNametype returns the type of
// [Socket.SetGssapiPrincipalNametype].
//
// Option ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, libzmq 4.3.
func (soc *Socket) GetGssapiPrincipalNametype() (int, error) {
	return soc.getInt(C.ZMQ_GSSAPI_PRINCIPAL_NAMETYPE)
}

// GetGssapiServer reports whether the socket is a server of the [GSSAPI]
// mechanism.
//
// Option ZMQ_GSSAPI_SERVER.
func (soc *Socket) GetGssapiServer() (bool, error) { return soc.getBool(C.ZMQ_GSSAPI_SERVER) }

// GetGssapiServicePrincipal returns the name of
// [Socket.SetGssapiServicePrincipal], or "".
//
// Option ZMQ_GSSAPI_SERVICE_PRINCIPAL.
func (soc *Socket) GetGssapiServicePrincipal() (string, error) {
	return soc.getString(C.ZMQ_GSSAPI_SERVICE_PRINCIPAL)
}

// GetGssapiServicePrincipalNametype returns the type of
// [Socket.SetGssapiServicePrincipalNametype].
//
// Option ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE, libzmq 4.3.
func (soc *Socket) GetGssapiServicePrincipalNametype() (int, error) {
	return soc.getInt(C.ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE)
}

// GetPlainServer returns 1 if the socket is a server of the [PLAIN] mechanism,
// else 0.
//
// Option ZMQ_PLAIN_SERVER.
func (soc *Socket) GetPlainServer() (int, error) { return soc.getInt(C.ZMQ_PLAIN_SERVER) }

// GetPlainUsername returns the name of [Socket.SetPlainUsername], or "".
//
// Option ZMQ_PLAIN_USERNAME.
func (soc *Socket) GetPlainUsername() (string, error) { return soc.getString(C.ZMQ_PLAIN_USERNAME) }

// GetPlainPassword returns the password of [Socket.SetPlainPassword], or "".
//
// Option ZMQ_PLAIN_PASSWORD.
func (soc *Socket) GetPlainPassword() (string, error) { return soc.getString(C.ZMQ_PLAIN_PASSWORD) }

// GetZapDomain returns the domain of [Socket.SetZapDomain], or "".
//
// Option ZMQ_ZAP_DOMAIN.
func (soc *Socket) GetZapDomain() (string, error) { return soc.getString(C.ZMQ_ZAP_DOMAIN) }

// GetZapEnforceDomain reports whether [Socket.SetZapEnforceDomain] is on.
//
// Option ZMQ_ZAP_ENFORCE_DOMAIN, libzmq 4.2.3.
func (soc *Socket) GetZapEnforceDomain() (bool, error) {
	return getIf(soc, any423, C.ZMQ_ZAP_ENFORCE_DOMAIN, (*Socket).getBool)
}

// section: VMCI

// GetVmciBufferSize always returns EINVAL: libzmq has a setter for the
// option, but no getter.
//
// Option ZMQ_VMCI_BUFFER_SIZE.
func (soc *Socket) GetVmciBufferSize() (uint64, error) {
	return getNum[uint64](soc, C.ZMQ_VMCI_BUFFER_SIZE)
}

// GetVmciBufferMinSize always returns EINVAL: libzmq has a setter for the
// option, but no getter.
//
// Option ZMQ_VMCI_BUFFER_MIN_SIZE.
func (soc *Socket) GetVmciBufferMinSize() (uint64, error) {
	return getNum[uint64](soc, C.ZMQ_VMCI_BUFFER_MIN_SIZE)
}

// GetVmciBufferMaxSize always returns EINVAL: libzmq has a setter for the
// option, but no getter.
//
// Option ZMQ_VMCI_BUFFER_MAX_SIZE.
func (soc *Socket) GetVmciBufferMaxSize() (uint64, error) {
	return getNum[uint64](soc, C.ZMQ_VMCI_BUFFER_MAX_SIZE)
}

// GetVmciConnectTimeout always returns EINVAL: libzmq has a setter for the
// option, but no getter.
//
// Option ZMQ_VMCI_CONNECT_TIMEOUT.
func (soc *Socket) GetVmciConnectTimeout() (time.Duration, error) {
	return soc.getDuration(C.ZMQ_VMCI_CONNECT_TIMEOUT)
}
