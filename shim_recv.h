/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Receive: zmq4_recv takes whole messages from libzmq into the inbox of the socket (see
 * zmq4_socket), from where Go hands out their parts; zmq4_recv_batch copies them to memory of
 * Go's in the same crossing.
 */

#ifndef ZMQ4_SHIM_RECV_H
#define ZMQ4_SHIM_RECV_H

#include <zmq.h>

/* --- the inbox --- */

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
        s->in_free = s->in_next = s->in_len = s->in_unasked = 0;
        if (s->in_cap > ZMQ4_IN_KEEP)
            zmq4_resize(s, ZMQ4_IN_CAP);
    }
    return 0;
}

/* zmq4_more_room doubles the slots of the inbox. */
static inline int zmq4_more_room(zmq4_socket *s)
{
    if (s->in_cap > INT_MAX / 2 || (s->in_max && s->in_cap >= s->in_max))
        return -ENOMEM;
    return zmq4_resize(s, 2 * s->in_cap);
}

/* --- from libzmq into the inbox --- */

/*
 * zmq4_recv_part receives one more part into s->in and returns whether more
 * follow. libzmq first frees the content of the zmq_msg_t that it is given.
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

/* zmq4_in_bytes returns the size of the parts in the inbox, beginning with from. */
static inline uint64_t zmq4_in_bytes(const zmq4_socket *s, int from)
{
    uint64_t bytes = 0;
    while (from < s->in_len)
        bytes += s->in[from++].size;
    return bytes;
}

/*
 * zmq4_skip drops the rest of a message that has more parts than there is memory for. Otherwise
 * the next receive would take the rest for a message.
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
 * libzmq has messages whole, so that EAGAIN can come only before the first part. If only one
 * part were taken, libzmq would be in the middle of a message, and would abort the process if
 * the connection ended before the next part is taken.
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
 * zmq4_recv receives up to max whole messages into the inbox, in which nothing may be left to
 * hand out, and returns how many parts they have. It stops once they have limit bytes, unless
 * that is 0. It returns an error only if it has received nothing.
 */
static inline int zmq4_recv(uintptr_t h, int max, uint64_t limit)
{
    zmq4_socket *s = zmq4_s(h);
    if (s->in_len > 1)
        zmq4_release(h);
    s->in_free = s->in_next = s->in_len = s->in_unasked = 0; /* the next receive frees the content of in[0] */
    if (limit)
        limit += s->received.bytes;
    while (max-- > 0) {
        int rc;
        if (s->hasty)
            zmq4_process_commands(s);
        rc = zmq4_recv_whole(s);
        if (rc < 0)
            return s->in_len > 0 ? s->in_len : rc;
        if (limit && s->received.bytes >= limit)
            break;
    }
    return s->in_len;
}

/*
 * zmq4_recv_batch receives up to max whole messages, copies their parts to
 * data, the first at offset *used, and describes them from parts[0] on. It
 * returns the number of messages. A message that does not fit into data or into
 * the n_parts parts stays in s->in, to be handed out. Nothing may be left there before.
 */
static inline int zmq4_recv_batch(uintptr_t h, int max, unsigned char *data, size_t size, size_t *used,
                                  zmq4_part *parts, int n_parts, int *used_parts)
{
    zmq4_socket *s = zmq4_s(h);
    size_t end = *used;
    int count = 0, at = 0, filled = s->in_len; /* slots that may have content */
    s->in_free = s->in_next = s->in_len = s->in_unasked = 0;
    for (; count < max; count++) {
        size_t total = 0;
        s->in_len = 0; /* a receive frees the content of its slot */
        if (s->hasty)
            zmq4_process_commands(s);
        if (zmq4_recv_whole(s) < 0)
            break; /* an error is there the next time, too */
        if (filled < s->in_len)
            filled = s->in_len;
        for (int i = 0; i < s->in_len; i++)
            total += s->in[i].size;
        if (total > size - end || s->in_len > n_parts - at)
            break;
        for (int i = 0; i < s->in_len; i++) {
            const zmq4_received *in = &s->in[i];
            zmq4_part *p = &parts[at++];
            p->data = end;
            p->size = in->size;
            p->more = in->more;
            memcpy(data + end, in->data, in->size);
            end += in->size;
        }
        s->in_len = 0;
    }
    if (filled > s->in_len)
        zmq4_empty(s, s->in_len, filled);
    s->rcvmore = 0;
    *used = end;
    *used_parts = at;
    return count;
}

/* --- what is in the inbox --- */

/*
 * zmq4_finish takes one more message into the inbox. It is called before a connection is ended:
 * ZMQ_EVENTS may have read the first part of a message, of which the connection has the rest.
 */
static inline int zmq4_finish(uintptr_t h)
{
    zmq4_socket *s = zmq4_s(h);
    if (s->in_next == s->in_len) {
        zmq4_empty(s, 0, s->in_len);
        s->in_free = s->in_next = s->in_len = s->in_unasked = 0;
    }
    return zmq4_recv_whole(s);
}

/* zmq4_drop drops the parts from first to last of those in the inbox that were not handed out. */
static inline int zmq4_drop(uintptr_t h, int first, int last)
{
    zmq4_socket *s = zmq4_s(h);
    zmq4_empty(s, first, last + 1);
    if (s->in_unasked > first)
        s->in_unasked = s->in_unasked > last ? s->in_unasked - (last + 1 - first) : first;
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
 * zmq4_gets finds a metadata property of the message whose part was handed out last. All parts
 * of a message have the same properties. But the first part that a ROUTER receives has none if
 * ZMQ_EVENTS was read before, so the parts are asked one after the other.
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

#endif
