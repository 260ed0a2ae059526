/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A proxy: zmq4_pump moves messages in one direction, in C, many in one crossing. Go waits, and
 * says what comes next: see proxy.go.
 */

#ifndef ZMQ4_SHIM_PROXY_H
#define ZMQ4_SHIM_PROXY_H

#include <zmq.h>

/* zmq4_flow is one direction of a proxy, with at most one message in hand. */
typedef struct zmq4_flow {
    zmq_msg_t *parts;
    int len, cap;
    int captured;     /* the message in hand has been given to the capture socket */
    int blocked;      /* what zmq4_pump would have had to wait for, ZMQ4_BLOCKED_* */
    uint64_t count;   /* messages moved */
    uint64_t bytes;
} zmq4_flow;

enum { ZMQ4_BLOCKED_NOT, ZMQ4_BLOCKED_FROM, ZMQ4_BLOCKED_TO, ZMQ4_BLOCKED_CAPTURE };

/* zmq4_flow_empty frees the message in hand, and the memory for its parts if that is large. */
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
 * zmq4_flow_recv takes one whole message in hand, or the rest of one that the
 * program has begun to receive.
 */
static inline int zmq4_flow_recv(zmq4_flow *f, zmq4_socket *from)
{
    int rc = 0, more;
    if (from->hasty && !from->broken && from->in_next == from->in_len)
        zmq4_process_commands(from);
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
 * zmq4_flow_send sends the message in hand, or a copy of it. It returns EAGAIN
 * only before the first part. A message that loses its peer half-way is lost, and
 * a filter that is too long is dropped.
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
 * zmq4_pump moves up to max whole messages and returns how many. f->blocked then
 * says which socket was not ready, if it is fewer.
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
