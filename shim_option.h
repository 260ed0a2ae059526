/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The options of a socket. An option whose value a fence changes for libzmq is kept in
 * zmq4_socket as the program set it, and read from there.
 */

#ifndef ZMQ4_SHIM_OPTION_H
#define ZMQ4_SHIM_OPTION_H

#include <zmq.h>

/*
 * zmq4_setsockopt sets an option. fence_option.go has refused values that would make libzmq
 * abort.
 */
static inline int zmq4_setsockopt(uintptr_t h, int option, const unsigned char *value, size_t size)
{
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_setsockopt(zmq4_s(h)->socket, option, value, size));
    if (rc != 0)
        return zmq4_err();
    if (option == ZMQ_IMMEDIATE) {
        memcpy(&zmq4_s(h)->immediate, value, sizeof zmq4_s(h)->immediate);
        zmq4_set_immediate(zmq4_s(h), 0);
    }
    if (option == ZMQ_LINGER) {
        memcpy(&zmq4_s(h)->linger, value, sizeof zmq4_s(h)->linger);
        zmq4_linger(zmq4_s(h));
    }
    if (option == ZMQ_SNDHWM)
        zmq4_s(h)->sndhwm = -1;
    if (option == ZMQ_ROUTER_MANDATORY)
        memcpy(&zmq4_s(h)->mandatory, value, sizeof zmq4_s(h)->mandatory);
    switch (option) {
    case ZMQ_RCVHWM:
        zmq4_s(h)->rcvhwm = -1; /* fall through */
    case ZMQ_ZAP_DOMAIN:
    case ZMQ_PLAIN_SERVER:
    case ZMQ_CURVE_SERVER:
    case ZMQ_GSSAPI_SERVER:
        zmq4_credentials(zmq4_s(h));
    }
    return 0;
}

static inline int zmq4_getsockopt(uintptr_t h, int option, unsigned char *value, size_t *size)
{
    int rc;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_getsockopt(zmq4_s(h)->socket, option, value, size));
    if (rc != 0)
        return zmq4_err();
    if (option == ZMQ_LINGER)
        memcpy(value, &zmq4_s(h)->linger, sizeof zmq4_s(h)->linger);
    if (option == ZMQ_IMMEDIATE)
        memcpy(value, &zmq4_s(h)->immediate, sizeof zmq4_s(h)->immediate);
    if (option == ZMQ_SNDHWM && zmq4_s(h)->sndhwm >= 0)
        memcpy(value, &zmq4_s(h)->sndhwm, sizeof zmq4_s(h)->sndhwm);
    if (option == ZMQ_RCVHWM && zmq4_s(h)->rcvhwm >= 0)
        memcpy(value, &zmq4_s(h)->rcvhwm, sizeof zmq4_s(h)->rcvhwm);
    return 0;
}

/* zmq4_get_int returns the value of an option of type int, or -1 if it cannot be read. */
static inline int zmq4_get_int(uintptr_t h, int option)
{
    int value = -1;
    size_t size = sizeof value;
    zmq4_getsockopt(h, option, (unsigned char *) &value, &size);
    return value;
}

/* zmq4_lingers returns the linger time that libzmq was given, in milliseconds; -1 is for ever. */
static inline int zmq4_lingers(uintptr_t h)
{
    int linger = -1, rc;
    size_t size = sizeof linger;
    ZMQ4_CALL(zmq4_s(h), rc, zmq_getsockopt(zmq4_s(h)->socket, ZMQ_LINGER, &linger, &size));
    return rc == 0 ? linger : -1;
}

#endif
