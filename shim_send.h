/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Send: one part (zmq4_send), a whole message (zmq4_send_parts), or many (zmq4_send_batch) in one
 * crossing. A send returns EAGAIN only before the first part of a message: see zmq4_send_part for
 * messages that lose their peer half-way.
 */

#ifndef ZMQ4_SHIM_SEND_H
#define ZMQ4_SHIM_SEND_H

#include <zmq.h>

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
 * zmq4_send_first sends the first part of a message. zmq_send with ZMQ_DONTWAIT does not always
 * process its commands before it returns EAGAIN. Reading ZMQ_EVENTS does, and also arms ZMQ_FD,
 * so the part is tried once more after that.
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
 * zmq4_send_part sends one part. If the peer of the message that the part continues went away,
 * the rest of the message is dropped, as zmq_send does when it may block.
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

/* zmq4_send sends one part, a copy of data. */
static inline int zmq4_send(uintptr_t h, const unsigned char *data, size_t size, int flags)
{
    return zmq4_send_part(zmq4_s(h), NULL, data, size, flags);
}

/*
 * zmq4_send_parts sends one whole message, or the rest of one that zmq4_send
 * began. The data of the parts is at an offset from base, which may be NULL.
 * A message that loses its peer half-way is sent again from its first part, to
 * another peer. REQ cannot, for it has then forgotten its state, and returns
 * EHOSTUNREACH.
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

/*
 * zmq4_send_batch sends whole messages and returns how many of the n parts
 * they had. It returns an error only if it has sent nothing.
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

#endif
