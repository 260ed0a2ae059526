/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leases: Go memory that is the content of messages (zmq4_msg_lend), until libzmq has no more use
 * for it. No thread of libzmq calls Go then: the lease goes to a list, and a byte to a pipe.
 */

#ifndef ZMQ4_SHIM_LEASE_H
#define ZMQ4_SHIM_LEASE_H

#include <zmq.h>

#ifndef _WIN32
#include <unistd.h>
#endif

/* zmq4_lease is one piece of Go memory. handle says to Go which. */
typedef struct zmq4_lease {
    struct zmq4_lease *next;
    struct zmq4_leases *home;
    uintptr_t handle;
} zmq4_lease;

/* zmq4_leases has the leases that have ended, for Go to take back. */
typedef struct zmq4_leases {
    zmq4_lease *ended; /* atomic */
    zmq4_lease *taken; /* from ended, by zmq4_leases_ended */
    int wake;          /* a pipe that gets a byte when ended was empty */
} zmq4_leases;

/* zmq4_leases_new makes an empty list, whose reader waits at the other end of wake. */
static inline int zmq4_leases_new(int wake, zmq4_leases **out)
{
    zmq4_leases *home = (zmq4_leases *) calloc(1, sizeof *home);
    if (!home)
        return -ENOMEM;
    home->wake = wake;
    *out = home;
    return 0;
}

/* zmq4_lease_end is the free function of the message. libzmq calls it in any thread. */
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

/* zmq4_leases_ended takes the handles of up to max leases that have ended, and returns how many. */
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
    return zmq4_msg_fresh(m);
}

#endif
