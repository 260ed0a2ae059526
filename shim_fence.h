/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The C side of the fences, which keep a program away from faults of libzmq: see fence.go.
 *
 * Here is what all fences use, and the fences that each part passes when it is sent or
 * received, and each connection when it ends. The others are in shim_fence_start.h,
 * shim_fence_option.h, shim_fence_endpoint.h, shim_fence_inproc.h and shim_fence_multicast.h.
 */

#ifndef ZMQ4_SHIM_FENCE_H
#define ZMQ4_SHIM_FENCE_H

#include <zmq.h>

#ifndef _WIN32
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

/*
 * Fence Z086.
 * A thread-safe socket of libzmq holds a lock of its own during each call, and takes the
 * lock of its inproc peer to tell it something. Two that do so at the same time wait for
 * each other for ever. So all such sockets of a process that use inproc share one
 * zmq4_inproc_lock, and ZMQ4_CALL, which evaluates call as ZMQ4_RETRY does, holds it: one call at a time.
 */
#if ZMQ4_DRAFT && !defined _WIN32
#define ZMQ4_CALL(s, rc, call)                                                 \
    do {                                                                       \
        zmq4_inproc_lock *lock_ = (s)->lock;                                   \
        if (lock_)                                                             \
            pthread_mutex_lock(lock_);                                         \
        ZMQ4_RETRY(rc, call);                                                  \
        if (lock_)                                                             \
            pthread_mutex_unlock(lock_);                                       \
    } while (0)
#else
#define ZMQ4_CALL(s, rc, call) ZMQ4_RETRY(rc, call)
#endif

/* zmq4_inproc_lock_new makes the lock, or returns NULL where there are no such sockets. */
static inline zmq4_inproc_lock *zmq4_inproc_lock_new(void)
{
#if ZMQ4_DRAFT && !defined _WIN32
    zmq4_inproc_lock *lock = (zmq4_inproc_lock *) malloc(sizeof *lock);
    if (lock)
        pthread_mutex_init(lock, NULL);
    return lock;
#else
    return NULL;
#endif
}

/* --- what the fences use --- */

/* zmq4_has_prefix reports whether s begins with prefix. */
static inline int zmq4_has_prefix(const unsigned char *s, const char *prefix)
{
    return strncmp((const char *) s, prefix, strlen(prefix)) == 0;
}

/* zmq4_listens reports whether an endpoint is of a transport with connections that libzmq accepts. */
static inline int zmq4_listens(const unsigned char *endpoint)
{
    return zmq4_has_prefix(endpoint, "tcp:") || zmq4_has_prefix(endpoint, "ipc:") || zmq4_has_prefix(endpoint, "ws");
}

/*
 * zmq4_pending waits up to ms milliseconds for a command to the socket that came after the
 * last zmq4_events, and returns 1 if there is one.
 */
static inline int zmq4_pending(uintptr_t h, int ms)
{
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};
    size_t size = sizeof item.fd;
    int rc;
    if (zmq_getsockopt(zmq4_s(h)->socket, ZMQ_FD, &item.fd, &size) != 0)
        return zmq4_err(); /* a thread-safe type */
    ZMQ4_RETRY(rc, zmq_poll(&item, 1, ms));
    return rc == -1 ? zmq4_err() : rc;
}

#ifndef _WIN32
/* zmq4_try_fds checks that n file descriptors can be opened, and closes them again. */
static inline int zmq4_try_fds(int n)
{
    int made = 0, rc = 0;
    int *fds = (int *) calloc((unsigned int) n, sizeof *fds);
    if (!fds)
        return -ENOMEM;
    for (; made < n; made++) {
        fds[made] = made == 0 ? open("/", O_RDONLY | O_CLOEXEC) : fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
        if (fds[made] < 0) {
            /* Only a limit is of interest: F_DUPFD fails with EINVAL for it too. */
            if (made > 0 || errno == EMFILE || errno == ENFILE)
                rc = -EMFILE;
            break;
        }
    }
    while (made > 0)
        close(fds[--made]);
    free(fds);
    return rc;
}

/* zmq4_open_socket opens a socket of the system, which processes that the program starts do not inherit. */
static inline int zmq4_open_socket(int family, int type, int protocol)
{
#ifdef SOCK_CLOEXEC
    return socket(family, type | SOCK_CLOEXEC, protocol);
#else
    int fd = socket(family, type, protocol);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
#endif
}
#endif

/* --- before a part is sent --- */

/*
 * Fence Z031.
 * zmq4_fits reports whether a part can be sent over each transport of the socket, and whether
 * libzmq can keep a filter, which an XSUB socket sends behind a byte of 0 or 1.
 */
static inline int zmq4_fits(const zmq4_socket *s, const void *data, size_t size)
{
    if (s->max_part == 0 || size <= s->max_part)
        return 1;
    return s->type == ZMQ_XSUB && *(const unsigned char *) data > 1;
}

/*
 * Fence Z103.
 * zmq4_groups reports whether libzmq can send a message to several peers. It counts the peers
 * that share the content of a message, but not those that share its group, if that is too
 * long to lie inside the message: the first peer to free the group frees it for all.
 */
static inline int zmq4_groups(const zmq4_socket *s, zmq_msg_t *msg)
{
#if ZMQ4_DRAFT
    switch (s->type) {
    case ZMQ_RADIO:
    case ZMQ_PUB:
    case ZMQ_XPUB:
    case ZMQ_XSUB:
        return strlen(zmq_msg_group(msg)) <= 14;
    }
#endif
    (void) s, (void) msg;
    return 1;
}

/*
 * Fence Z090.
 * zmq4_dgram_part sends one of the two parts of a DGRAM message. A socket without an
 * endpoint closes the message and sets no errno, after which zmq_send aborts. So libzmq
 * gets a copy of the part, and only if the socket has room for it.
 */
static inline int zmq4_dgram_part(zmq4_socket *s, zmq_msg_t *msg, const void *data, size_t size, int flags)
{
    zmq_msg_t copy;
    int rc, more = flags & ZMQ_SNDMORE;
    if (!more == !s->sndmore)
        return -EINVAL;
    if (more) {
        s->events = zmq4_events((uintptr_t) s);
        if (s->events < 0)
            return s->events;
        if (!(s->events & ZMQ_POLLOUT))
            return -EAGAIN;
    }
    if (msg) {
        zmq_msg_init(&copy);
        rc = zmq_msg_copy(&copy, msg);
    } else {
        rc = zmq_msg_init_size(&copy, size);
        if (rc == 0 && size > 0)
            memcpy(zmq_msg_data(&copy), data, size);
    }
    if (rc == -1)
        return zmq4_err();
    errno = EAGAIN;
    ZMQ4_RETRY(rc, zmq_msg_send(&copy, s->socket, more | ZMQ_DONTWAIT));
    if (rc == -1) {
        rc = zmq4_err();
        zmq_msg_close(&copy);
        return rc;
    }
    if (msg) {
        zmq_msg_close(msg);
        zmq_msg_init(msg);
    }
    s->sndmore = more;
    return 0;
}

/*
 * Fence Z073.
 * zmq4_lost is called when a part behind the first one returned EAGAIN: the peer went away
 * in the middle of the message, and libzmq has rolled the message back. Some versions then
 * drop all parts up to the last one of the message, so zmq4_lost sends them a last part.
 */
static inline void zmq4_lost(zmq4_socket *s, int more)
{
    if (more && s->rollback && (s->type == ZMQ_PUSH || s->type == ZMQ_DEALER || s->type == ZMQ_REQ))
        zmq4_send_try(s, NULL, "", 0, 0);
}

/* --- when a part is received --- */

/*
 * Fence Z016.
 * zmq4_torn is called after a part with ZMQ_RCVMORE, and reports whether the rest of its
 * message is lost. It is on a conflating socket, which keeps only the last part that a peer
 * has sent. libzmq aborts when such a socket receives the next part, so the socket is broken
 * from then on: it receives nothing any more.
 */
static inline int zmq4_torn(zmq4_socket *s)
{
    if (s->conflate && (s->type == ZMQ_PULL || s->type == ZMQ_SUB || s->type == ZMQ_DEALER))
        s->broken = 1;
    return s->broken;
}

/* --- before a connection ends --- */

/*
 * Fence Z011, Z070.
 * zmq4_linger gives libzmq the linger time that was set, or a safer one. It does so before
 * the socket is closed: once the context has been shut down, nothing can be set.
 *
 * A socket that only receives has nothing to linger for, and gets 0. With more, libzmq
 * waits for ever for a connection that ended while the queue was full.
 *
 * A socket that has sent messages of several parts gets at least a moment. libzmq aborts if
 * a connection breaks just when it throws away a message that is half sent, which is likely
 * if both ends are closed at the same time. A moment later the other end is gone. The moments
 * differ, because both ends may wait for each other: the end that was bound waits longer.
 */
static inline ZMQ4_RARE void zmq4_linger(zmq4_socket *s)
{
    int linger = s->linger, moment = 50 + (int) (((uintptr_t) s->socket >> 4) % 51) + 100 * s->bound, rc = 0;
    if (s->type == ZMQ_PULL || s->type == ZMQ_SUB || s->type == ZMQ_GATHER || s->type == ZMQ_DISH)
        linger = 0;
    else if (s->parts && linger >= 0 && linger < moment)
        linger = moment;
    if (linger != s->linger)
        ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_LINGER, &linger, sizeof linger));
    (void) rc;
}

/* A hasty socket has connections that libzmq may drop while a message of theirs is being received. */
enum {
    ZMQ4_IMMEDIATE = 1, /* they were made with ZMQ_IMMEDIATE */
    ZMQ4_FLEETING = 2,  /* they are not to be made again: ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_STOP */
};

/*
 * Fence Z008, Z009.
 * zmq4_set_immediate gives libzmq the option ZMQ_IMMEDIATE that was set, or a safer one. With
 * the option, the socket drops a connection that it has made as soon as the connection
 * breaks, with all messages that have come from it. libzmq aborts if the option is not set
 * any more by then, and if a message of several parts was half received.
 *
 * So once a connection was made with the option, libzmq keeps it, except during a connect
 * without it. The types below never get it: it makes no other difference to them.
 */
static inline void zmq4_set_immediate(zmq4_socket *s, int connecting)
{
    int rc, value = s->immediate || ((s->hasty & ZMQ4_IMMEDIATE) && !connecting);
    switch (s->type) {
    case ZMQ_SUB:
    case ZMQ_XSUB:
    case ZMQ_PULL:
    case ZMQ_REP:
    case ZMQ_DISH:
    case ZMQ_GATHER:
        value = 0;
    }
    if (connecting && value)
        s->hasty |= ZMQ4_IMMEDIATE;
    ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_IMMEDIATE, &value, sizeof value));
    (void) rc;
}

/*
 * Fence Z005, Z008.
 * zmq4_process_commands processes the commands of a hasty socket before it receives a message.
 * Otherwise libzmq does so now and then in the middle of one.
 */
static inline ZMQ4_RARE void zmq4_process_commands(zmq4_socket *s)
{
    int events, rc;
    size_t size = sizeof events;
    ZMQ4_CALL(s, rc, zmq_getsockopt(s->socket, ZMQ_EVENTS, &events, &size));
    (void) rc;
}

/*
 * Fence Z006.
 * zmq4_take_begun takes the message of which ZMQ_EVENTS has read the first part, before its
 * connection breaks. It stops at 10000 parts, for a program that reads the events again and
 * again, and does not receive.
 */
static inline ZMQ4_RARE void zmq4_take_begun(zmq4_socket *s)
{
    switch (s->type) {
    case ZMQ_SUB:
    case ZMQ_XSUB:
    case ZMQ_ROUTER:
    case ZMQ_REP:
        if (!s->conflate && s->in_len - s->in_next < 10000)
            zmq4_finish((uintptr_t) s);
    }
}

#endif
