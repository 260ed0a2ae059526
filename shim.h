/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The C side of the package: static inline functions that Go calls, in one header for
 * each noun, which this one includes. All headers share this contract.
 *
 * Each function returns a value >= 0, or -errno. None keeps a Go pointer after it
 * returns, none calls back into Go, and EINTR is always retried here.
 *
 * None blocks, except zmq4_ctx_term, and zmq4_nap for a millisecond. A few fences give a
 * thread of libzmq a moment to do its part: zmq4_await_attach, and the callers of
 * zmq4_pending.
 *
 * Go passes handles as uintptr_t and Go memory as pointers to pointer-free
 * types, because cgo does not spend time on checking those.
 *
 * cgo compiles all headers once for each Go file that has them in its preamble.
 */

#ifndef ZMQ4_SHIM_H
#define ZMQ4_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#if ZMQ_VERSION < ZMQ_MAKE_VERSION(4, 2, 0)
#error "zmq4 needs the headers of libzmq 4.2.0 or newer"
#endif

/* ZMQ4_DRAFT is 1 if zmq.h has the draft API, as it does if libzmq was built with it. */
#ifdef ZMQ_BUILD_DRAFT_API
#define ZMQ4_DRAFT 1
#else
#define ZMQ4_DRAFT 0
#endif

/* ZMQ4_POLLER_FD is 1 if a goroutine can wait for a thread-safe socket: see zmq4_poller_fd. */
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 2)
#define ZMQ4_POLLER_FD 1
#else
#define ZMQ4_POLLER_FD 0
#endif

/*
 * ZMQ4_RARE marks a function that a send or a receive seldom calls: inlining it would slow
 * down every send and receive. ZMQ4_HOT marks one that each of them calls.
 */
#define ZMQ4_RARE __attribute__((cold))
#define ZMQ4_HOT __attribute__((always_inline))

/* ZMQ4_RETRY evaluates call until it does not fail with EINTR. */
#define ZMQ4_RETRY(rc, call)                                                   \
    do {                                                                       \
        (rc) = (call);                                                         \
    } while ((rc) == -1 && zmq_errno() == EINTR)

/* zmq4_err returns -errno of the call that just failed; never 0. */
static inline int zmq4_err(void)
{
    int e = zmq_errno();
    return e > 0 ? -e : -EINVAL;
}

/* Each header uses those above it. shim_socket.h declares the few functions that it uses from below. */
#include "shim_constants.h"
#include "shim_context.h"
#include "shim_socket.h"
#include "shim_fence.h"
#include "shim_fence_option.h"
#include "shim_option.h"
#include "shim_wait.h"
#include "shim_recv.h"
#include "shim_send.h"
#include "shim_msg.h"
#include "shim_lease.h"
#include "shim_proxy.h"
#include "shim_fence_start.h"
#include "shim_fence_endpoint.h"
#include "shim_fence_inproc.h"
#include "shim_fence_multicast.h"
#include "shim_endpoint.h"
#include "shim_monitor.h"
#include "shim_draft.h"

#endif
