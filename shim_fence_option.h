/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The fences of options: which values this process may give to libzmq, and which options get
 * another value than the program's. Go calls zmq4_try_priority, zmq4_try_busy_poll and
 * zmq4_max_filter; zmq4_setsockopt calls zmq4_credentials.
 */

#ifndef ZMQ4_SHIM_FENCE_OPTION_H
#define ZMQ4_SHIM_FENCE_OPTION_H

#include <zmq.h>

#ifndef _WIN32
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

/* zmq4_try_sockopt checks whether this process may set an option of the system on a TCP socket. */
static inline int zmq4_try_sockopt(int name, int value)
{
#ifdef _WIN32
    (void) name, (void) value;
    return 0;
#else
    int rc = 0, fd = zmq4_open_socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, name, &value, sizeof value) != 0)
        rc = -errno;
    close(fd);
    return rc;
#endif
}

/*
 * Fence Z088.
 * zmq4_try_priority and zmq4_try_busy_poll check whether this process may set the option.
 * libzmq aborts if it may not.
 */
static inline int zmq4_try_priority(int value)
{
#ifdef SO_PRIORITY
    return value > 0 ? zmq4_try_sockopt(SO_PRIORITY, value) : 0;
#else
    (void) value;
    return 0;
#endif
}

static inline int zmq4_try_busy_poll(int value)
{
#ifdef SO_BUSY_POLL
    return value > 0 ? zmq4_try_sockopt(SO_BUSY_POLL, value) : 0;
#else
    (void) value;
    return 0;
#endif
}

/*
 * Fence Z031, Z032.
 * zmq4_max_filter returns the length of the longest filter that a SUB or XSUB socket may have.
 * libzmq keeps filters in a tree with a level for each byte. The functions that remove and free
 * them call themselves for each level, also in threads of libzmq, so a long filter overflows
 * the stack. They take less than 128 bytes a level.
 */
static inline size_t zmq4_max_filter(void)
{
    size_t max = 16 << 10;
#ifndef _WIN32
    pthread_attr_t attr;
    size_t stack;
    if (pthread_attr_init(&attr) == 0) {
        if (pthread_attr_getstacksize(&attr, &stack) == 0 && stack > 0 && stack / 128 < max)
            max = stack / 128;
        pthread_attr_destroy(&attr);
    }
#else
    max = 4 << 10;
#endif
    return max;
}

/* zmq4_has_zap_domain reports whether a socket has a ZAP domain. */
static inline int zmq4_has_zap_domain(zmq4_socket *s)
{
    char domain[256];
    size_t size = sizeof domain;
    int rc;
    ZMQ4_CALL(s, rc, zmq_getsockopt(s->socket, ZMQ_ZAP_DOMAIN, domain, &size));
    return rc == 0 && size > 1; /* with the NUL */
}

/*
 * Fence Z041.
 * zmq4_credentials makes room for a client's credentials, which libzmq puts into the queue of
 * received messages if there is an authenticator. It counts them as a message, but never as
 * one that was taken out: a queue for one message would be full for ever.
 */
static inline void zmq4_credentials(zmq4_socket *s)
{
    uintptr_t h = (uintptr_t) s;
    int two = 2, rc;
    if (zmq4_get_int(h, ZMQ_RCVHWM) != 1)
        return;
    if (zmq4_get_int(h, ZMQ_MECHANISM) == ZMQ_NULL && !zmq4_has_zap_domain(s))
        return;
    ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_RCVHWM, &two, sizeof two));
    if (rc == 0)
        s->rcvhwm = 1;
}

#endif
