/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The fence before a context starts: zmq4_ctx_try does what libzmq is about to do, with threads of
 * its own.
 */

#ifndef ZMQ4_SHIM_FENCE_START_H
#define ZMQ4_SHIM_FENCE_START_H

#include <zmq.h>

#ifndef _WIN32
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#endif

#ifndef _WIN32
/* zmq4_trial is what the threads of zmq4_ctx_try share. */
typedef struct zmq4_trial {
    int policy, priority;
    const int *cpus;
    int n_cpus;
    pthread_mutex_t gate; /* held until all threads are there */
    int error;
} zmq4_trial;

/*
 * Fence Z097.
 * zmq4_tune applies the settings to the calling thread, exactly as an I/O thread
 * of libzmq does, which aborts if a step fails. It returns 0 or an errno.
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

/* zmq4_trial_thread ends only when all threads of a trial are there. */
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

/* zmq4_try_threads makes n threads that exist at the same time, and ends them. */
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
#endif

/*
 * Fence Z098, Z099.
 * zmq4_ctx_try checks whether a context with these settings can start. libzmq does
 * not try: it starts its threads, and one more that closes sockets, when it
 * makes the first socket, and aborts the process if that fails.
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

#endif
