/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The socket: what the package keeps of a libzmq socket in C, and how it begins and ends.
 * shim_recv.h and shim_send.h move messages in and out of it.
 */

#ifndef ZMQ4_SHIM_SOCKET_H
#define ZMQ4_SHIM_SOCKET_H

#include <zmq.h>

#ifndef _WIN32
#include <pthread.h>
#endif

/*
 * zmq4_part describes one part of a message: of one to send, or of one that was copied to
 * memory of Go's. data is C memory, or pinned Go memory, or an offset in memory that the
 * function is given as well.
 */
typedef struct zmq4_part {
    uintptr_t data;
    size_t size;
    int more; /* the next part is of the same message */
} zmq4_part;

/* zmq4_received is one part that was received. data is inside msg or owned by it. */
typedef struct zmq4_received {
    zmq_msg_t msg;
    unsigned char *data; /* NULL when it was moved to a zmq4_msg */
    size_t size;
    int more; /* the next part is of the same message */
} zmq4_received;

/* zmq4_traffic counts what went in one direction. */
typedef struct zmq4_traffic {
    uint64_t messages, bytes;
} zmq4_traffic;

enum {
    ZMQ4_IN_CAP = 4,      /* slots of a new inbox */
    ZMQ4_IN_KEEP = 16384, /* an inbox with more is given back when it is empty: a megabyte */
};

/* zmq4_inproc_lock is a lock that thread-safe sockets share: see ZMQ4_CALL. */
#if ZMQ4_DRAFT && !defined _WIN32
typedef pthread_mutex_t zmq4_inproc_lock;
#else
typedef struct zmq4_inproc_lock zmq4_inproc_lock; /* never made */
#endif

/*
 * zmq4_socket is a libzmq socket with the messages that go in and out of it in one
 * crossing. Go holds its address as an integer and locks it around every use.
 * The fields that each send or receive looks at come first.
 */
typedef struct zmq4_socket {
    void *socket;
    int type;
    int thread_safe;
    zmq4_inproc_lock *lock; /* of a thread-safe type that has used inproc, or NULL */
    size_t max_part;   /* the largest part that all transports can send, or 0: see zmq4_fits */
    int sndmore;       /* the part sent last asked for more */
    int parts;         /* messages of several parts have been sent */
    int dropping;      /* the message being sent lost its peer: drop the parts that follow */
    int hasty;         /* which connections it may drop in the middle of a message: see shim_fence.h */
    int broken;        /* it receives no more: see zmq4_torn */
    /*
     * The inbox has the messages that were received last, whole. Go hands out their parts:
     *
     *     0 <= in_free <= in_next <= in_len <= in_cap
     *
     * Those from in_next on are still to be received, those between in_free and
     * in_next are valid until the next zmq4_release. All in_cap slots are
     * initialized messages at all times: those outside of in_free to in_len are empty.
     * data and size are valid between in_free and in_len only. Those before in_unasked were
     * received ahead without that the program asked for it.
     */
    int in_next, in_free, in_len, in_cap, in_unasked;
    int empty;   /* the last receive found nothing more */
    int rcvmore; /* the part handed out last has more parts behind it */
    zmq4_received *in;
    zmq4_traffic received, sent; /* what libzmq gave and took */
    /* Where Go gathers small parts to send. */
    unsigned char *out;
    size_t out_cap;
    int events;    /* ZMQ_EVENTS after the last send that returned EAGAIN */
    int rollback;  /* this libzmq drops the rest of a message that it rolled back */
    int linger;    /* ZMQ_LINGER as it was set, see zmq4_linger */
    int sndhwm;    /* ZMQ_SNDHWM as it was set if libzmq was given another, see zmq4_socket_new; or -1 */
    int rcvhwm;    /* the same for ZMQ_RCVHWM, see zmq4_credentials */
    int mandatory; /* ZMQ_ROUTER_MANDATORY as it was set */
    int attached;  /* it has been bound or connected */
    int immediate; /* ZMQ_IMMEDIATE as it was set, see zmq4_set_immediate */
    int conflate;  /* it was attached with ZMQ_CONFLATE, or will be */
    int in_max;    /* tests: in_cap does not grow beyond it, unless it is 0 */
    int relaxed;   /* ZMQ_REQ_RELAXED as it was set */
    int bound;     /* it has been bound */
    void *poller;  /* of a thread-safe type, once somebody has asked for its descriptor */
} zmq4_socket;

static inline zmq4_socket *zmq4_s(uintptr_t h)
{
    return (zmq4_socket *) h;
}

static inline void zmq4_count(zmq4_traffic *t, int messages, uint64_t bytes)
{
    t->messages += (uint64_t) messages;
    t->bytes += bytes;
}

/* Functions of the headers below that this header and the fences use. */
static inline ZMQ4_RARE void zmq4_empty(zmq4_socket *s, int first, int end);
static inline int zmq4_events(uintptr_t h);
static inline int zmq4_finish(uintptr_t h);
static inline int zmq4_get_int(uintptr_t h, int option);
static inline ZMQ4_RARE void zmq4_linger(zmq4_socket *s);
static inline size_t zmq4_max_filter(void);
static inline void zmq4_poller_free(zmq4_socket *s);
static inline ZMQ4_RARE int zmq4_resize(zmq4_socket *s, int cap);
static inline int zmq4_send_try(zmq4_socket *s, zmq_msg_t *msg, const void *data, size_t size, int flags);

/*
 * Fence Z072.
 * zmq4_socket_new makes a socket. A SUB or XSUB gets no high-water mark for what it sends,
 * which are subscriptions: libzmq drops those beyond the mark, without an error.
 */
static inline int zmq4_socket_new(uintptr_t ctx, int type, zmq4_socket **out)
{
    int major, minor, patch;
    size_t size = sizeof(int);
    zmq4_socket *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    if (zmq4_resize(s, ZMQ4_IN_CAP) == 0) {
        do {
            s->socket = zmq_socket((void *) ctx, type);
        } while (!s->socket && zmq_errno() == EINTR);
    }
    if (!s->socket) {
        int rc = s->in ? zmq4_err() : -ENOMEM;
        free(s->in);
        free(s);
        return rc;
    }
    zmq_getsockopt(s->socket, ZMQ_THREAD_SAFE, &s->thread_safe, &size);
    if (s->thread_safe && !ZMQ4_POLLER_FD) { /* nothing that a goroutine could wait on */
        zmq_close(s->socket);
        free(s->in);
        free(s);
        return -ENOTSUP;
    }
    zmq_version(&major, &minor, &patch);
    s->rollback = ZMQ_MAKE_VERSION(major, minor, patch) >= ZMQ_MAKE_VERSION(4, 3, 1);
    s->type = type;
    size = sizeof s->linger;
    zmq_getsockopt(s->socket, ZMQ_LINGER, &s->linger, &size);
    zmq4_linger(s);
    if (type == ZMQ_XSUB)
        s->max_part = 1 + zmq4_max_filter();
    s->sndhwm = s->rcvhwm = -1;
    if (type == ZMQ_SUB || type == ZMQ_XSUB) {
        int none = 0;
        size = sizeof s->sndhwm;
        zmq_getsockopt(s->socket, ZMQ_SNDHWM, &s->sndhwm, &size);
        zmq_setsockopt(s->socket, ZMQ_SNDHWM, &none, sizeof none);
    }
    *out = s;
    return 0;
}

/*
 * Fence Z069.
 * zmq4_close closes the socket. An XSUB first processes the commands that tell it of broken
 * connections. Otherwise libzmq waits for those until the linger time is over, which may be
 * for ever.
 */
static inline int zmq4_close(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    int rc;
    if (s->type == ZMQ_XSUB)
        zmq4_events(h);
    zmq4_empty(s, s->in_free, s->in_len);
    zmq4_poller_free(s);
    ZMQ4_RETRY(rc, zmq_close(s->socket));
    rc = rc == 0 ? 0 : zmq4_err();
    free(s->in);
    free(s->out);
    free(s);
    return rc;
}

/* zmq4_reserve makes room for size bytes at s->out. */
static inline int zmq4_reserve(uintptr_t h, size_t size)
{
    zmq4_socket *s = zmq4_s(h);
    if (size > s->out_cap) {
        unsigned char *out = realloc(s->out, size);
        if (!out)
            return -ENOMEM;
        s->out = out;
        s->out_cap = size;
    }
    return 0;
}

#endif
