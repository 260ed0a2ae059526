/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The fences around the use of an endpoint: whether it can be used, what is set for that long,
 * and how a command of libzmq is awaited after it. zmq4_bind, zmq4_connect, zmq4_unbind and
 * zmq4_disconnect call them, and Go zmq4_peer_exists.
 */

#ifndef ZMQ4_SHIM_FENCE_ENDPOINT_H
#define ZMQ4_SHIM_FENCE_ENDPOINT_H

#include <zmq.h>

#ifndef _WIN32
#include <sys/socket.h>
#endif

/* --- before --- */

/*
 * Fence Z100.
 * zmq4_try_endpoint checks whether there are descriptors left for an endpoint. libzmq aborts if it
 * cannot open one for a udp socket, or to look up the addresses of this machine, which it does
 * for the local side of a tcp or ws endpoint. It tries other connections again later.
 */
static inline int zmq4_try_endpoint(const unsigned char *endpoint, int local)
{
#ifdef _WIN32
    (void) endpoint, (void) local;
    return 0;
#else
    int tcp = zmq4_has_prefix(endpoint, "tcp:") || zmq4_has_prefix(endpoint, "ws");
    if (zmq4_has_prefix(endpoint, "udp:") || (tcp && (local || strchr((const char *) endpoint, ';'))))
        return zmq4_try_fds(4);
    return 0;
#endif
}

/*
 * Fence Z083, Z084.
 * zmq4_check_listener checks whether libzmq can use a descriptor (ZMQ_USE_FD) for a bind to
 * endpoint. It takes any, and aborts the process later if it cannot.
 */
static inline int zmq4_check_listener(int fd, const unsigned char *endpoint)
{
#ifdef _WIN32
    (void) fd, (void) endpoint;
    return 0;
#else
    struct sockaddr_storage addr;
    socklen_t size = sizeof addr, n = sizeof(int);
    int listening = 0, local = zmq4_has_prefix(endpoint, "ipc:");
    memset(&addr, 0, sizeof addr);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) != 0
        || getsockname(fd, (struct sockaddr *) &addr, &size) != 0)
        return -errno;
    if (!listening)
        return -EINVAL;
    if (local ? addr.ss_family != AF_UNIX : addr.ss_family != AF_INET && addr.ss_family != AF_INET6)
        return -EINVAL;
    return 0;
#endif
}

/*
 * Fence Z003, Z023.
 * zmq4_secured checks whether the socket's options for security are safe at an endpoint. libzmq
 * aborts when a client connects to a PLAIN server that must have a ZAP domain and has none. Over
 * ws it aborts at the first heartbeat if the other side has no mechanism, as it may with NULL.
 */
static inline int zmq4_secured(uintptr_t h, const unsigned char *endpoint)
{
    int mechanism;
    if (!zmq4_listens(endpoint))
        return 0;
    mechanism = zmq4_get_int(h, ZMQ_MECHANISM);
    if (mechanism == ZMQ_NULL && zmq4_has_prefix(endpoint, "ws") && zmq4_get_int(h, ZMQ_HEARTBEAT_IVL) > 0)
        return -EINVAL;
    if (mechanism == ZMQ_PLAIN && zmq4_get_int(h, ZMQ_PLAIN_SERVER) == 1
        && zmq4_get_int(h, ZMQ_ZAP_ENFORCE_DOMAIN) == 1 && !zmq4_has_zap_domain(zmq4_s(h)))
        return -EINVAL;
    return 0;
}

/*
 * Fence Z015.
 * zmq4_peer_exists reports whether a ROUTER has a peer with a routing id. libzmq aborts if a
 * connection that the ROUTER makes is to get the same id. A peer that is gone counts until its
 * messages have been received, so they are taken into the inbox. To a peer that is there, an
 * empty message is sent: only a send tells whether it is.
 */
static inline int zmq4_peer_exists(uintptr_t h, const unsigned char *id, size_t size)
{
    zmq4_socket *s = zmq4_s(h);
    int one = 1, rc;
    if (s->type != ZMQ_ROUTER || !s->attached || s->sndmore)
        return 0;
    for (int i = 0; i < 100; i++) {
        while (zmq4_finish(h) >= 0)
            if (s->in_len - s->in_next >= 10000)
                return 1; /* nobody knows: peers may send without a pause */
        if (zmq4_pending(h, 1) <= 0)
            break;
    }
    zmq_setsockopt(s->socket, ZMQ_ROUTER_MANDATORY, &one, sizeof one);
    ZMQ4_RETRY(rc, zmq_send(s->socket, id, size, ZMQ_SNDMORE | ZMQ_DONTWAIT));
    if (rc == -1)
        rc = zmq4_err();
    else
        zmq_send(s->socket, "", 0, ZMQ_DONTWAIT);
    zmq_setsockopt(s->socket, ZMQ_ROUTER_MANDATORY, &s->mandatory, sizeof s->mandatory);
    return rc != -EHOSTUNREACH;
}

/* --- while libzmq uses it --- */

/*
 * Fence Z020.
 * zmq4_limit_commands makes libzmq accept from the peers of a RADIO only messages that are not
 * longer than the commands to join and to leave a group: it aborts if one names a longer
 * group. The limit is for the connections of endpoints that are attached while it is set. CURVE
 * and GSSAPI have none, for their handshakes are longer. It returns the limit that
 * zmq4_unlimit_commands is to restore, or 0 if it has changed nothing.
 */
static inline int64_t zmq4_limit_commands(zmq4_socket *s)
{
    int64_t limit = -1, join = 5 + ZMQ_GROUP_MAX_LENGTH;
    size_t size = sizeof limit;
    int mechanism, rc;
    if (s->type != ZMQ_RADIO)
        return 0;
    mechanism = zmq4_get_int((uintptr_t) s, ZMQ_MECHANISM);
    ZMQ4_CALL(s, rc, zmq_getsockopt(s->socket, ZMQ_MAXMSGSIZE, &limit, &size));
    if (rc != 0 || (mechanism != ZMQ_NULL && mechanism != ZMQ_PLAIN) || (limit >= 0 && limit <= join))
        return 0;
    ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &join, sizeof join));
    return rc == 0 ? limit : 0;
}

static inline void zmq4_unlimit_commands(zmq4_socket *s, int64_t limit)
{
    int rc = 0;
    if (limit != 0)
        ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit));
    (void) rc;
}

/* --- after --- */

/*
 * Fence Z067.
 * zmq4_await_attach waits until the command that tells a socket what it was just bound or
 * connected to has been signalled. Another thread of libzmq that put a command into the mailbox
 * before may not have raised the signal for both yet. Until it has, zmq_unbind and
 * zmq_disconnect see neither command, find nothing to end, and report success.
 */
static inline void zmq4_await_attach(zmq4_socket *s, const unsigned char *endpoint)
{
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};
    size_t size = sizeof item.fd;
    int rc;
    if (s->thread_safe /* has another mailbox */ || zmq4_has_prefix(endpoint, "inproc:")
        || zmq_getsockopt(s->socket, ZMQ_FD, &item.fd, &size) != 0)
        return;
    ZMQ4_RETRY(rc, zmq_poll(&item, 1, 500)); /* it takes two instructions of that thread */
    (void) rc;
}

/*
 * Fence Z010, Z012, Z013.
 * zmq4_await_detach processes the commands by which the connections of an endpoint end that the
 * socket has just left. Until a connection has ended, libzmq aborts if it breaks while a
 * message of several parts is half sent, and if a peer of an old version sends its
 * identity. It does not wait for a connection that has messages to be received: that one
 * ends after they have been.
 */
static inline void zmq4_await_detach(uintptr_t h, const unsigned char *endpoint, int parts)
{
    int type = zmq4_s(h)->type, old = type == ZMQ_ROUTER || type == ZMQ_REP || type == ZMQ_PUB || type == ZMQ_XPUB;
    if ((parts || old) && zmq4_listens(endpoint))
        for (int i = 0; i < 100 && zmq4_pending(h, i == 0 ? 500 : parts ? 5 : 1) > 0; i++)
            zmq4_events(h);
}

#endif
