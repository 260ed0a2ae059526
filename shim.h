/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The whole C side of the package: static inline functions that Go calls.
 *
 * One contract: every function returns a value >= 0, or -errno. None keeps a Go
 * pointer after it returns, none calls back into Go, and EINTR is always retried
 * here. None blocks, except zmq4_ctx_term, and zmq4_nap for a millisecond. A few
 * fences give a thread of libzmq a moment to do its part: see zmq4_pending.
 *
 * Go passes handles as uintptr_t and Go memory as pointers to pointer-free
 * types, because cgo does not spend time on checking those.
 */

#ifndef ZMQ4_SHIM_H
#define ZMQ4_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#ifndef _WIN32
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/timerfd.h>
#endif

#if ZMQ_VERSION < ZMQ_MAKE_VERSION(4, 2, 0)
#error "zmq4 needs the headers of libzmq 4.2.0 or newer"
#endif

/*
 * Constants that are newer than libzmq 4.2.0. Their values never change, so
 * that a program built with old headers can use a newer library; a library
 * that does not know one answers EINVAL.
 */
#ifndef ZMQ_ROUTING_ID
#define ZMQ_ROUTING_ID 5
#endif
#ifndef ZMQ_CONNECT_ROUTING_ID
#define ZMQ_CONNECT_ROUTING_ID 61
#endif
#ifndef ZMQ_GSSAPI_PRINCIPAL_NAMETYPE
#define ZMQ_GSSAPI_PRINCIPAL_NAMETYPE 90
#endif
#ifndef ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91
#endif
#ifndef ZMQ_BINDTODEVICE
#define ZMQ_BINDTODEVICE 92
#endif
#ifndef ZMQ_GSSAPI_NT_HOSTBASED
#define ZMQ_GSSAPI_NT_HOSTBASED 0
#define ZMQ_GSSAPI_NT_USER_NAME 1
#define ZMQ_GSSAPI_NT_KRB5_PRINCIPAL 2
#endif
#ifndef ZMQ_MSG_T_SIZE
#define ZMQ_MSG_T_SIZE 6
#endif
#ifndef ZMQ_THREAD_AFFINITY_CPU_ADD
#define ZMQ_THREAD_AFFINITY_CPU_ADD 7
#define ZMQ_THREAD_AFFINITY_CPU_REMOVE 8
#endif
#ifndef ZMQ_THREAD_NAME_PREFIX
#define ZMQ_THREAD_NAME_PREFIX 9
#endif
#ifndef ZMQ_ZERO_COPY_RECV
#define ZMQ_ZERO_COPY_RECV 10
#endif
#define ZMQ4_IPPROTO_PGM 113
#ifndef ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
#define ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL 0x0800
#endif
#ifndef ZMQ_EVENT_HANDSHAKE_SUCCEEDED
#define ZMQ_EVENT_HANDSHAKE_SUCCEEDED 0x1000
#endif
#ifndef ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
#define ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL 0x2000
#endif
#ifndef ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
#define ZMQ_EVENT_HANDSHAKE_FAILED_AUTH 0x4000
#endif
#ifndef ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED 0x10000000
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 0x10000001
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 0x10000002
#define ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 0x10000003
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 0x10000011
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 0x10000012
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 0x10000013
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 0x10000014
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 0x10000015
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 0x10000016
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 0x10000017
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA 0x10000018
#define ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 0x11000001
#define ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 0x11000002
#define ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED 0x20000000
#define ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 0x20000001
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 0x20000002
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION 0x20000003
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 0x20000004
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA 0x20000005
#endif
#ifndef ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED
#define ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED 0x30000000
#endif

/* The draft API: zmq.h has it if libzmq was built with it. */
#ifdef ZMQ_BUILD_DRAFT_API
#define ZMQ4_DRAFT 1
#else
#define ZMQ4_DRAFT 0
#endif
#ifndef ZMQ_SERVER
#define ZMQ_SERVER 12
#define ZMQ_CLIENT 13
#define ZMQ_RADIO 14
#define ZMQ_DISH 15
#endif
#ifndef ZMQ_GATHER
#define ZMQ_GATHER 16
#define ZMQ_SCATTER 17
#define ZMQ_DGRAM 18
#endif
#ifndef ZMQ_PEER
#define ZMQ_PEER 19
#define ZMQ_CHANNEL 20
#endif
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
#ifndef ZMQ_LOOPBACK_FASTPATH
#define ZMQ_LOOPBACK_FASTPATH 94
#endif
#ifndef ZMQ_METADATA
#define ZMQ_METADATA 95
#endif
#ifndef ZMQ_MULTICAST_LOOP
#define ZMQ_MULTICAST_LOOP 96
#endif
#ifndef ZMQ_ROUTER_NOTIFY
#define ZMQ_ROUTER_NOTIFY 97
#endif
#ifndef ZMQ_NOTIFY_CONNECT
#define ZMQ_NOTIFY_CONNECT 1
#define ZMQ_NOTIFY_DISCONNECT 2
#endif
#ifndef ZMQ_XPUB_MANUAL_LAST_VALUE
#define ZMQ_XPUB_MANUAL_LAST_VALUE 98
#endif
#ifndef ZMQ_SOCKS_USERNAME
#define ZMQ_SOCKS_USERNAME 99
#define ZMQ_SOCKS_PASSWORD 100
#endif
#ifndef ZMQ_IN_BATCH_SIZE
#define ZMQ_IN_BATCH_SIZE 101
#define ZMQ_OUT_BATCH_SIZE 102
#endif
#ifndef ZMQ_WSS_KEY_PEM
#define ZMQ_WSS_KEY_PEM 103
#define ZMQ_WSS_CERT_PEM 104
#define ZMQ_WSS_TRUST_PEM 105
#define ZMQ_WSS_HOSTNAME 106
#define ZMQ_WSS_TRUST_SYSTEM 107
#endif
#ifndef ZMQ_ONLY_FIRST_SUBSCRIBE
#define ZMQ_ONLY_FIRST_SUBSCRIBE 108
#endif
#ifndef ZMQ_RECONNECT_STOP
#define ZMQ_RECONNECT_STOP 109
#endif
#ifndef ZMQ_HELLO_MSG
#define ZMQ_HELLO_MSG 110
#define ZMQ_DISCONNECT_MSG 111
#endif
#ifndef ZMQ_PRIORITY
#define ZMQ_PRIORITY 112
#endif
#ifndef ZMQ_BUSY_POLL
#define ZMQ_BUSY_POLL 113
#define ZMQ_HICCUP_MSG 114
#define ZMQ_XSUB_VERBOSE_UNSUBSCRIBE 115
#define ZMQ_TOPICS_COUNT 116
#endif
#ifndef ZMQ_NORM_MODE
#define ZMQ_NORM_MODE 117
#define ZMQ_NORM_UNICAST_NACK 118
#define ZMQ_NORM_BUFFER_SIZE 119
#define ZMQ_NORM_SEGMENT_SIZE 120
#define ZMQ_NORM_BLOCK_SIZE 121
#define ZMQ_NORM_NUM_PARITY 122
#define ZMQ_NORM_NUM_AUTOPARITY 123
#define ZMQ_NORM_PUSH 124
#endif
#ifndef ZMQ_EVENT_PIPES_STATS
#define ZMQ_EVENT_PIPES_STATS 0x10000
#endif
#ifndef ZMQ_GROUP_MAX_LENGTH
#define ZMQ_GROUP_MAX_LENGTH 255
#endif

/* zmq4_err is -errno of the call that just failed; never 0. */
static inline int zmq4_err(void)
{
    int e = zmq_errno();
    return e > 0 ? -e : -EINVAL;
}

/*
 * ZMQ4_RARE is for a function that a send or a receive seldom calls: in line it would slow
 * down each. ZMQ4_HOT is for one that each calls.
 */
#define ZMQ4_RARE __attribute__((cold))
#define ZMQ4_HOT __attribute__((always_inline))

/* ZMQ4_RETRY evaluates call until it does not fail with EINTR. */
#define ZMQ4_RETRY(rc, call)                                                   \
    do {                                                                       \
        (rc) = (call);                                                         \
    } while ((rc) == -1 && zmq_errno() == EINTR)

/* --- CURVE keys: 40 characters and a NUL each --- */

static inline int zmq4_curve_keypair(unsigned char *public_key, unsigned char *secret_key)
{
    return zmq_curve_keypair((char *) public_key, (char *) secret_key) == 0 ? 0 : zmq4_err();
}

static inline int zmq4_curve_public(unsigned char *public_key, const unsigned char *secret_key)
{
    return zmq_curve_public((char *) public_key, (const char *) secret_key) == 0 ? 0 : zmq4_err();
}

/* --- contexts --- */

static inline int zmq4_ctx_new(uintptr_t *ctx)
{
    void *p = zmq_ctx_new();
    *ctx = (uintptr_t) p;
    return p ? 0 : zmq4_err();
}

static inline int zmq4_ctx_set(uintptr_t ctx, int option, int value)
{
    return zmq_ctx_set((void *) ctx, option, value) == 0 ? 0 : zmq4_err();
}

/* zmq4_ctx_get stores the value apart, for -1 is a legal value. */
static inline int zmq4_ctx_get(uintptr_t ctx, int option, int *value)
{
    errno = 0;
    *value = zmq_ctx_get((void *) ctx, option);
    return *value == -1 && errno != 0 ? zmq4_err() : 0;
}

static inline int zmq4_ctx_shutdown(uintptr_t ctx)
{
    return zmq_ctx_shutdown((void *) ctx) == 0 ? 0 : zmq4_err();
}

/* zmq4_ctx_term blocks until the last socket has been closed and has lingered. */
static inline int zmq4_ctx_term(uintptr_t ctx)
{
    int rc;
    ZMQ4_RETRY(rc, zmq_ctx_term((void *) ctx));
    return rc == 0 ? 0 : zmq4_err();
}

/* --- sockets --- */

/*
 * zmq4_part is one part of a message. data is C memory, or pinned Go memory, or
 * an offset in memory that is given apart.
 */
typedef struct {
    uintptr_t data;
    size_t size;
    int more; /* the next part is of the same message */
} zmq4_part;

/* zmq4_received is one part that was received. data is inside msg or owned by it. */
typedef struct {
    zmq_msg_t msg;
    unsigned char *data; /* NULL when it was moved to a zmq4_msg */
    size_t size;
    int more; /* the next part is of the same message */
} zmq4_received;

/* zmq4_traffic is what went in one direction. */
typedef struct {
    uint64_t messages, bytes;
} zmq4_traffic;

static inline void zmq4_count(zmq4_traffic *t, int messages, uint64_t bytes)
{
    t->messages += (uint64_t) messages;
    t->bytes += bytes;
}

/*
 * A thread-safe socket of libzmq holds a lock of its own during each call, and
 * takes the lock of its inproc peer to tell it something. Two that do so at the
 * same time wait for each other for ever. So only one such call is made at a time.
 */
#if ZMQ4_DRAFT && !defined _WIN32
typedef pthread_mutex_t zmq4_fence;
#define ZMQ4_CALL(s, rc, call)                                                 \
    do {                                                                       \
        zmq4_fence *fence_ = (s)->fence;                                       \
        if (fence_)                                                            \
            pthread_mutex_lock(fence_);                                        \
        ZMQ4_RETRY(rc, call);                                                  \
        if (fence_)                                                            \
            pthread_mutex_unlock(fence_);                                      \
    } while (0)
#else
typedef struct zmq4_fence zmq4_fence; /* never made */
#define ZMQ4_CALL(s, rc, call) ZMQ4_RETRY(rc, call)
#endif

/*
 * zmq4_socket is a libzmq socket with what goes in and out of it in one
 * crossing. Go holds its address as an integer and locks it around every use.
 * What each send or receive looks at comes first.
 */
typedef struct {
    void *socket;
    int type;
    int thread_safe;
    zmq4_fence *fence; /* of a thread-safe type that has used inproc, or NULL */
    size_t max_part;   /* the largest part that all transports can send, or 0: see zmq4_fits */
    int sndmore;       /* the part sent last asked for more */
    int parts;         /* messages of several parts have been sent */
    int dropping;      /* the message under way lost its peer: swallow its rest */
    int hasty;         /* see zmq4_tell */
    int broken;        /* it receives no more: see zmq4_torn */
    /*
     * The inbox has the messages received last, whole. Go hands out their parts:
     *
     *     0 <= in_free <= in_next <= in_len <= in_cap
     *
     * Those from in_next on are still to be received, those between in_free and
     * in_next are valid until the next zmq4_release. All in_cap slots are
     * initialized messages at all times: those outside of in_free to in_len are empty.
     * data and size are valid between in_free and in_len only.
     */
    int in_next, in_free, in_len, in_cap;
    int empty;   /* the last receive found nothing more */
    int rcvmore; /* the part handed out last has more parts behind it */
    zmq4_received *in;
    zmq4_traffic received, sent; /* what libzmq gave and took */
    /* Where Go gathers small parts to send. */
    unsigned char *out;
    size_t out_cap;
    int events;   /* ZMQ_EVENTS after the last send that gave EAGAIN */
    int rollback; /* this libzmq drops the rest of a message it rolled back */
    int linger;   /* ZMQ_LINGER as it was set, see zmq4_linger */
    int sndhwm;   /* ZMQ_SNDHWM that is not what libzmq has, see zmq4_socket_new; or -1 */
    int rcvhwm;   /* the same for ZMQ_RCVHWM, see zmq4_credentials */
    int mandatory; /* ZMQ_ROUTER_MANDATORY */
    int attached; /* it has been bound or connected */
    int immediate; /* ZMQ_IMMEDIATE as it was set, see zmq4_tell */
    int conflate; /* it was attached with ZMQ_CONFLATE, or will be */
    int in_max;   /* tests: in_cap does not grow beyond it, unless it is 0 */
    int relaxed;  /* ZMQ_REQ_RELAXED as it was set */
    int bound;    /* it has been bound */
    void *poller; /* of a thread-safe type, when its descriptor was asked for */
} zmq4_socket;

static inline zmq4_socket *zmq4_s(uintptr_t h)
{
    return (zmq4_socket *) h;
}

static inline int zmq4_get_int(uintptr_t h, int option);
static inline int zmq4_getsockopt(uintptr_t h, int option, unsigned char *value, size_t *size);
static inline int zmq4_setsockopt(uintptr_t h, int option, const unsigned char *value, size_t size);
static inline int zmq4_finish(uintptr_t h);
static inline int zmq4_recv(uintptr_t h, int max);
static inline int zmq4_finish(uintptr_t h);
static inline int zmq4_release(uintptr_t h);

#include "shim_fence.h"

/* zmq4_lingers is the linger time that libzmq was given, in milliseconds, or negative. */
static inline int zmq4_lingers(uintptr_t h)
{
    int linger = -1, rc;
    size_t size = sizeof linger;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_getsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &linger, &size));
    return rc == 0 ? linger : -1;
}

static inline int zmq4_getsockopt(uintptr_t h, int option, unsigned char *value, size_t *size)
{
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_getsockopt(zmq4_s(h)->socket, option, value, size));
    if (rc != 0)
        return zmq4_err();
    if (option == ZMQ_LINGER)
        memcpy(value, &zmq4_s(h)->linger, sizeof zmq4_s(h)->linger);
    if (option == ZMQ_IMMEDIATE)
        memcpy(value, &zmq4_s(h)->immediate, sizeof zmq4_s(h)->immediate);
    if (option == ZMQ_SNDHWM && zmq4_s(h)->sndhwm >= 0)
        memcpy(value, &zmq4_s(h)->sndhwm, sizeof zmq4_s(h)->sndhwm);
    if (option == ZMQ_RCVHWM && zmq4_s(h)->rcvhwm >= 0)
        memcpy(value, &zmq4_s(h)->rcvhwm, sizeof zmq4_s(h)->rcvhwm);
    return 0;
}

/* Fence Z055. */
static inline int zmq4_setsockopt(uintptr_t h, int option, const unsigned char *value, size_t size)
{
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_setsockopt(zmq4_s(h)->socket, option, value, size));
    if (rc != 0)
        return zmq4_err();
    if (option == ZMQ_IMMEDIATE) {
        memcpy(&zmq4_s(h)->immediate, value, sizeof zmq4_s(h)->immediate);
        zmq4_tell(zmq4_s(h), 0);
    }
    if (option == ZMQ_LINGER) {
        memcpy(&zmq4_s(h)->linger, value, sizeof zmq4_s(h)->linger);
        zmq4_linger(zmq4_s(h));
    }
    if (option == ZMQ_SNDHWM)
        zmq4_s(h)->sndhwm = -1;
    if (option == ZMQ_ROUTER_MANDATORY)
        memcpy(&zmq4_s(h)->mandatory, value, sizeof zmq4_s(h)->mandatory);
    switch (option) {
    case ZMQ_RCVHWM:
        zmq4_s(h)->rcvhwm = -1; /* fall through */
    case ZMQ_ZAP_DOMAIN:
    case ZMQ_PLAIN_SERVER:
    case ZMQ_CURVE_SERVER:
    case ZMQ_GSSAPI_SERVER:
        zmq4_credentials(zmq4_s(h));
    }
    return 0;
}

/*
 * The thread-safe types have no ZMQ_FD. A zmq_poller that holds nothing but the
 * socket has a descriptor that serves: libzmq signals it, once, when a command
 * arrives after the socket has run out of them, as it does with ZMQ_FD.
 *
 * Nothing of it is ever read where it is an eventfd, on Linux: each signal is a
 * new edge all the same. zmq_poller_wait would take back one signal a call.
 * Elsewhere it is one end of a socket pair, which must not fill up.
 */
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 2)
#define ZMQ4_POLLER_FD 1
static inline int zmq4_poller_fd(zmq4_socket *s)
{
#ifdef _WIN32
    zmq_fd_t fd;
#else
    int fd;
#endif
    if (!s->poller) {
        s->poller = zmq_poller_new();
        if (!s->poller)
            return zmq4_err();
        if (zmq_poller_add(s->poller, s->socket, NULL, ZMQ_POLLIN | ZMQ_POLLOUT) == -1) {
            int rc = zmq4_err();
            zmq_poller_destroy(&s->poller);
            return rc;
        }
    }
    return zmq_poller_fd(s->poller, &fd) == 0 ? (int) fd : zmq4_err();
}

static inline void zmq4_poller_free(zmq4_socket *s)
{
    if (s->poller)
        zmq_poller_destroy(&s->poller);
}
#else
#define ZMQ4_POLLER_FD 0
static inline int zmq4_poller_fd(zmq4_socket *s)
{
    (void) s;
    return -ENOTSUP;
}

static inline void zmq4_poller_free(zmq4_socket *s)
{
    (void) s;
}
#endif

/* zmq4_drain takes back the signals of a thread-safe socket before its commands are processed. */
static inline void zmq4_drain(zmq4_socket *s)
{
#if !defined __linux__ && !defined _WIN32
    char signals[64];
    if (s->poller)
        while (recv(zmq4_poller_fd(s), signals, sizeof signals, MSG_DONTWAIT) > 0)
            ;
#else
    (void) s;
#endif
}

/*
 * zmq4_events reads ZMQ_EVENTS, which also processes all pending commands.
 * The rest of a message that is half handed out is there to be received, too,
 * and comes before a REQ or REP may send.
 */
static inline int zmq4_events(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    int events = 0, rc;
    size_t size = sizeof events;
    if (s->broken)
        return ZMQ_POLLIN; /* for the error of a receive */
    zmq4_drain(s);
    rc = zmq4_getsockopt(h, ZMQ_EVENTS, (unsigned char *) &events, &size);
    if (rc < 0)
        return rc;
    if (s->hasty && (events & ZMQ_POLLIN))
        zmq4_take_now(s);
    if (s->in_next < s->in_len) {
        events |= ZMQ_POLLIN;
        if (s->type == ZMQ_REP || (s->type == ZMQ_REQ && !s->relaxed))
            events &= ~ZMQ_POLLOUT;
    }
    return events;
}

enum {
    ZMQ4_IN_CAP = 4,      /* slots of a new inbox */
    ZMQ4_IN_KEEP = 16384, /* an inbox with more is given back when it is empty: a megabyte */
};

/* zmq4_empty frees the content of the slots from first to before end. */
static inline ZMQ4_RARE void zmq4_empty(zmq4_socket *s, int first, int end)
{
    for (; first < end; first++) {
        zmq_msg_close(&s->in[first].msg);
        zmq_msg_init(&s->in[first].msg);
    }
}

/* zmq4_resize changes how many slots the inbox has. */
static inline ZMQ4_RARE int zmq4_resize(zmq4_socket *s, int cap)
{
    /* A zmq_msg_t may be moved as plain memory: nothing points at it. */
    zmq4_received *in = (zmq4_received *) realloc(s->in, (size_t) cap * sizeof *in);
    if (!in)
        return -ENOMEM;
    s->in = in;
    for (; s->in_cap < cap; s->in_cap++)
        zmq_msg_init(&in[s->in_cap].msg);
    s->in_cap = cap;
    for (int i = s->in_free; i < s->in_len; i++) /* libzmq has small content inside the zmq_msg_t */
        if (in[i].data)
            in[i].data = (unsigned char *) zmq_msg_data(&in[i].msg);
    return 0;
}

/* zmq4_release frees the parts that were handed out. */
static inline int zmq4_release(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    zmq4_empty(s, s->in_free, s->in_next);
    s->in_free = s->in_next;
    if (s->in_next == s->in_len) {
        s->in_free = s->in_next = s->in_len = 0;
        if (s->in_cap > ZMQ4_IN_KEEP)
            zmq4_resize(s, ZMQ4_IN_CAP);
    }
    return 0;
}

/* Fence Z072. */
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
        /* What such a socket sends are subscriptions. libzmq drops those above the high-water mark, without an error. */
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
 * zmq4_close closes the socket. An XSUB first learns of connections that have broken: told
 * later, libzmq waits for them for ever if it is to linger so long.
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

static inline int zmq4_get_int(uintptr_t h, int option)
{
    int value = -1;
    size_t size = sizeof value;
    zmq4_getsockopt(h, option, (unsigned char *) &value, &size);
    return value;
}

/* Fence Z100, Z105. */
static inline int zmq4_bind(uintptr_t h, const unsigned char *endpoint)
{
    int64_t limit;
    int none = -1, fd = -1, linger = zmq4_lingers(h), zero = 0, rc = zmq4_room(endpoint, 1);
    if (rc < 0 || (rc = zmq4_secured(h, endpoint)) < 0)
        return rc;
    if (zmq4_listens(endpoint))
        fd = zmq4_get_int(h, ZMQ_USE_FD);
    if (fd != -1 && (rc = zmq4_check_listener(fd, endpoint)) < 0)
        return rc;
    /*
     * The listener keeps the linger time that the socket has now, for connections that their
     * peers end: nothing more can be sent by those. With -1 libzmq waits for ever for one that
     * ends just when the socket is closed.
     */
    if (linger != 0)
        ZMQ4_CALL(zmq4_s(h), rc, zmq_setsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &zero, sizeof zero));
    limit = zmq4_commands(zmq4_s(h));
    ZMQ4_CALL(zmq4_s(h), rc, zmq_bind(zmq4_s(h)->socket, (const char *) endpoint));
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_anything(zmq4_s(h), limit);
    if (linger != 0) {
        int restored;
        ZMQ4_CALL(zmq4_s(h), restored, zmq_setsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &linger, sizeof linger));
        (void) restored;
    }
    if (rc < 0)
        return rc;
    zmq4_s(h)->attached = zmq4_s(h)->bound = 1;
    zmq4_linger(zmq4_s(h));
    zmq4_settle(zmq4_s(h), endpoint);
    if (fd != -1) /* it belongs to libzmq now; to use it twice would abort */
        zmq4_setsockopt(h, ZMQ_USE_FD, (const unsigned char *) &none, sizeof none);
    return 0;
}

/*
 * Fence Z010, Z012, Z013.
 * zmq4_part_from takes part in the end of the connections of an endpoint that the socket has just
 * left: each waits for the socket to process a command. Until then libzmq aborts if one breaks
 * while a message of several parts is half sent, and if a peer of an old version says who it
 * is. When they have ended the endpoint tells so, if there are any; but a connection
 * with messages that are still to be received waits for that.
 */
static inline void zmq4_part_from(uintptr_t h, const unsigned char *endpoint, int parts)
{
    int type = zmq4_s(h)->type, old = type == ZMQ_ROUTER || type == ZMQ_REP || type == ZMQ_PUB || type == ZMQ_XPUB;
    if ((parts || old) && zmq4_listens(endpoint))
        for (int i = 0; i < 100 && zmq4_pending(h, i == 0 ? 500 : parts ? 5 : 1) > 0; i++)
            zmq4_events(h);
}

static inline int zmq4_unbind(uintptr_t h, const unsigned char *endpoint)
{
    zmq4_socket *s = zmq4_s(h);
    int rc = zmq4_room(endpoint, 1);
    if (rc < 0)
        return rc;
    ZMQ4_CALL(s, rc, zmq_unbind(s->socket, (const char *) endpoint));
    if (rc != 0)
        return zmq4_err();
    zmq4_part_from(h, endpoint, s->parts);
    return 0;
}

/*
 * Fence Z068, Z082.
 * zmq4_connect connects the socket, which then knows that it has the connection: if it is closed
 * before, it does not linger for what was sent by it. Again says that libzmq will have nothing
 * to do, and so no command will come.
 */
static inline int zmq4_connect(uintptr_t h, const unsigned char *endpoint, int again)
{
    int64_t limit;
    int rc = zmq4_room(endpoint, 0);
    if (rc < 0 || (rc = zmq4_secured(h, endpoint)) < 0)
        return rc;
    if (zmq4_has_prefix(endpoint, "ws") && zmq4_get_int(h, ZMQ_MECHANISM) == ZMQ_GSSAPI)
        return -EINVAL; /* libzmq would abort when the peer accepts the connection */
    zmq4_tell(zmq4_s(h), 1);
    limit = zmq4_commands(zmq4_s(h));
    ZMQ4_CALL(zmq4_s(h), rc, zmq_connect(zmq4_s(h)->socket, (const char *) endpoint));
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_anything(zmq4_s(h), limit);
    zmq4_tell(zmq4_s(h), 0);
    if (rc < 0)
        return rc;
    zmq4_s(h)->attached = 1;
    if (zmq4_get_int(h, ZMQ_RECONNECT_IVL) <= 0 || zmq4_get_int(h, ZMQ_RECONNECT_STOP) > 0)
        zmq4_s(h)->hasty |= ZMQ4_FLEETING;
    if (!again)
        zmq4_settle(zmq4_s(h), endpoint);
    zmq4_events(h);
    return 0;
}

static inline int zmq4_disconnect(uintptr_t h, const unsigned char *endpoint)
{
    int rc = zmq4_room(endpoint, 1);
    if (rc < 0)
        return rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_disconnect(zmq4_s(h)->socket, (const char *) endpoint));
    if (rc != 0)
        return zmq4_err();
    zmq4_part_from(h, endpoint, 0);
    return 0;
}

/* zmq4_monitor starts a monitor on endpoint, or stops it if endpoint is NULL. */
static inline int zmq4_monitor(uintptr_t h, const unsigned char *endpoint, int events)
{
    int rc;
    ZMQ4_RETRY(rc, zmq_socket_monitor(zmq4_s(h)->socket, (const char *) endpoint, events));
    return rc == -1 ? zmq4_err() : 0;
}

/* zmq4_signal_fd is the descriptor by which libzmq signals the socket. */
static inline int zmq4_signal_fd(uintptr_t h)
{
    int fd = -1;
    size_t size = sizeof fd;
    int rc;
    if (zmq4_s(h)->thread_safe)
        return zmq4_poller_fd(zmq4_s(h));
    rc = zmq4_getsockopt(h, ZMQ_FD, (unsigned char *) &fd, &size);
    return rc < 0 ? rc : fd;
}

static inline int zmq4_dup(int fd)
{
#ifdef _WIN32
    (void) fd;
    return -ENOTSUP;
#else
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
#endif
}

/* zmq4_fd duplicates that descriptor, for Go to wait on and to close. */
static inline int zmq4_fd(uintptr_t h)
{
#ifdef _WIN32
    (void) h; /* the parker does not need it */
    return 0;
#else
    int fd = zmq4_signal_fd(h);
    if (fd < 0)
        return fd;
    return zmq4_dup(fd);
#endif
}

/* zmq4_alarm ends one nap at a time. fd can be read once it rings. */
typedef struct {
    int fd;
    int ring; /* the other end, where it is a pipe */
} zmq4_alarm;

/*
 * On Linux an alarm is a timer, which can be put off before it rings. Elsewhere it is a pipe,
 * and each nap has a timeout, which costs a tenth of a round trip.
 */
#ifdef __linux__
#define ZMQ4_NAP_MS -1
#else
#define ZMQ4_NAP_MS 1
#endif

static inline int zmq4_alarm_new(zmq4_alarm *a)
{
#ifdef _WIN32
    (void) a;
    return -ENOTSUP;
#elif defined __linux__
    a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return a->fd < 0 ? -errno : 0;
#else
    int ends[2];
    if (pipe(ends) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    a->fd = ends[0];
    a->ring = ends[1];
    return 0;
#endif
}

/* zmq4_alarm_set makes the alarm ring in ns nanoseconds, and not before. 0 is now. */
static inline int zmq4_alarm_set(const zmq4_alarm *a, int64_t ns)
{
#ifdef _WIN32
    (void) a, (void) ns;
#elif defined __linux__
    struct itimerspec at = {{0, 0}, {(time_t) (ns / 1000000000), (long) (ns % 1000000000)}};
    if (ns <= 0)
        at.it_value.tv_nsec = 1; /* 0 would stop the timer */
    timerfd_settime(a->fd, 0, &at, NULL);
#else
    char byte = 0;
    while (read(a->fd, &byte, 1) == 1)
        ;
    if (ns <= 0 && write(a->ring, &byte, 1) < 0)
        return -errno;
#endif
    return 0;
}

/*
 * zmq4_nap waits until fd can be read or the alarm rings, ZMQ4_NAP_MS are over or a signal comes.
 * It says whether fd can be read.
 */
static inline int zmq4_nap(int fd, int alarm)
{
#ifdef _WIN32
    (void) fd, (void) alarm;
    return 0;
#else
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {alarm, POLLIN, 0}};
    return poll(fds, 2, ZMQ4_NAP_MS) > 0 && fds[0].revents;
#endif
}

/* zmq4_more_room doubles the number of parts that a message may have. */
static inline int zmq4_more_room(zmq4_socket *s)
{
    if (s->in_cap > INT_MAX / 2 || (s->in_max && s->in_cap >= s->in_max))
        return -ENOMEM;
    return zmq4_resize(s, 2 * s->in_cap);
}

/*
 * zmq4_fd_events says which events are there on a file descriptor of the
 * program's. One that is not open has ZMQ_POLLERR.
 */
static inline int zmq4_fd_events(uintptr_t fd, int events)
{
    zmq_pollitem_t item;
    int rc;
    memset(&item, 0, sizeof item);
#ifdef _WIN32
    item.fd = fd;
#else
    if (fd > INT_MAX)
        return ZMQ_POLLERR;
    item.fd = (int) fd;
#endif
    item.events = (short) events;
    ZMQ4_RETRY(rc, zmq_poll(&item, 1, 0));
    return rc == -1 ? ZMQ_POLLERR : item.revents;
}

/*
 * Fence Z016.
 * zmq4_torn is called with a part that more are to follow, and says whether they will not:
 * a conflating socket keeps but one part of what a peer sends. libzmq aborts when such
 * a socket receives the next part, so it receives nothing any more.
 */
static inline int zmq4_torn(zmq4_socket *s)
{
    if (s->conflate && (s->type == ZMQ_PULL || s->type == ZMQ_SUB || s->type == ZMQ_DEALER))
        s->broken = 1;
    return s->broken;
}

/*
 * zmq4_recv_part receives one more part into s->in and returns whether more
 * follow. libzmq empties the zmq_msg_t that it is given first.
 */
static inline ZMQ4_HOT int zmq4_recv_part(zmq4_socket *s)
{
    zmq4_received *part;
    int rc;
    if (s->broken)
        return -ENOTSUP;
    if (s->in_len == s->in_cap && zmq4_more_room(s) < 0)
        return -ENOMEM;
    part = &s->in[s->in_len];
    ZMQ4_CALL(s, rc, zmq_msg_recv(&part->msg, s->socket, ZMQ_DONTWAIT));
    if (rc == -1)
        return zmq4_err();
    part->data = (unsigned char *) zmq_msg_data(&part->msg);
    part->size = rc < INT_MAX ? (size_t) rc : zmq_msg_size(&part->msg);
    part->more = zmq_msg_more(&part->msg);
    s->in_len++;
    if (part->more && zmq4_torn(s))
        return -ENOTSUP;
    return part->more;
}

static inline uint64_t zmq4_in_bytes(const zmq4_socket *s, int from)
{
    uint64_t bytes = 0;
    while (from < s->in_len)
        bytes += s->in[from++].size;
    return bytes;
}

/*
 * zmq4_skip drops the rest of a message for whose parts there is no room, or else it
 * would be taken for a message.
 */
static inline ZMQ4_RARE void zmq4_skip(zmq4_socket *s)
{
    int rc;
    zmq_msg_t rest;
    zmq_msg_init(&rest);
    do
        ZMQ4_CALL(s, rc, zmq_msg_recv(&rest, s->socket, ZMQ_DONTWAIT));
    while (rc != -1 && zmq_msg_more(&rest));
    zmq_msg_close(&rest);
}

/*
 * Fence Z052.
 * zmq4_recv_whole receives one more message into s->in, or none.
 *
 * libzmq has messages whole, so that EAGAIN can come only before the first
 * part. To take only one part would be to leave libzmq in the middle of a
 * message, where it aborts the process if the connection is ended before the
 * next part is taken.
 */
static inline ZMQ4_HOT int zmq4_recv_whole(zmq4_socket *s)
{
    int more, first = s->in_len;
    do {
        more = zmq4_recv_part(s);
    } while (more > 0);
    s->empty = more == -EAGAIN;
    if (more == 0) {
        zmq4_count(&s->received, 1, zmq4_in_bytes(s, first));
        return 0;
    }
    zmq4_drain(s);
    if (more == -ENOMEM && s->in_len > first)
        zmq4_skip(s);
    zmq4_empty(s, first, s->in_len);
    s->in_len = first;
    return more;
}

/*
 * zmq4_recv receives up to max whole messages, of which nothing may be left to
 * hand out, and returns how many parts they have. It gives an error only if it
 * has received nothing.
 */
static inline int zmq4_recv(uintptr_t h, int max)
{
    zmq4_socket *s = zmq4_s(h);
    if (s->in_len > 1)
        zmq4_release(h);
    s->in_free = s->in_next = s->in_len = 0; /* in[0] is emptied by what comes into it */
    while (max-- > 0) {
        int rc;
        if (s->hasty)
            zmq4_look(s);
        rc = zmq4_recv_whole(s);
        if (rc < 0)
            return s->in_len > 0 ? s->in_len : rc;
    }
    return s->in_len;
}

/*
 * zmq4_finish takes the message of which ZMQ_EVENTS may have read the first part, for
 * the connection that has the rest is about to be ended: see zmq4_recv_whole.
 */
static inline int zmq4_finish(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    if (s->in_next == s->in_len) {
        zmq4_empty(s, 0, s->in_len);
        s->in_free = s->in_next = s->in_len = 0;
    }
    return zmq4_recv_whole(s);
}

/* zmq4_drop drops parts that were received and not handed out, from first to last. */
static inline int zmq4_drop(uintptr_t h, int first, int last)
{
    zmq4_socket *s = zmq4_s(h);
    zmq4_empty(s, first, last + 1);
    while (++last < s->in_len) {
        zmq4_received *to = &s->in[first++];
        zmq_msg_move(&to->msg, &s->in[last].msg);
        to->data = (unsigned char *) zmq_msg_data(&to->msg);
        to->size = s->in[last].size;
        to->more = s->in[last].more;
    }
    s->in_len = first;
    return 0;
}

/*
 * Fence Z048.
 * zmq4_gets finds a metadata property of the message whose part was handed out
 * last. All its parts have the same, but that ROUTER's first part has none if
 * ZMQ_EVENTS was read before.
 */
static inline int zmq4_gets(uintptr_t h, const unsigned char *name, const char **value)
{
    zmq4_socket *s = zmq4_s(h);
    *value = NULL;
    int i = s->in_next - 1;
    while (i > s->in_free && s->in[i - 1].more)
        i--;
    do
        *value = zmq_msg_gets(&s->in[i].msg, (const char *) name);
    while (!*value && s->in[i++].more);
    return *value ? 0 : -ENOENT;
}

/*
 * Fence Z103.
 * zmq4_groups reports whether libzmq can send a message to several peers: it counts
 * the peers that have its content, but not those that have its group, if that
 * is too long to lie inside the message. The first to free it frees it for all.
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

/* zmq4_send_try sends one part: msg, which is empty then, or a copy of data. */
static inline int zmq4_send_try(zmq4_socket *s, zmq_msg_t *msg, const void *data, size_t size, int flags)
{
    int rc;
    if (msg && !zmq4_groups(s, msg))
        return -EINVAL;
    if ((flags & ZMQ_SNDMORE) && !s->parts) {
        s->parts = 1;
        zmq4_linger(s);
    }
    flags |= ZMQ_DONTWAIT;
    ZMQ4_CALL(s, rc, msg ? zmq_msg_send(msg, s->socket, flags) : zmq_send(s->socket, data, size, flags));
    return rc == -1 ? zmq4_err() : 0;
}

/*
 * Fence Z015.
 * zmq4_peer_exists says whether a ROUTER has a peer with a routing id: libzmq aborts if a
 * connection that it makes is to get the same. One that is gone counts until its messages
 * have been received, which is done here. One that is there gets an empty message, for libzmq
 * tells only by sending.
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

/*
 * zmq4_send_first sends the first part of a message. zmq_send with DONTWAIT
 * does not always look at its commands before it gives EAGAIN; reading
 * ZMQ_EVENTS does, and also arms ZMQ_FD.
 */
static inline int zmq4_send_first(zmq4_socket *s, zmq_msg_t *msg, const void *data, size_t size, int flags)
{
    int rc = zmq4_send_try(s, msg, data, size, flags);
    if (rc != -EAGAIN)
        return rc;
    if (s->broken)
        return -ENOTSUP; /* nobody would see when there is room */
    s->events = zmq4_events((uintptr_t) s);
    if (s->events < 0)
        return s->events;
    if (s->events & ZMQ_POLLOUT)
        rc = zmq4_send_try(s, msg, data, size, flags);
    return rc;
}

/*
 * Fence Z073.
 * zmq4_lost is called when a part behind the first one gave EAGAIN: the peer
 * went away in the middle of the message and libzmq has rolled it back. It
 * ends the message inside libzmq, which waits for the last part to drop.
 */
static inline void zmq4_lost(zmq4_socket *s, int more)
{
    if (more && s->rollback && (s->type == ZMQ_PUSH || s->type == ZMQ_DEALER || s->type == ZMQ_REQ))
        zmq4_send_try(s, NULL, "", 0, 0);
}

/*
 * Fence Z090.
 * zmq4_dgram_part sends one of the two parts of a DGRAM message. Without an
 * endpoint libzmq closes the message and sets no errno, after which zmq_send
 * aborts: so it gets a copy, and only if there is room for it.
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
 * zmq4_send_part sends one part. If the message that it continues has lost its
 * peer, the rest of it is dropped, as zmq_send does when it may block.
 */
static inline int zmq4_send_part(zmq4_socket *s, zmq_msg_t *msg, const void *data, size_t size, int flags)
{
    int rc = 0, more = flags & ZMQ_SNDMORE, dropped = s->dropping;
    if (msg) {
        data = zmq_msg_data(msg);
        size = zmq_msg_size(msg);
    }
    if (!zmq4_fits(s, data, size))
        return -EMSGSIZE;
    if (s->type == ZMQ_DGRAM)
        return zmq4_dgram_part(s, msg, data, size, flags);
    if (!dropped && !s->sndmore) {
        rc = zmq4_send_first(s, msg, data, size, more);
    } else if (!dropped) {
        rc = zmq4_send_try(s, msg, data, size, more);
        if (rc == -EAGAIN) {
            zmq4_lost(s, more);
            dropped = 1;
            rc = 0;
        }
    }
    if (dropped) {
        s->dropping = more;
        if (msg) {
            zmq_msg_close(msg);
            zmq_msg_init(msg);
        }
    } else if (rc == 0) {
        zmq4_count(&s->sent, !more, size);
    }
    if (rc == 0)
        s->sndmore = more;
    return rc;
}

static inline int zmq4_send(uintptr_t h, const unsigned char *data, size_t size, int flags)
{
    return zmq4_send_part(zmq4_s(h), NULL, data, size, flags);
}

/*
 * zmq4_send_parts sends one whole message, or the rest of one that zmq4_send
 * began. The data of the parts is at an offset from base, which may be NULL.
 * A message that loses its peer half-way is sent again from its first part, to
 * another peer; only REQ, which has then forgotten its state, cannot.
 */
static inline int zmq4_send_parts(uintptr_t h, const unsigned char *base, const zmq4_part *parts, int n)
{
    zmq4_socket *s = zmq4_s(h);
    int whole = !s->sndmore;
    uint64_t bytes;
    for (int i = 0; s->max_part && i < n; i++) {
        if (!zmq4_fits(s, (const void *) ((uintptr_t) base + parts[i].data), parts[i].size))
            return -EMSGSIZE;
    }
    if (s->type == ZMQ_DGRAM && n != 1 + whole)
        return -EINVAL; /* it would take the first two parts before it refuses the third */
again:
    bytes = 0;
    for (int i = 0; i < n; i++) {
        int rc, more = i < n - 1 ? ZMQ_SNDMORE : 0;
        const void *data = (const void *) ((uintptr_t) base + parts[i].data);
        if (!whole || s->type == ZMQ_DGRAM) {
            rc = zmq4_send_part(s, NULL, data, parts[i].size, more);
        } else if (i == 0) {
            rc = zmq4_send_first(s, NULL, data, parts[i].size, more);
        } else {
            rc = zmq4_send_try(s, NULL, data, parts[i].size, more);
            if (rc == -EAGAIN) {
                zmq4_lost(s, more);
                if (s->type == ZMQ_REQ)
                    return -EHOSTUNREACH;
                goto again;
            }
        }
        if (rc < 0)
            return rc;
        bytes += parts[i].size;
    }
    if (whole) /* else zmq4_send_part has */
        zmq4_count(&s->sent, 1, bytes);
    return 0;
}

/* --- batches: many messages in one crossing --- */

/*
 * zmq4_send_batch sends whole messages and returns how many of the n parts
 * they had. It gives an error only if it has sent nothing.
 */
static inline int zmq4_send_batch(uintptr_t h, const unsigned char *base, const zmq4_part *parts, int n)
{
    int sent = 0;
    while (sent < n) {
        int rc, len = 1;
        while (parts[sent + len - 1].more)
            len++;
        rc = zmq4_send_parts(h, base, parts + sent, len);
        if (rc < 0)
            return sent > 0 ? sent : rc;
        sent += len;
    }
    return sent;
}

/*
 * zmq4_recv_batch receives up to max whole messages, copies their parts to
 * data, the first at offset *used, and describes them from parts[0] on. It
 * returns how many messages. A message that has no room in data or in the
 * n_parts parts stays in s->in, to be handed out.
 */
static inline int zmq4_recv_batch(uintptr_t h, int max, unsigned char *data, size_t size, size_t *used,
                                  zmq4_part *parts, int n_parts, int *used_parts)
{
    zmq4_socket *s = zmq4_s(h);
    int count = 0, at = 0;
    while (count < max) {
        size_t total = 0;
        int n = zmq4_recv(h, 1);
        if (n < 0)
            break; /* an error is there the next time, too */
        for (int i = 0; i < n; i++)
            total += s->in[i].size;
        if (total > size - *used || n > n_parts - at)
            break;
        for (int i = 0; i < n; i++) {
            zmq4_part *p = &parts[at++];
            p->data = *used;
            p->size = s->in[i].size;
            p->more = i < n - 1;
            memcpy(data + *used, s->in[i].data, p->size);
            *used += p->size;
        }
        s->in_next = n;
        count++;
    }
    s->rcvmore = 0;
    *used_parts = at;
    return count;
}

/* --- message parts that Go owns --- */

typedef struct {
    zmq_msg_t msg;
    unsigned char *data;
    size_t size;
    int more;
    int grouped; /* it was given a group, or received */
} zmq4_msg;

static inline void zmq4_msg_view(zmq4_msg *m)
{
    m->data = (unsigned char *) zmq_msg_data(&m->msg);
    m->size = zmq_msg_size(&m->msg);
}

/* zmq4_msg_new makes a zmq4_msg that is empty, and stays so until zmq4_msg_alloc. */
static inline int zmq4_msg_new(zmq4_msg **out)
{
    zmq4_msg *m = (zmq4_msg *) calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    zmq_msg_init(&m->msg);
    *out = m;
    return 0;
}

static inline int zmq4_msg_alloc(zmq4_msg *m, size_t size)
{
    if (zmq_msg_init_size(&m->msg, size) == -1) {
        int rc = zmq4_err();
        zmq_msg_init(&m->msg);
        return rc;
    }
    zmq4_msg_view(m);
    m->more = m->grouped = 0;
    return 0;
}

/*
 * Go memory that is the content of messages: a lease. When libzmq has no more
 * use for it, in whatever thread, the lease goes to the list of those to give back.
 */
typedef struct zmq4_lease {
    struct zmq4_lease *next;
    struct zmq4_leases *home;
    uintptr_t handle;
} zmq4_lease;

typedef struct zmq4_leases {
    zmq4_lease *ended; /* atomic */
    zmq4_lease *taken; /* from ended, by zmq4_leases_ended */
    int wake;          /* written to when ended was empty */
} zmq4_leases;

static inline int zmq4_leases_new(int wake, zmq4_leases **out)
{
    zmq4_leases *home = (zmq4_leases *) calloc(1, sizeof *home);
    if (!home)
        return -ENOMEM;
    home->wake = wake;
    *out = home;
    return 0;
}

static inline void zmq4_lease_end(void *data, void *hint)
{
    zmq4_lease *first, *lease = (zmq4_lease *) hint;
    zmq4_leases *home = lease->home;
    int saved = errno; /* libzmq does not expect it to change */
    (void) data;
    first = __atomic_load_n(&home->ended, __ATOMIC_RELAXED);
    do
        lease->next = first;
    while (!__atomic_compare_exchange_n(&home->ended, &first, lease, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
#ifndef _WIN32
    /* lease may be gone by now. A pipe that is full wakes the reader, too. */
    while (!first && write(home->wake, "", 1) == -1 && errno == EINTR)
        ;
#endif
    errno = saved;
}

/* zmq4_leases_ended takes up to max leases that have ended, and returns how many. */
static inline int zmq4_leases_ended(zmq4_leases *home, uintptr_t *handles, int max)
{
    int n = 0;
    if (!home->taken)
        home->taken = __atomic_exchange_n(&home->ended, NULL, __ATOMIC_ACQUIRE);
    while (n < max && home->taken) {
        zmq4_lease *lease = home->taken;
        home->taken = lease->next;
        handles[n++] = lease->handle;
        free(lease);
    }
    return n;
}

/* zmq4_msg_lend makes pinned Go memory the content of m, which is empty. */
static inline int zmq4_msg_lend(zmq4_msg *m, unsigned char *data, size_t size, zmq4_leases *home, uintptr_t handle)
{
    zmq4_lease *lease = (zmq4_lease *) malloc(sizeof *lease);
    if (!lease)
        return -ENOMEM;
    lease->home = home;
    lease->handle = handle;
    if (zmq_msg_init_data(&m->msg, data, size, zmq4_lease_end, lease) == -1) {
        int rc = zmq4_err();
        free(lease);
        zmq_msg_init(&m->msg);
        return rc;
    }
    zmq4_msg_view(m);
    m->more = m->grouped = 0;
    return 0;
}

/* zmq4_msg_clear frees the content. */
static inline int zmq4_msg_clear(zmq4_msg *m)
{
    zmq_msg_close(&m->msg);
    zmq_msg_init(&m->msg);
    return 0;
}

static inline int zmq4_msg_free(zmq4_msg *m)
{
    zmq_msg_close(&m->msg);
    free(m);
    return 0;
}

static inline int zmq4_msg_gets(zmq4_msg *m, const unsigned char *name, const char **value)
{
    *value = zmq_msg_gets(&m->msg, (const char *) name);
    return *value ? 0 : -ENOENT;
}

/* zmq4_msg_send gives the content of m to libzmq: m is empty then. */
static inline int zmq4_msg_send(uintptr_t h, zmq4_msg *m, int flags)
{
    return zmq4_send_part(zmq4_s(h), &m->msg, NULL, 0, flags);
}

/* zmq4_msg_take moves a part that was received into m, and frees what m had. */
static inline int zmq4_msg_take(uintptr_t h, int part, zmq4_msg *m)
{
    zmq4_received *from = &zmq4_s(h)->in[part];
    zmq_msg_move(&m->msg, &from->msg);
    zmq4_msg_view(m);
    m->more = from->more;
    m->grouped = 1;
    from->data = NULL;
    return 0;
}

/* zmq4_recv_msg is zmq4_recv and zmq4_msg_take of the first part. */
static inline int zmq4_recv_msg(uintptr_t h, int max, zmq4_msg *m)
{
    int rc = zmq4_recv(h, max);
    if (rc > 0)
        zmq4_msg_take(h, 0, m);
    return rc;
}

/* --- the draft API --- */

/*
 * Fence Z087.
 * Message properties that a part is sent with. A group is given when n >= 0,
 * and has a NUL behind it.
 */
static inline int zmq4_msg_mark(zmq4_msg *m, unsigned int routing_id, const unsigned char *group, int n)
{
#if ZMQ4_DRAFT
    if (routing_id != 0 && zmq_msg_set_routing_id(&m->msg, routing_id) == -1)
        return zmq4_err();
    if (n > ZMQ_GROUP_MAX_LENGTH) /* it would be cut */
        return -EINVAL;
    if (n >= 0 && m->grouped) {
        /* A long group would be lost, not freed: only closing the message does that. */
        zmq_msg_t msg;
        if (zmq_msg_init_size(&msg, m->size) == -1)
            return zmq4_err();
        memcpy(zmq_msg_data(&msg), m->data, m->size);
        if (zmq_msg_routing_id(&m->msg) != 0)
            zmq_msg_set_routing_id(&msg, zmq_msg_routing_id(&m->msg));
        zmq_msg_close(&m->msg);
        zmq_msg_init(&m->msg);
        zmq_msg_move(&m->msg, &msg);
        zmq4_msg_view(m);
    }
    if (n >= 0) {
        if (zmq_msg_set_group(&m->msg, (const char *) group) == -1)
            return zmq4_err();
        m->grouped = 1;
    }
    return 0;
#else
    (void) m, (void) routing_id, (void) group, (void) n;
    return -ENOTSUP;
#endif
}

static inline unsigned int zmq4_msg_routing_id(zmq4_msg *m)
{
#if ZMQ4_DRAFT
    return zmq_msg_routing_id(&m->msg);
#else
    (void) m;
    return 0;
#endif
}

static inline const char *zmq4_msg_group(zmq4_msg *m)
{
#if ZMQ4_DRAFT
    return zmq_msg_group(&m->msg);
#else
    (void) m;
    return "";
#endif
}

/* The same of a part that was received. */
static inline unsigned int zmq4_part_routing_id(zmq4_received *part)
{
#if ZMQ4_DRAFT
    return zmq_msg_routing_id(&part->msg);
#else
    (void) part;
    return 0;
#endif
}

static inline const char *zmq4_part_group(zmq4_received *part)
{
#if ZMQ4_DRAFT
    return zmq_msg_group(&part->msg);
#else
    (void) part;
    return "";
#endif
}

/* zmq4_membership makes a DISH join a group, or leave it. */
static inline int zmq4_membership(uintptr_t h, const unsigned char *group, int join)
{
#if ZMQ4_DRAFT
    void *socket = zmq4_s(h)->socket;
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, join ? zmq_join(socket, (const char *) group) : zmq_leave(socket, (const char *) group));
    return rc == 0 ? 0 : zmq4_err();
#else
    (void) h, (void) group, (void) join;
    return -ENOTSUP;
#endif
}

/*
 * Fence Z086.
 * zmq4_fence_new makes what all sockets of a process share that use a fence.
 */
static inline zmq4_fence *zmq4_fence_new(void)
{
#if ZMQ4_DRAFT && !defined _WIN32
    zmq4_fence *fence = (zmq4_fence *) malloc(sizeof *fence);
    if (fence)
        pthread_mutex_init(fence, NULL);
    return fence;
#else
    return NULL;
#endif
}

static inline int zmq4_connect_peer(uintptr_t h, const unsigned char *endpoint, unsigned int *routing_id)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 3)
    int rc = zmq4_secured(h, endpoint);
    if (rc < 0)
        return rc;
    zmq4_tell(zmq4_s(h), 1);
    ZMQ4_CALL(zmq4_s(h), rc, (*routing_id = zmq_connect_peer(zmq4_s(h)->socket, (const char *) endpoint)) != 0 ? 0 : -1);
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_tell(zmq4_s(h), 0);
    if (rc == 0)
        zmq4_events(h); /* see zmq4_connect */
    return rc;
#else
    (void) h, (void) endpoint, (void) routing_id;
    return -ENOTSUP;
#endif
}

static inline int zmq4_disconnect_peer(uintptr_t h, unsigned int routing_id)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 6)
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_disconnect_peer(zmq4_s(h)->socket, routing_id));
    return rc == 0 ? 0 : zmq4_err();
#else
    (void) h, (void) routing_id;
    return -ENOTSUP;
#endif
}

static inline int zmq4_peer_state(uintptr_t h, const unsigned char *id, size_t size)
{
#if ZMQ4_DRAFT
    int rc = zmq4_events(h); /* peers come and go by commands */
    if (rc < 0)
        return rc;
    rc = zmq_socket_get_peer_state(zmq4_s(h)->socket, id, size);
    return rc < 0 ? zmq4_err() : rc;
#else
    (void) h, (void) id, (void) size;
    return -ENOTSUP;
#endif
}

/* zmq4_monitor_v2 is zmq4_monitor for events of version 2. */
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

static inline int zmq4_ctx_set_ext(uintptr_t ctx, int option, const unsigned char *value, size_t size)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 3)
    return zmq_ctx_set_ext((void *) ctx, option, value, size) == 0 ? 0 : zmq4_err();
#else
    (void) ctx, (void) option, (void) value, (void) size;
    return -ENOTSUP;
#endif
}

static inline int zmq4_ctx_get_ext(uintptr_t ctx, int option, unsigned char *value, size_t size)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 3)
    return zmq_ctx_get_ext((void *) ctx, option, value, &size) == 0 ? 0 : zmq4_err();
#else
    (void) ctx, (void) option, (void) value, (void) size;
    return -ENOTSUP;
#endif
}

/* --- proxy --- */

/* zmq4_flow is one direction of a proxy, with at most one message in hand. */
typedef struct {
    zmq_msg_t *parts;
    int len, cap;
    int captured;     /* the message in hand has been given to the capture socket */
    int blocked;      /* why pump returned, ZMQ4_BLOCKED_* */
    uint64_t count;   /* messages moved */
    uint64_t bytes;
} zmq4_flow;

enum { ZMQ4_BLOCKED_NOT, ZMQ4_BLOCKED_FROM, ZMQ4_BLOCKED_TO, ZMQ4_BLOCKED_CAPTURE };

/* zmq4_flow_empty frees the message in hand, and much memory for its parts. */
static inline void zmq4_flow_empty(zmq4_flow *f)
{
    zmq_msg_t *parts;
    while (f->len > 0)
        zmq_msg_close(&f->parts[--f->len]);
    if (f->cap > ZMQ4_IN_KEEP && (parts = (zmq_msg_t *) realloc(f->parts, ZMQ4_IN_CAP * sizeof *parts))) {
        f->parts = parts;
        f->cap = ZMQ4_IN_CAP;
    }
}

static inline void zmq4_flow_free(zmq4_flow *f)
{
    zmq4_flow_empty(f);
    free(f->parts);
    free(f);
}

static inline zmq4_flow *zmq4_flow_new(void)
{
    zmq4_flow *f = calloc(1, sizeof *f);
    if (f) {
        f->cap = ZMQ4_IN_CAP;
        f->parts = malloc((size_t) f->cap * sizeof *f->parts);
        if (!f->parts) {
            free(f);
            f = NULL;
        }
    }
    return f;
}

/*
 * zmq4_flow_recv takes one whole message in hand, or what is left of one that
 * somebody has begun to receive.
 */
static inline int zmq4_flow_recv(zmq4_flow *f, zmq4_socket *from)
{
    int rc = 0, more;
    if (from->hasty && !from->broken && from->in_next == from->in_len)
        zmq4_look(from);
    do {
        if (f->len == f->cap) {
            zmq_msg_t *parts = (zmq_msg_t *) realloc(f->parts, 2 * (size_t) f->cap * sizeof *parts);
            if (!parts) {
                if (from->in_next == from->in_len)
                    zmq4_skip(from);
                return -ENOMEM;
            }
            f->parts = parts;
            f->cap *= 2;
        }
        zmq_msg_t *msg = &f->parts[f->len];
        zmq_msg_init(msg);
        if (from->in_next < from->in_len) {
            zmq_msg_move(msg, &from->in[from->in_next].msg);
            more = from->in[from->in_next++].more;
        } else {
            if (from->broken) {
                rc = -ENOTSUP;
            } else {
                ZMQ4_CALL(from, rc, zmq_msg_recv(msg, from->socket, ZMQ_DONTWAIT));
                if (rc == -1)
                    rc = zmq4_err();
            }
            if (rc < 0) {
                zmq_msg_close(msg);
                return rc;
            }
            more = zmq_msg_more(msg);
            if (more && zmq4_torn(from)) {
                zmq_msg_close(msg);
                return -ENOTSUP;
            }
            zmq4_count(&from->received, !more, zmq_msg_size(msg));
        }
        f->len++;
    } while (more);
    from->rcvmore = 0;
    return 0;
}

/*
 * zmq4_flow_send sends the message in hand, or a copy of it. EAGAIN can come
 * only before the first part; a peer that is lost half-way takes the message
 * with it. A filter that is too long is dropped.
 */
static inline int zmq4_flow_send(zmq4_flow *f, zmq4_socket *to, int copy)
{
    if (to->thread_safe ? f->len > 1 : to->type == ZMQ_DGRAM && f->len != 2)
        return -EINVAL;
    if (to->conflate && f->len > 1)
        return -ENOTSUP;
    for (int i = 0; to->max_part && i < f->len; i++) {
        if (!zmq4_fits(to, zmq_msg_data(&f->parts[i]), zmq_msg_size(&f->parts[i])))
            return to->type == ZMQ_XSUB ? 0 : -EMSGSIZE; /* a subscriber must not be able to stop the proxy */
    }
    for (int i = 0; i < f->len; i++) {
        int rc, more = i < f->len - 1 ? ZMQ_SNDMORE : 0;
        zmq_msg_t dup, *msg = &f->parts[i];
        if (copy) {
            zmq_msg_init(&dup);
            if (zmq_msg_copy(&dup, msg) == -1)
                return zmq4_err();
            msg = &dup;
        }
        rc = i == 0 ? zmq4_send_first(to, msg, NULL, 0, more) : zmq4_send_try(to, msg, NULL, 0, more);
        if (rc < 0 && copy)
            zmq_msg_close(&dup);
        if (rc == -EAGAIN && i > 0) {
            zmq4_lost(to, more);
            return 0;
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

/*
 * zmq4_pump moves up to max whole messages and returns how many. blocked then
 * says what it would have had to wait for, if anything.
 */
static inline int zmq4_pump(zmq4_flow *f, uintptr_t from, uintptr_t to, uintptr_t capture, int max)
{
    int n;
    f->blocked = ZMQ4_BLOCKED_NOT;
    for (n = 0; n < max; n++) {
        int rc = f->len > 0 ? 0 : zmq4_flow_recv(f, zmq4_s(from));
        if (rc == -EAGAIN) {
            f->blocked = ZMQ4_BLOCKED_FROM;
            break;
        }
        if (rc < 0)
            return rc;
        uint64_t bytes = 0;
        for (int i = 0; i < f->len; i++)
            bytes += zmq_msg_size(&f->parts[i]);
        if (capture && !f->captured) {
            rc = zmq4_flow_send(f, zmq4_s(capture), 1);
            if (rc == -EAGAIN) {
                f->blocked = ZMQ4_BLOCKED_CAPTURE;
                break;
            }
            if (rc < 0)
                return rc;
            f->captured = 1;
            zmq4_count(&zmq4_s(capture)->sent, 1, bytes);
        }
        rc = zmq4_flow_send(f, zmq4_s(to), 0);
        if (rc == -EAGAIN) {
            f->blocked = ZMQ4_BLOCKED_TO;
            break;
        }
        if (rc < 0)
            return rc;
        zmq4_flow_empty(f);
        f->captured = 0;
        f->count++;
        f->bytes += bytes;
        zmq4_count(&zmq4_s(to)->sent, 1, bytes);
    }
    return n;
}

#endif
