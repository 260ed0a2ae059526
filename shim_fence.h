/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The C side of the fences: what keeps a program away from faults of libzmq. See
 * fence.go. It is included by shim.h, whose contract it shares.
 */

#ifndef ZMQ4_SHIM_FENCE_H
#define ZMQ4_SHIM_FENCE_H

#include <zmq.h>

#ifndef _WIN32
/* zmq4_trial is what the threads of zmq4_ctx_try share. */
typedef struct {
    int policy, priority;
    const int *cpus;
    int n_cpus;
    pthread_mutex_t gate; /* held until all threads are there */
    int error;
} zmq4_trial;

/*
 * Fence Z097.
 * zmq4_tune applies settings to the calling thread, exactly as an I/O thread
 * of libzmq does, which asserts that each step succeeds. It returns an errno.
 */
static inline int zmq4_tune(const zmq4_trial *t)
{
#if defined _POSIX_THREAD_PRIORITY_SCHEDULING && _POSIX_THREAD_PRIORITY_SCHEDULING >= 0
    struct sched_param param;
    int policy, realtime, rc = pthread_getschedparam(pthread_self(), &policy, &param);
    if (rc != 0)
        return rc;
    if (t->policy != -1)
        policy = t->policy;
    realtime = policy == SCHED_FIFO || policy == SCHED_RR;
    if (t->priority != -1)
        param.sched_priority = realtime ? t->priority : 0;
    rc = pthread_setschedparam(pthread_self(), policy, &param);
    if (rc != 0)
        return rc;
    if (!realtime && t->priority != -1) {
        errno = 0;
        if (nice(-20) == -1) /* may be the new nice value: libzmq aborts all the same */
            return errno ? errno : EPERM;
    }
#ifdef __linux__
    if (t->n_cpus > 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (int i = 0; i < t->n_cpus; i++)
            CPU_SET((size_t) t->cpus[i], &set);
        rc = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
        if (rc != 0)
            return rc;
    }
#endif
#else
    (void) t;
#endif
    return 0;
}

static inline void *zmq4_trial_thread(void *arg)
{
    zmq4_trial *t = (zmq4_trial *) arg;
    int error = zmq4_tune(t);
    pthread_mutex_lock(&t->gate);
    if (t->error == 0)
        t->error = error;
    pthread_mutex_unlock(&t->gate);
    return NULL;
}

/* zmq4_try_threads makes n threads that exist at the same time. */
static inline int zmq4_try_threads(zmq4_trial *t, int n)
{
    sigset_t all, old;
    int made, rc = 0;
    pthread_t *threads = (pthread_t *) calloc((unsigned int) n, sizeof *threads);
    if (!threads)
        return -ENOMEM;
    /* No signal of Go's may reach a thread that Go did not make. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_init(&t->gate, NULL);
    pthread_mutex_lock(&t->gate);
    for (made = 0; made < n; made++) {
        rc = pthread_create(&threads[made], NULL, zmq4_trial_thread, t);
        if (rc != 0)
            break;
    }
    pthread_mutex_unlock(&t->gate);
    while (made > 0)
        pthread_join(threads[--made], NULL);
    pthread_mutex_destroy(&t->gate);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    free(threads);
    return -(rc != 0 ? rc : t->error);
}

/* zmq4_try_fds opens n file descriptors and closes them again. */
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

/* zmq4_open_socket opens a socket that a process which the program starts does not inherit. */
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

/*
 * Fence Z098, Z099.
 * zmq4_ctx_try finds out whether a context with these settings can start.
 * libzmq does not: it starts its threads, one of which reaps sockets, when it
 * makes the first socket, and aborts the process if something fails.
 */
static inline int zmq4_ctx_try(int io_threads, int policy, int priority, const int *cpus, int n_cpus)
{
#ifdef _WIN32
    (void) io_threads, (void) policy, (void) priority, (void) cpus, (void) n_cpus;
    return 0;
#else
    int n = io_threads + 1;
    zmq4_trial t = {0};
    /* A thread has a mailbox and a poller; the first socket and the reserve have mailboxes. */
    int rc = zmq4_try_fds(3 * n + 4);
    if (rc < 0)
        return rc;
    t.policy = policy;
    t.priority = priority;
    t.cpus = cpus;
    t.n_cpus = n_cpus;
    return zmq4_try_threads(&t, n);
#endif
}

/*
 * Fence Z011, Z070.
 * zmq4_linger gives libzmq the linger time, or a better one. Now, and not when the
 * socket is closed, for nothing can be set once the context has been shut down.
 *
 * A socket that only receives has nothing to linger for; if it does, libzmq waits
 * for ever for a connection that ended while the queue was full.
 *
 * One that has sent messages of several parts gets a moment: libzmq aborts if a
 * connection breaks just when one that is half on its way is thrown away, which is
 * likely where both ends are closed together. A moment later the other end is gone;
 * the moments differ, for both ends may wait for each other: the end that has been bound
 * waits longer.
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

/*
 * zmq4_delivers says whether a socket may have sent something over inproc to an endpoint
 * that nobody has bound, which is to be delivered although it leaves. Those who
 * publish have no subscribers there, and a conflating socket's last message takes the
 * place of what libzmq looks for before it.
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

/* zmq4_hold makes a new socket wait at an endpoint, to its peer the same as socket from. */
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

/* zmq4_pass sends on all that a socket has received, or drops it if to is 0. */
static inline int zmq4_pass(uintptr_t h, uintptr_t to)
{
    zmq4_socket *s = zmq4_s(h);
    int n = 0, rc;
    while (zmq4_recv(h, 1) > 0) {
        for (int i = 0; to && i < s->in_len; i++)
            ZMQ4_RETRY(rc, zmq_msg_send(&s->in[i].msg, zmq4_s(to)->socket, ZMQ_DONTWAIT | (s->in[i].more ? ZMQ_SNDMORE : 0)));
        n++;
    }
    s->in_next = s->in_len;
    zmq4_release(h);
    return n;
}

static inline int zmq4_has_prefix(const unsigned char *s, const char *prefix)
{
    return strncmp((const char *) s, prefix, strlen(prefix)) == 0;
}

/*
 * zmq4_room says whether there are descriptors left for an endpoint: libzmq aborts if it
 * cannot open one to look for the addresses of this machine, which it does with the
 * local side of a tcp or ws endpoint, or for a udp socket. Other connections need none:
 * they are tried again later.
 */
static inline int zmq4_room(const unsigned char *endpoint, int local)
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

/* zmq4_pending waits up to so many ms for a command that came after zmq4_events. */
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

/*
 * zmq4_bind_failure returns why the last bind of a socket failed, of which the peer of
 * its monitor has not received yet. What it takes from libzmq is received next.
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

/*
 * Fence Z083, Z084.
 * zmq4_check_listener says whether libzmq can use a descriptor for a bind to
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

enum { ZMQ4_REUSE_ADDR = 1, ZMQ4_REUSE_PORT = 2 };

/*
 * zmq4_try_group makes a socket such as a multicast transport makes, binds it
 * to port, joins the groups (of n bytes in all) on an interface, which has
 * address addr for IPv4 and a number for IPv6, and closes it again.
 */
static inline int zmq4_try_group(int v6, int raw, int reuse, int port, const unsigned char *addr,
                                 unsigned int index, const unsigned char *groups, int n)
{
#ifdef _WIN32
    (void) v6, (void) raw, (void) reuse, (void) port, (void) addr, (void) index, (void) groups, (void) n;
    return 0;
#else
    struct sockaddr_storage any;
    int fd, on = 1, ok, rc = zmq4_try_fds(32); /* a thread, its pipes, and the sockets */
    if (rc < 0)
        return rc;
    fd = zmq4_open_socket(v6 ? AF_INET6 : AF_INET, raw ? SOCK_RAW : SOCK_DGRAM, raw ? ZMQ4_IPPROTO_PGM : 0);
    if (fd < 0)
        return -errno;
    memset(&any, 0, sizeof any);
    any.ss_family = v6 ? AF_INET6 : AF_INET;
    if (v6)
        ((struct sockaddr_in6 *) &any)->sin6_port = htons((uint16_t) port);
    else
        ((struct sockaddr_in *) &any)->sin_port = htons((uint16_t) port);
    ok = !(reuse & ZMQ4_REUSE_ADDR) || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
#ifdef SO_REUSEPORT
    ok = ok && (!(reuse & ZMQ4_REUSE_PORT) || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
#endif
    ok = ok
         && bind(fd, (struct sockaddr *) &any, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) == 0;
    for (; ok && n > 0; n -= v6 ? 16 : 4, groups += v6 ? 16 : 4) {
        if (v6) {
            struct ipv6_mreq req;
            memcpy(&req.ipv6mr_multiaddr, groups, 16);
            req.ipv6mr_interface = index;
            ok = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &req, sizeof req) == 0;
        } else {
            struct ip_mreq req;
            memcpy(&req.imr_multiaddr, groups, 4);
            memcpy(&req.imr_interface, addr, 4);
            ok = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req, sizeof req) == 0;
        }
        if (!ok && errno == EADDRINUSE) /* joined before, in the endpoint itself */
            ok = 1;
    }
    rc = ok ? 0 : -errno;
    close(fd);
    return rc;
#endif
}

/*
 * Fence Z092, Z093.
 * zmq4_try_udp says whether a UDP socket can be bound to an address: libzmq only
 * tells an I/O thread to, which tries for ever if it cannot. A host that is no
 * number is left to libzmq.
 */
static inline int zmq4_try_udp(const unsigned char *host, const unsigned char *port)
{
#ifdef _WIN32
    (void) host, (void) port;
    return 0;
#else
    struct addrinfo hints, *info;
    int fd, on = 1, rc = 0;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo((const char *) host, (const char *) port, &hints, &info) != 0)
        return 0;
    fd = zmq4_open_socket(info->ai_family, SOCK_DGRAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(fd, info->ai_addr, info->ai_addrlen) != 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(info);
    return rc;
#endif
}

/*
 * Fence Z104.
 * zmq4_try_device says whether a UDP socket can be bound to the device that the
 * socket's options name: if it cannot, libzmq's Term waits for ever.
 */
static inline int zmq4_try_device(uintptr_t h)
{
    int rc = 0;
#ifdef SO_BINDTODEVICE
    unsigned char name[256];
    size_t size = sizeof name;
    int fd;
    if (zmq4_getsockopt(h, ZMQ_BINDTODEVICE, name, &size) < 0 || size <= 1)
        return 0;
    fd = zmq4_open_socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t) size) != 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
#else
    (void) h;
#endif
    return rc;
}

/*
 * Fence Z067.
 * zmq4_settle waits until a socket knows what it was just attached to: it is
 * told by a command in its mailbox. A thread of libzmq that has put one before
 * it may not have raised the signal of both yet, and so long zmq_unbind and
 * zmq_disconnect see neither: they find nothing to end, and report success.
 */
static inline void zmq4_settle(zmq4_socket *s, const unsigned char *endpoint)
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

/* zmq4_listens reports whether an endpoint is one that peers connect to over the system. */
static inline int zmq4_listens(const unsigned char *endpoint)
{
    return zmq4_has_prefix(endpoint, "tcp:") || zmq4_has_prefix(endpoint, "ipc:") || zmq4_has_prefix(endpoint, "ws");
}

/*
 * zmq4_try_priority and zmq4_try_busy_poll say whether this process may set the
 * option on a TCP socket. libzmq aborts if it may not.
 */
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

/* Fence Z088. */
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
 * zmq4_max_filter is the longest filter that a SUB or XSUB socket may have. libzmq
 * keeps filters in a tree with a level for each byte, and removes and frees them by
 * functions that call themselves for each level, also in a thread of its own: a long
 * filter overflows the stack. They take less than 128 bytes a level.
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

/*
 * Fence Z031.
 * zmq4_fits says whether a part can be sent, whatever transport it goes by, and
 * whether a filter, which an XSUB socket sends behind a byte of 0 or 1, can be kept.
 */
static inline int zmq4_fits(const zmq4_socket *s, const void *data, size_t size)
{
    if (s->max_part == 0 || size <= s->max_part)
        return 1;
    return s->type == ZMQ_XSUB && *(const unsigned char *) data > 1;
}

/* What a socket has, if it is hasty: connections that it drops at once when they break. */
enum {
    ZMQ4_IMMEDIATE = 1, /* they were made with ZMQ_IMMEDIATE */
    ZMQ4_FLEETING = 2,  /* they are not to be made again: ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_STOP */
};

/*
 * Fence Z008, Z009.
 * ZMQ_IMMEDIATE: when a connection that the socket has made breaks, a thread of libzmq
 * has the socket drop it at once, with all that has come by it. libzmq aborts if the
 * option is not set any more, and if a message of several parts was half read.
 *
 * So once a connection was made with the option, libzmq is told that it is set, but
 * for the time of a Connect. Types for which it makes no difference, but for that,
 * do not tell libzmq at all.
 */
static inline void zmq4_tell(zmq4_socket *s, int connecting)
{
    int rc, told = s->immediate || ((s->hasty & ZMQ4_IMMEDIATE) && !connecting);
    switch (s->type) {
    case ZMQ_SUB:
    case ZMQ_XSUB:
    case ZMQ_PULL:
    case ZMQ_REP:
    case ZMQ_DISH:
    case ZMQ_GATHER:
        told = 0;
    }
    if (connecting && told)
        s->hasty |= ZMQ4_IMMEDIATE;
    ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_IMMEDIATE, &told, sizeof told));
    (void) rc;
}

/*
 * Fence Z005, Z008.
 * zmq4_look processes the commands of a socket with such connections before it
 * receives a message: else libzmq does so in the middle of one, now and then.
 */
static inline ZMQ4_RARE void zmq4_look(zmq4_socket *s)
{
    int events, rc;
    size_t size = sizeof events;
    ZMQ4_CALL(s, rc, zmq_getsockopt(s->socket, ZMQ_EVENTS, &events, &size));
    (void) rc;
}

/*
 * Fence Z006.
 * zmq4_take_now takes the message of which ZMQ_EVENTS has read the first part, before
 * the connection breaks, but no more than anybody looks for before a receive.
 */
static inline ZMQ4_RARE void zmq4_take_now(zmq4_socket *s)
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

/* zmq4_has_zap_domain says whether a socket has a ZAP domain. */
static inline int zmq4_has_zap_domain(zmq4_socket *s)
{
    char domain[256];
    size_t size = sizeof domain;
    int rc;
    ZMQ4_CALL(s, rc, zmq_getsockopt(s->socket, ZMQ_ZAP_DOMAIN, domain, &size));
    return rc == 0 && size > 1; /* with the NUL */
}

/*
 * Fence Z003, Z023.
 * zmq4_secured says whether the options for security go with an endpoint. libzmq aborts
 * when a client comes to a PLAIN server that must have a ZAP domain and has none, and by
 * the first heartbeat over ws if the other side has no mechanism: it may do so with NULL.
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
 * Fence Z041.
 * zmq4_credentials makes room for who a client is, where an authenticator says so: libzmq
 * counts that as a message when it puts it into the queue, and never as one that is taken
 * out. A queue for one message would be full for ever.
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

/*
 * Fence Z020.
 * zmq4_commands limits what the peers of a RADIO can send to the commands by which they join
 * and leave groups: libzmq aborts if one names a longer group. The limit is that of the
 * connections of an endpoint that is used now. A handshake of CURVE needs longer ones. It
 * returns the limit to go back to.
 */
static inline int64_t zmq4_commands(zmq4_socket *s)
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

static inline void zmq4_anything(zmq4_socket *s, int64_t limit)
{
    int rc = 0;
    if (limit != 0)
        ZMQ4_CALL(s, rc, zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit));
    (void) rc;
}

#endif
