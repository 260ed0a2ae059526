/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How a goroutine waits for a socket: the descriptor on which libzmq signals (zmq4_signal_fd,
 * zmq4_fd), the events that are there after a signal (zmq4_events), and the nap, a short wait
 * in C.
 */

#ifndef ZMQ4_SHIM_WAIT_H
#define ZMQ4_SHIM_WAIT_H

#include <zmq.h>

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/timerfd.h>
#endif

/*
 * zmq4_poller_fd returns what a thread-safe socket has in place of ZMQ_FD: the descriptor of a
 * zmq_poller that holds nothing but the socket. libzmq signals it once when a command
 * arrives after the socket has run out of commands, as it does with ZMQ_FD.
 *
 * On Linux it is an eventfd, from which nothing is ever read: each signal is a new edge all
 * the same. Elsewhere it is one end of a socket pair, which must not fill up: see zmq4_drain.
 * zmq_poller_wait does not serve, for it takes back only one signal a call.
 */
#if ZMQ4_POLLER_FD
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

/* zmq4_drain reads the signals of a thread-safe socket away, before its commands are processed. */
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
 * zmq4_events returns ZMQ_EVENTS. To read them also processes all pending commands. The parts in
 * the inbox that are still to be received count, too, and have to be received before a REQ or
 * REP may send.
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
        zmq4_take_begun(s);
    if (s->in_next < s->in_len) {
        events |= ZMQ_POLLIN;
        if (s->type == ZMQ_REP || (s->type == ZMQ_REQ && !s->relaxed))
            events &= ~ZMQ_POLLOUT;
    }
    return events;
}

/*
 * zmq4_fd_events returns which of the events are there on a file descriptor of the program.
 * One that is not open has ZMQ_POLLERR.
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

/* zmq4_signal_fd returns the descriptor by which libzmq signals the socket. libzmq owns it. */
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

/* zmq4_dup duplicates a descriptor. */
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

/* zmq4_fd returns a duplicate of zmq4_signal_fd, for Go to wait on and to close. */
static inline int zmq4_fd(uintptr_t h)
{
#ifdef _WIN32
    (void) h; /* wait_windows.go does not need it */
    return 0;
#else
    int fd = zmq4_signal_fd(h);
    if (fd < 0)
        return fd;
    return zmq4_dup(fd);
#endif
}

/*
 * A nap is a short wait in C, with its thread, see nap_unix.go. A zmq4_alarm ends one nap at a
 * time: fd can be read once it rings.
 *
 * On Linux an alarm is a timer, which can be put off before it rings. Elsewhere it is a pipe,
 * and each nap has a timeout, which costs a tenth of a round trip.
 */
typedef struct zmq4_alarm {
    int fd;
    int ring; /* the other end, where it is a pipe */
} zmq4_alarm;

/* ZMQ4_NAP_MS is the timeout of a nap in milliseconds; -1 is none. */
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

/* zmq4_alarm_set makes the alarm ring in ns nanoseconds, and not before. With 0 it rings now. */
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
 * zmq4_nap waits until fd can be read, the alarm rings, ZMQ4_NAP_MS are over or a signal comes.
 * It reports whether fd can be read.
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

#endif
