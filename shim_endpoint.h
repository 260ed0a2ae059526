/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The endpoints of a socket: bind, unbind, connect and disconnect, with the fences before and after
 * (shim_fence_endpoint.h).
 */

#ifndef ZMQ4_SHIM_ENDPOINT_H
#define ZMQ4_SHIM_ENDPOINT_H

#include <zmq.h>

/*
 * Fence Z105.
 * zmq4_bind binds the socket while its linger time is 0. The listener keeps the time that the
 * socket has now, for connections that their peers end, over which nothing can be sent any
 * more. With -1, libzmq waits for ever for one that ends just when the socket is closed.
 */
static inline int zmq4_bind(uintptr_t h, const unsigned char *endpoint)
{
    int64_t limit;
    int none = -1, fd = -1, linger = zmq4_lingers(h), zero = 0, rc = zmq4_try_endpoint(endpoint, 1);
    if (rc < 0 || (rc = zmq4_secured(h, endpoint)) < 0)
        return rc;
    if (zmq4_listens(endpoint))
        fd = zmq4_get_int(h, ZMQ_USE_FD);
    if (fd != -1 && (rc = zmq4_check_listener(fd, endpoint)) < 0)
        return rc;
    if (linger != 0)
        ZMQ4_CALL(zmq4_s(h), rc, zmq_setsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &zero, sizeof zero));
    limit = zmq4_limit_commands(zmq4_s(h));
    ZMQ4_CALL(zmq4_s(h), rc, zmq_bind(zmq4_s(h)->socket, (const char *) endpoint));
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_unlimit_commands(zmq4_s(h), limit);
    if (linger != 0) {
        int restored;
        ZMQ4_CALL(zmq4_s(h), restored, zmq_setsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &linger, sizeof linger));
        (void) restored;
    }
    if (rc < 0)
        return rc;
    zmq4_s(h)->attached = zmq4_s(h)->bound = 1;
    zmq4_linger(zmq4_s(h));
    zmq4_await_attach(zmq4_s(h), endpoint);
    if (fd != -1) /* it belongs to libzmq now; to use it twice would abort */
        zmq4_setsockopt(h, ZMQ_USE_FD, (const unsigned char *) &none, sizeof none);
    return 0;
}

static inline int zmq4_unbind(uintptr_t h, const unsigned char *endpoint)
{
    zmq4_socket *s = zmq4_s(h);
    int rc = zmq4_try_endpoint(endpoint, 1);
    if (rc < 0)
        return rc;
    ZMQ4_CALL(s, rc, zmq_unbind(s->socket, (const char *) endpoint));
    if (rc != 0)
        return zmq4_err();
    zmq4_await_detach(h, endpoint, s->parts);
    return 0;
}

/*
 * Fence Z068, Z082.
 * zmq4_connect connects the socket, and processes the command that gives it the connection. If
 * the socket were closed before, it would not linger for messages that were sent over it. With
 * again, the socket has this endpoint already, so libzmq does nothing and no command comes.
 */
static inline int zmq4_connect(uintptr_t h, const unsigned char *endpoint, int again)
{
    int64_t limit;
    int rc = zmq4_try_endpoint(endpoint, 0);
    if (rc < 0 || (rc = zmq4_secured(h, endpoint)) < 0)
        return rc;
    if (zmq4_has_prefix(endpoint, "ws") && zmq4_get_int(h, ZMQ_MECHANISM) == ZMQ_GSSAPI)
        return -EINVAL; /* libzmq aborts when the peer accepts the connection */
    zmq4_set_immediate(zmq4_s(h), 1);
    limit = zmq4_limit_commands(zmq4_s(h));
    ZMQ4_CALL(zmq4_s(h), rc, zmq_connect(zmq4_s(h)->socket, (const char *) endpoint));
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_unlimit_commands(zmq4_s(h), limit);
    zmq4_set_immediate(zmq4_s(h), 0);
    if (rc < 0)
        return rc;
    zmq4_s(h)->attached = 1;
    if (zmq4_get_int(h, ZMQ_RECONNECT_IVL) <= 0 || zmq4_get_int(h, ZMQ_RECONNECT_STOP) > 0)
        zmq4_s(h)->hasty |= ZMQ4_FLEETING;
    if (!again)
        zmq4_await_attach(zmq4_s(h), endpoint);
    zmq4_events(h);
    return 0;
}

static inline int zmq4_disconnect(uintptr_t h, const unsigned char *endpoint)
{
    int rc = zmq4_try_endpoint(endpoint, 1);
    if (rc < 0)
        return rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_disconnect(zmq4_s(h)->socket, (const char *) endpoint));
    if (rc != 0)
        return zmq4_err();
    zmq4_await_detach(h, endpoint, 0);
    return 0;
}

#endif
