/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contexts: how they begin and end, and their options. And CURVE keys, which need no context.
 */

#ifndef ZMQ4_SHIM_CONTEXT_H
#define ZMQ4_SHIM_CONTEXT_H

#include <zmq.h>

/* zmq4_ctx_new makes a context, which starts with its first socket. */
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

/* zmq4_ctx_get stores the value in *value, because -1 is a legal value. */
static inline int zmq4_ctx_get(uintptr_t ctx, int option, int *value)
{
    errno = 0;
    *value = zmq_ctx_get((void *) ctx, option);
    return *value == -1 && errno != 0 ? zmq4_err() : 0;
}

/* zmq4_ctx_set_ext and zmq4_ctx_get_ext are for options that are not numbers, of the draft API. */
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

/* zmq4_ctx_shutdown makes calls on all sockets return ETERM. */
static inline int zmq4_ctx_shutdown(uintptr_t ctx)
{
    return zmq_ctx_shutdown((void *) ctx) == 0 ? 0 : zmq4_err();
}

/* zmq4_ctx_term ends a context. It blocks until the last socket has been closed and has lingered. */
static inline int zmq4_ctx_term(uintptr_t ctx)
{
    int rc;
    ZMQ4_RETRY(rc, zmq_ctx_term((void *) ctx));
    return rc == 0 ? 0 : zmq4_err();
}

/* CURVE keys: 40 characters and a NUL each. */

static inline int zmq4_curve_keypair(unsigned char *public_key, unsigned char *secret_key)
{
    return zmq_curve_keypair((char *) public_key, (char *) secret_key) == 0 ? 0 : zmq4_err();
}

static inline int zmq4_curve_public(unsigned char *public_key, const unsigned char *secret_key)
{
    return zmq_curve_public((char *) public_key, (const char *) secret_key) == 0 ? 0 : zmq4_err();
}

#endif
