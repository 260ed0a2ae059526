/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The message parts that Go owns, of type Msg: to send one without a copy, or to keep one that was
 * received.
 */

#ifndef ZMQ4_SHIM_MSG_H
#define ZMQ4_SHIM_MSG_H

#include <zmq.h>

/* zmq4_msg is a zmq_msg_t, with its content as Go reads it. */
typedef struct zmq4_msg {
    zmq_msg_t msg;
    unsigned char *data;
    size_t size;
    int more;    /* the part had ZMQ_RCVMORE */
    int grouped; /* it was given a group, or received */
} zmq4_msg;

/* zmq4_msg_view finds the content of a part that has just changed. */
static inline void zmq4_msg_view(zmq4_msg *m)
{
    m->data = (unsigned char *) zmq_msg_data(&m->msg);
    m->size = zmq_msg_size(&m->msg);
}

/* zmq4_msg_fresh does the same for content that is not of any message yet. */
static inline int zmq4_msg_fresh(zmq4_msg *m)
{
    zmq4_msg_view(m);
    m->more = m->grouped = 0;
    return 0;
}

/* zmq4_msg_new makes a zmq4_msg that is empty, and stays so until zmq4_msg_alloc. */
static inline int zmq4_msg_new(zmq4_msg **out)
{
    zmq4_msg *m = (zmq4_msg *) calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    zmq_msg_init(&m->msg);
    *out = m;
    return 0;
}

/* zmq4_msg_alloc makes content of size bytes for m, which is empty. */
static inline int zmq4_msg_alloc(zmq4_msg *m, size_t size)
{
    if (zmq_msg_init_size(&m->msg, size) == -1) {
        int rc = zmq4_err();
        zmq_msg_init(&m->msg);
        return rc;
    }
    return zmq4_msg_fresh(m);
}

/* zmq4_msg_clear frees the content: m is empty then. */
static inline int zmq4_msg_clear(zmq4_msg *m)
{
    zmq_msg_close(&m->msg);
    zmq_msg_init(&m->msg);
    return 0;
}

/* zmq4_msg_free frees m and its content. */
static inline int zmq4_msg_free(zmq4_msg *m)
{
    zmq_msg_close(&m->msg);
    free(m);
    return 0;
}

/* zmq4_msg_gets finds a metadata property of a part that was received. */
static inline int zmq4_msg_gets(zmq4_msg *m, const unsigned char *name, const char **value)
{
    *value = zmq_msg_gets(&m->msg, (const char *) name);
    return *value ? 0 : -ENOENT;
}

/* zmq4_msg_send gives the content of m to libzmq: m is empty then. */
static inline int zmq4_msg_send(uintptr_t h, zmq4_msg *m, int flags)
{
    return zmq4_send_part(zmq4_s(h), &m->msg, NULL, 0, flags);
}

/* zmq4_msg_take moves a part that was received into m, and frees what m had. */
static inline int zmq4_msg_take(uintptr_t h, int part, zmq4_msg *m)
{
    zmq4_received *from = &zmq4_s(h)->in[part];
    zmq_msg_move(&m->msg, &from->msg);
    zmq4_msg_view(m);
    m->more = from->more;
    m->grouped = 1;
    from->data = NULL;
    return 0;
}

/* zmq4_recv_msg is zmq4_recv and zmq4_msg_take of the first part. */
static inline int zmq4_recv_msg(uintptr_t h, int max, zmq4_msg *m)
{
    int rc = zmq4_recv(h, max, 0);
    if (rc > 0)
        zmq4_msg_take(h, 0, m);
    return rc;
}

#endif
