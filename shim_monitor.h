/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Monitors: zmq4_monitor starts one, and zmq4_bind_failure reads one for its last failed bind.
 */

#ifndef ZMQ4_SHIM_MONITOR_H
#define ZMQ4_SHIM_MONITOR_H

#include <zmq.h>

/* zmq4_monitor starts a monitor on endpoint, or stops it if endpoint is NULL. */
static inline int zmq4_monitor(uintptr_t h, const unsigned char *endpoint, int events)
{
    int rc;
    ZMQ4_RETRY(rc, zmq_socket_monitor(zmq4_s(h)->socket, (const char *) endpoint, events));
    return rc == -1 ? zmq4_err() : 0;
}

/* zmq4_monitor_v2 does the same for events of version 2. */
static inline int zmq4_monitor_v2(uintptr_t h, const unsigned char *endpoint, uint64_t events)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 2)
    int rc;
    ZMQ4_RETRY(rc, zmq_socket_monitor_versioned(zmq4_s(h)->socket, (const char *) endpoint, events, 2, ZMQ_PAIR));
    return rc == -1 ? zmq4_err() : 0;
#else
    return zmq4_monitor(h, endpoint, (int) events);
#endif
}

/* zmq4_pipes_stats makes libzmq send an event with the lengths of the socket's queues. */
static inline int zmq4_pipes_stats(uintptr_t h)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 2)
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_socket_monitor_pipes_stats(zmq4_s(h)->socket));
    return rc == -1 ? zmq4_err() : 0;
#else
    (void) h;
    return -ENOTSUP;
#endif
}

/*
 * zmq4_bind_failure returns why the last bind of a socket failed, or EAGAIN. h is the socket that
 * receives the events of its monitor, of either version. They stay in its inbox, to be
 * received next.
 */
static inline int zmq4_bind_failure(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    int rc = -EAGAIN, first = 1;
    for (int i = 0; i < 10000 && zmq4_finish(h) >= 0; i++)
        ;
    for (int i = s->in_next; i < s->in_len; i++) {
        uint16_t event1;
        uint32_t value1;
        uint64_t event2, value2;
        if (first && s->in[i].size == sizeof event1 + sizeof value1) {
            memcpy(&event1, s->in[i].data, sizeof event1);
            memcpy(&value1, s->in[i].data + sizeof event1, sizeof value1);
            if (event1 == ZMQ_EVENT_BIND_FAILED)
                rc = -(int) value1;
        } else if (first && s->in[i].size == sizeof event2 && i + 2 < s->in_len) {
            memcpy(&event2, s->in[i].data, sizeof event2);
            if (event2 == ZMQ_EVENT_BIND_FAILED && s->in[i + 2].size == sizeof value2) {
                memcpy(&value2, s->in[i + 2].data, sizeof value2);
                rc = -(int) value2;
            }
        }
        first = !s->in[i].more;
    }
    return rc < 0 ? rc : -EAGAIN;
}

#endif
