/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The C side of fence_inproc.go: connections to inproc endpoints that nobody has bound.
 */

#ifndef ZMQ4_SHIM_FENCE_INPROC_H
#define ZMQ4_SHIM_FENCE_INPROC_H

#include <zmq.h>

/*
 * zmq4_delivers reports whether a socket may have sent something over inproc to an endpoint
 * that nobody has bound, so that it is to be delivered even if the socket leaves. A
 * publisher has no subscribers there. In a conflating socket's queue the last message has
 * replaced the routing id, which libzmq expects before it.
 */
static inline int zmq4_delivers(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    if (s->sent.messages == 0 || s->linger == 0)
        return 0;
    switch (s->type) {
    case ZMQ_PUB:
    case ZMQ_XPUB:
    case ZMQ_XSUB:
    case ZMQ_RADIO:
    case ZMQ_REP:
        return 0;
    case ZMQ_DEALER:
    case ZMQ_PUSH:
        return zmq4_get_int(h, ZMQ_CONFLATE) != 1;
    }
    return 1;
}

/*
 * zmq4_hold connects a new socket to an endpoint, in place of the socket from: with its routing
 * id, and without a high-water mark.
 */
static inline int zmq4_hold(uintptr_t h, uintptr_t from, const unsigned char *endpoint)
{
    unsigned char id[255];
    size_t size = sizeof id;
    int unlimited = 0, rc;
    if (zmq4_getsockopt(from, ZMQ_ROUTING_ID, id, &size) == 0 && size > 0)
        zmq4_setsockopt(h, ZMQ_ROUTING_ID, id, size);
    zmq4_setsockopt(h, ZMQ_SNDHWM, (const unsigned char *) &unlimited, sizeof unlimited);
    ZMQ4_RETRY(rc, zmq_connect(zmq4_s(h)->socket, (const char *) endpoint));
    return rc == 0 ? 0 : zmq4_err();
}

/*
 * zmq4_pass sends all messages that a socket has received to the socket to, or drops them if to
 * is 0, and returns how many.
 */
static inline int zmq4_pass(uintptr_t h, uintptr_t to)
{
    zmq4_socket *s = zmq4_s(h);
    int n = 0, rc;
    while (zmq4_recv(h, 1, 0) > 0) {
        for (int i = 0; to && i < s->in_len; i++)
            ZMQ4_RETRY(rc, zmq_msg_send(&s->in[i].msg, zmq4_s(to)->socket, ZMQ_DONTWAIT | (s->in[i].more ? ZMQ_SNDMORE : 0)));
        n++;
    }
    s->in_next = s->in_len;
    zmq4_release(h);
    return n;
}

#endif
