/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A proxy: zmq4_pump moves messages in one direction, in C, many in one crossing. Go waits, and
 * says what comes next: see proxy.go.
 */

#ifndef ZMQ4_SHIM_PROXY_H
#define ZMQ4_SHIM_PROXY_H

#include <zmq.h>

/*
 * zmq4_flow is one direction of a proxy, with at most one message in hand. All cap parts are
 * initialized messages at all times: those from len on are empty.
 */
typedef struct zmq4_flow {
    zmq_msg_t *parts;
    int len, cap;
    uint64_t size;    /* bytes of the message in hand */
    int captured;     /* the message in hand has been given to the capture socket */
    int blocked;      /* what zmq4_pump would have had to wait for, ZMQ4_BLOCKED_* */
    uint64_t count;   /* messages moved */
    uint64_t bytes;
} zmq4_flow;

enum { ZMQ4_BLOCKED_NOT, ZMQ4_BLOCKED_FROM, ZMQ4_BLOCKED_TO, ZMQ4_BLOCKED_CAPTURE };

/* zmq4_flow_resize changes how many parts there is room for. Those that are lost must be empty. */
static inline ZMQ4_RARE int zmq4_flow_resize(zmq4_flow *f, int cap)
{
    /* A zmq_msg_t may be moved as plain memory: nothing points at it. */
    zmq_msg_t *parts = (zmq_msg_t *) realloc(f->parts, (size_t) cap * sizeof *parts);
    if (!parts)
        return -ENOMEM;
    f->parts = parts;
    for (; f->cap < cap; f->cap++)
        zmq_msg_init(&parts[f->cap]);
    f->cap = cap;
    return 0;
}

/* zmq4_flow_drop drops what is left of the message in hand. */
static inline ZMQ4_RARE void zmq4_flow_drop(zmq4_flow *f)
{
    while (f->len > 0) {
        zmq_msg_t *msg = &f->parts[--f->len];
        zmq_msg_close(msg);
        zmq_msg_init(msg);
    }
}

static inline void zmq4_flow_free(zmq4_flow *f)
{
    zmq4_flow_drop(f);
    free(f->parts);
    free(f);
}

static inline zmq4_flow *zmq4_flow_new(void)
{
    zmq4_flow *f = calloc(1, sizeof *f);
    if (f && zmq4_flow_resize(f, ZMQ4_IN_CAP) < 0) {
        free(f);
        f = NULL;
    }
    return f;
}

/*
 * zmq4_flow_recv takes one whole message in hand, or the rest of one that the
 * program has begun to receive.
 */
static inline int zmq4_flow_recv(zmq4_flow *f, zmq4_socket *from)
{
    int rc, more;
    f->size = 0;
    if (from->hasty && !from->broken && from->in_next == from->in_len)
        zmq4_process_commands(from);
    do {
        if (f->len == f->cap && (f->cap > INT_MAX / 2 || zmq4_flow_resize(f, 2 * f->cap) < 0)) {
            if (from->in_next == from->in_len)
                zmq4_skip(from);
            return -ENOMEM;
        }
        zmq_msg_t *msg = &f->parts[f->len];
        if (from->in_next < from->in_len) {
            zmq_msg_move(msg, &from->in[from->in_next].msg);
            more = from->in[from->in_next++].more;
            f->size += zmq_msg_size(msg);
        } else {
            size_t size;
            if (from->broken)
                return -ENOTSUP;
            ZMQ4_CALL(from, rc, zmq_msg_recv(msg, from->socket, ZMQ_DONTWAIT));
            if (rc == -1)
                return zmq4_err();
            more = zmq_msg_more(msg);
            if (more && zmq4_torn(from)) {
                zmq_msg_close(msg);
                zmq_msg_init(msg);
                return -ENOTSUP;
            }
            size = rc < INT_MAX ? (size_t) rc : zmq_msg_size(msg);
            zmq4_count(&from->received, !more, size);
            f->size += size;
        }
        f->len++;
    } while (more);
    from->rcvmore = 0;
    return 0;
}

/*
 * zmq4_flow_send sends the message in hand, or a copy of it. It returns EAGAIN only before the
 * first part, and 1 if there are parts left: a message that loses its peer half-way is lost, and
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
            return to->type == ZMQ_XSUB ? 1 : -EMSGSIZE; /* a subscriber must not be able to stop the proxy */
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
            return 1;
        }
        if (rc < 0)
            return rc;
    }
    return copy;
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
        if (capture && !f->captured) {
            rc = zmq4_flow_send(f, zmq4_s(capture), 1);
            if (rc == -EAGAIN) {
                f->blocked = ZMQ4_BLOCKED_CAPTURE;
                break;
            }
            if (rc < 0)
                return rc;
            f->captured = 1;
            zmq4_count(&zmq4_s(capture)->sent, 1, f->size);
        }
        rc = zmq4_flow_send(f, zmq4_s(to), 0);
        if (rc == -EAGAIN) {
            f->blocked = ZMQ4_BLOCKED_TO;
            break;
        }
        if (rc < 0)
            return rc;
        if (rc > 0)
            zmq4_flow_drop(f);
        f->len = f->captured = 0;
        if (f->cap > ZMQ4_IN_KEEP)
            zmq4_flow_resize(f, ZMQ4_IN_CAP);
        f->count++;
        f->bytes += f->size;
        zmq4_count(&zmq4_s(to)->sent, 1, f->size);
    }
    return n;
}

#endif
