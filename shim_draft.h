/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The draft API: groups, and the routing ids and state of peers. Without it in zmq.h these functions
 * return ENOTSUP.
 */

#ifndef ZMQ4_SHIM_DRAFT_H
#define ZMQ4_SHIM_DRAFT_H

#include <zmq.h>

/*
 * Fence Z087.
 * zmq4_msg_mark sets the properties that a part is sent with: a routing id that is not 0, and
 * a group of n bytes and a NUL, if n >= 0.
 */
static inline int zmq4_msg_mark(zmq4_msg *m, unsigned int routing_id, const unsigned char *group, int n)
{
#if ZMQ4_DRAFT
    if (routing_id != 0 && zmq_msg_set_routing_id(&m->msg, routing_id) == -1)
        return zmq4_err();
    if (n > ZMQ_GROUP_MAX_LENGTH) /* it would be cut */
        return -EINVAL;
    if (n >= 0 && m->grouped) {
        /* libzmq forgets a long group when it gets another, and frees it only with the message. */
        zmq_msg_t msg;
        if (zmq_msg_init_size(&msg, m->size) == -1)
            return zmq4_err();
        memcpy(zmq_msg_data(&msg), m->data, m->size);
        if (zmq_msg_routing_id(&m->msg) != 0)
            zmq_msg_set_routing_id(&msg, zmq_msg_routing_id(&m->msg));
        zmq_msg_close(&m->msg);
        zmq_msg_init(&m->msg);
        zmq_msg_move(&m->msg, &msg);
        zmq4_msg_view(m);
    }
    if (n >= 0) {
        if (zmq_msg_set_group(&m->msg, (const char *) group) == -1)
            return zmq4_err();
        m->grouped = 1;
    }
    return 0;
#else
    (void) m, (void) routing_id, (void) group, (void) n;
    return -ENOTSUP;
#endif
}

/* zmq4_msg_routing_id and zmq4_msg_group return the properties of a part, or 0 and "". */
static inline unsigned int zmq4_msg_routing_id(zmq4_msg *m)
{
#if ZMQ4_DRAFT
    return zmq_msg_routing_id(&m->msg);
#else
    (void) m;
    return 0;
#endif
}

static inline const char *zmq4_msg_group(zmq4_msg *m)
{
#if ZMQ4_DRAFT
    return zmq_msg_group(&m->msg);
#else
    (void) m;
    return "";
#endif
}

/* zmq4_part_routing_id and zmq4_part_group return the same of a part in the inbox. */
static inline unsigned int zmq4_part_routing_id(zmq4_received *part)
{
#if ZMQ4_DRAFT
    return zmq_msg_routing_id(&part->msg);
#else
    (void) part;
    return 0;
#endif
}

static inline const char *zmq4_part_group(zmq4_received *part)
{
#if ZMQ4_DRAFT
    return zmq_msg_group(&part->msg);
#else
    (void) part;
    return "";
#endif
}

/* zmq4_membership makes a DISH join a group, or leave it. */
static inline int zmq4_membership(uintptr_t h, const unsigned char *group, int join)
{
#if ZMQ4_DRAFT
    void *socket = zmq4_s(h)->socket;
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, join ? zmq_join(socket, (const char *) group) : zmq_leave(socket, (const char *) group));
    return rc == 0 ? 0 : zmq4_err();
#else
    (void) h, (void) group, (void) join;
    return -ENOTSUP;
#endif
}

/* zmq4_connect_peer connects a PEER, and tells the routing id of the peer. */
static inline int zmq4_connect_peer(uintptr_t h, const unsigned char *endpoint, unsigned int *routing_id)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 3)
    int rc = zmq4_secured(h, endpoint);
    if (rc < 0)
        return rc;
    zmq4_set_immediate(zmq4_s(h), 1);
    ZMQ4_CALL(zmq4_s(h), rc, (*routing_id = zmq_connect_peer(zmq4_s(h)->socket, (const char *) endpoint)) != 0 ? 0 : -1);
    rc = rc == 0 ? 0 : zmq4_err();
    zmq4_set_immediate(zmq4_s(h), 0);
    if (rc == 0)
        zmq4_events(h); /* see zmq4_connect */
    return rc;
#else
    (void) h, (void) endpoint, (void) routing_id;
    return -ENOTSUP;
#endif
}

/* zmq4_disconnect_peer ends the connection to one peer. */
static inline int zmq4_disconnect_peer(uintptr_t h, unsigned int routing_id)
{
#if ZMQ4_DRAFT && ZMQ_VERSION >= ZMQ_MAKE_VERSION(4, 3, 6)
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_disconnect_peer(zmq4_s(h)->socket, routing_id));
    return rc == 0 ? 0 : zmq4_err();
#else
    (void) h, (void) routing_id;
    return -ENOTSUP;
#endif
}

/* zmq4_peer_state returns ZMQ_POLLIN, ZMQ_POLLOUT or both, for one peer of a ROUTER. */
static inline int zmq4_peer_state(uintptr_t h, const unsigned char *id, size_t size)
{
#if ZMQ4_DRAFT
    int rc = zmq4_events(h); /* peers come and go by commands */
    if (rc < 0)
        return rc;
    rc = zmq_socket_get_peer_state(zmq4_s(h)->socket, id, size);
    return rc < 0 ? zmq4_err() : rc;
#else
    (void) h, (void) id, (void) size;
    return -ENOTSUP;
#endif
}

#endif
